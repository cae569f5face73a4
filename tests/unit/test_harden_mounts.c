/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include "specs/json.h"
#include "specs/mount_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_harden_mounts(void);

START_TEST(a_bind_mount_in_the_clothes_of_a_tmpfs_gets_nodev)
{
	struct result result = agent(
		tight(",{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"/home/me/dev\","
		      "\"options\":[\"bind\",\"nosuid\",\"noexec\"]}",
			"", "", LIMITED),
		"");

	ck_assert_one_change(&result, "mount-flags", "mounts[1].options", "/dev: +nodev");
}
END_TEST

START_TEST(a_remount_gets_the_flags_of_what_it_changes)
{
	struct result result = agent(
		tight(",{\"destination\":\"/run\",\"type\":\"tmpfs\",\"options\":[\"nosuid\","
		      "\"nodev\",\"noexec\"]},{\"destination\":\"run/\",\"options\":"
		      "[\"remount\",\"exec\",\"nosuid\",\"nodev\"]}",
			"", "", LIMITED),
		"");

	ck_assert_one_change(&result, "mount-flags", "mounts[2].options", "run/: -exec +noexec");
}
END_TEST

/* Each way to write a bind mount of a whole tree; the mount code makes one of each. */
static const char *const recursive_binds[] = {
	"\"type\":\"rbind\",\"options\":[\"rw\"",
	"\"type\":\"bind\",\"options\":[\"rbind\"",
	"\"type\":\"none\",\"options\":[\"rbind\"",
	"\"options\":[\"rbind\"",
};

static struct oci_config *with_recursive_bind(int i, const char *source)
{
	return tight(arena_printf(arena, ",{\"destination\":\"/data\",\"source\":\"%s\",%s]}",
			     source, recursive_binds[i]),
		"", "", LIMITED ",\"cpu\":{\"quota\":5000}");
}

START_TEST(a_bind_is_a_bind_however_it_is_written)
{
	const struct oci_mount *mount = &with_recursive_bind(_i, "/srv")->mounts[1];
	const struct oci_strings *words;
	struct mount_options options;
	struct nacre_error err;
	struct result result;

	ck_assert_int_eq(mount_options_parse(mount, 1, &options, &err), 0);
	ck_assert(options.bind && options.recursive);
	ck_assert(mount_is_bind(mount));
	words = &must(agent(with_recursive_bind(_i, "/srv"), "")).config->mounts[1].options;
	ck_assert(oci_strings_have(words, "rnosuid") && oci_strings_have(words, "rnodev"));
	words = &must(apply(with_recursive_bind(_i, "/srv"), "strict", ""))
			 .config->mounts[1]
			 .options;
	ck_assert(oci_strings_have(words, "rro") && !oci_strings_have(words, "rw"));
	result = agent(with_recursive_bind(_i, "/proc"), "");
	ck_assert_refused(&result,
		"profile agent, rule mount-sources: mounts[1].source: /proc is the host's /proc; "
		"allow it with --allow mount:/proc");
}
END_TEST

/* What a tenant names must not end the text that it stands in. */
START_TEST(a_bind_that_is_made_read_only_late_is_told_as_json)
{
	struct result result = must(apply(
		tight(",{\"destination\":\"/a \\\"b\",\"type\":\"bind\",\"source\":\"/srv\","
		      "\"options\":[\"bind\"]},{\"destination\":\"/a \\\"b/c\",\"type\":\"tmpfs\"}",
			"", "", LIMITED),
		"strict", ""));
	struct json_document *document;
	bool found = false;
	char *text = NULL;

	ck_assert_int_eq(harden_report_json(result.report, &text, &result.err), 0);
	ck_assert_msg(json_parse(arena, "report", text, strlen(text), &document, &result.err) == 0,
		"%s: %s", result.err.text, text);
	free(text);
	for (size_t i = 0; i < result.report->n_changes; i++)
		found |= !strcmp(result.report->changes[i].path, "nacre.lateBinds");
	ck_assert(found);
}
END_TEST

Suite *suite_harden_mounts(void)
{
	Suite *suite = suite_create("harden_mounts");
	TCase *tcase = tcase_create("harden_mounts");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, a_remount_gets_the_flags_of_what_it_changes);
	tcase_add_test(tcase, a_bind_mount_in_the_clothes_of_a_tmpfs_gets_nodev);
	tcase_add_loop_test(
		tcase, a_bind_is_a_bind_however_it_is_written, 0, COUNT(recursive_binds));
	tcase_add_test(tcase, a_bind_that_is_made_read_only_late_is_told_as_json);
	suite_add_tcase(suite, tcase);
	return suite;
}
