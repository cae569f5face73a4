/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include "specs/mount_words.h"

#include <errno.h>
#include <string.h>

Suite *suite_harden_mounts(void);

START_TEST(rootfs_write_leaves_the_root_and_tmp_alone)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	struct result result;

	config->root->readonly = false;
	config->mounts[0].destination = "/work";
	result = agent(config, "rootfs-write");
	ck_assert_no_change(&result, "rootfs-write");
	ck_assert(!result.config->root->readonly);
}
END_TEST

START_TEST(tmp_is_mounted_before_what_lies_below_it)
{
	struct oci_config *config = tight(
		",{\"destination\":\"tmp/./x\",\"type\":\"proc\",\"options\":[\"nosuid\","
		"\"nodev\"]}",
		"", "", LIMITED);
	struct result result;

	config->mounts[0].destination = "/dev";
	result = must(agent(config, ""));
	ck_assert_uint_eq(result.config->n_mounts, 3);
	ck_assert_str_eq(result.config->mounts[1].destination, "/tmp");
	ck_assert_str_eq(result.config->mounts[2].destination, "tmp/./x");
}
END_TEST

START_TEST(tmp_exec_concerns_tmp_alone)
{
	struct oci_config *config = tight(
		",{\"destination\":\"/var/tmp\",\"type\":\"tmpfs\",\"options\":[\"nosuid\","
		"\"nodev\"]},{\"destination\":\"/run\",\"type\":\"tmpfs\",\"options\":"
		"[\"nosuid\",\"nodev\"]}",
		"", "", LIMITED);
	struct result result = agent(config, "tmp-exec");

	ck_assert_one_change(&result, "mount-flags", "mounts[2].options", "/run: +noexec");
	config->n_mounts = 0;
	result = agent(config, "tmp-exec");
	ck_assert_one_change(&result, "read-only-root", "mounts[0]",
		"added {\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
		"\"options\":[\"rw\",\"nosuid\",\"nodev\",\"size=64m\",\"mode=1777\"]}");
}
END_TEST

#define TMPFS(destination, words)          \
	",{\"destination\":\"" destination \
	"\",\"type\":\"tmpfs\",\"options\":[\"nosuid\",\"nodev\"" words "]}"

/* One tmpfs, by where the config has it. */
START_TEST(tmpfs_exec_gives_exec_back_on_one_tmpfs)
{
	struct oci_config *config = tight(TMPFS("/cache/", ",\"exec\"")
						  TMPFS("/cache/more", ",\"exec\""),
		"", "", LIMITED ",\"cpu\":{\"quota\":5000}");
	struct result result = must(agent(config, ""));

	ck_assert_uint_eq(result.report->n_changes, 2);
	ck_assert_str_eq(result.report->changes[0].summary, "/cache/: -exec +noexec");
	ck_assert_str_eq(
		result.report->taken.items[0], "programs in /cache/ (--allow tmpfs-exec:/cache)");
	result = agent(config, "tmpfs-exec:/var/../cache");
	ck_assert_one_change(
		&result, "mount-flags", "mounts[2].options", "/cache/more: -exec +noexec");
	ck_assert_uint_eq(result.report->granted.n, 1);
	result = must(apply(config, "strict", "tmpfs-exec:/cache tmpfs-exec:/cache/more"));
	ck_assert(oci_strings_have(&result.config->mounts[2].options, "exec"));
	ck_assert(!oci_strings_have(&result.config->mounts[2].options, "noexec"));
	/* No bind, whatever lies there. */
	config->mounts[1].type = "bind";
	config->mounts[1].source = "/srv";
	result = must(apply(config, "strict", "tmpfs-exec:/cache tmpfs-exec:/cache/more"));
	ck_assert(oci_strings_have(&result.config->mounts[1].options, "noexec") ||
		  oci_strings_have(&result.config->mounts[1].options, "ro"));
	ck_assert_uint_eq(result.report->granted.n, 1);
}
END_TEST

START_TEST(exec_that_is_asked_for_and_taken_names_the_grant)
{
	struct oci_config *config = tight(
		TMPFS("/tmp/x", ",\"exec\"") TMPFS("/dev/shm", ",\"exec\""), "", "", LIMITED);
	struct result result = must(agent(config, ""));

	ck_assert_uint_eq(result.report->n_changes, 2);
	ck_assert_uint_eq(result.report->taken.n, 2);
	ck_assert_str_eq(result.report->taken.items[0], "programs in /tmp/x (--allow tmp-exec)");
	ck_assert_str_eq(result.report->taken.items[1],
		"programs in /dev/shm (--allow tmpfs-exec:/dev/shm)");
	result = agent(config, "tmp-exec tmpfs-exec:/dev/shm");
	ck_assert_no_change(&result, "tmp-exec tmpfs-exec:/dev/shm");
}
END_TEST

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

Suite *suite_harden_mounts(void)
{
	Suite *suite = suite_create("harden_mounts");
	TCase *tcase = tcase_create("harden_mounts");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, rootfs_write_leaves_the_root_and_tmp_alone);
	tcase_add_test(tcase, tmp_is_mounted_before_what_lies_below_it);
	tcase_add_test(tcase, tmp_exec_concerns_tmp_alone);
	tcase_add_test(tcase, a_remount_gets_the_flags_of_what_it_changes);
	tcase_add_test(tcase, tmpfs_exec_gives_exec_back_on_one_tmpfs);
	tcase_add_test(tcase, exec_that_is_asked_for_and_taken_names_the_grant);
	tcase_add_test(tcase, a_bind_mount_in_the_clothes_of_a_tmpfs_gets_nodev);
	tcase_add_loop_test(
		tcase, a_bind_is_a_bind_however_it_is_written, 0, COUNT(recursive_binds));
	suite_add_tcase(suite, tcase);
	return suite;
}
