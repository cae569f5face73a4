/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include "specs/json.h"
#include "tests/data_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_harden_laws(void);

/* Whether PROFILE with GRANTS takes the config at all. */
static bool keeps_the_laws(const struct oci_config *config, const char *profile, const char *grants)
{
	struct result first = apply(config, profile, grants), second;
	struct result again = apply(config, profile, grants);
	const char *prefix = arena_printf(arena, "profile %s, rule ", profile);
	bool valid = oci_config_validate(config, &first.err) == 0;
	struct json_document *document;
	char *one = NULL, *other = NULL;
	const char *what;

	ck_assert_int_eq(first.r, again.r);
	if (first.r < 0) {
		ck_assert_int_eq(first.r, -EPERM);
		ck_assert(strstr(again.err.text, prefix) == again.err.text);
		return false;
	}
	ck_assert_int_eq(harden_report_json(first.report, &one, &first.err), 0);
	ck_assert_int_eq(harden_report_json(again.report, &other, &again.err), 0);
	ck_assert_str_eq(one, other);
	ck_assert_msg(json_parse(arena, "report", one, strlen(one), &document, &again.err) == 0,
		"%s", again.err.text);
	free(one);
	free(other);
	what = looser(arena, config, first.config);
	ck_assert_msg(!what, "%s", what);
	second = must(apply(first.config, profile, grants));
	if (second.report->n_changes)
		ck_abort_msg("again: %s: %s", second.report->changes[0].path,
			second.report->changes[0].summary);
	ck_assert(oci_config_equal(first.config, second.config));
	if (valid)
		ck_assert_msg(
			oci_config_validate(first.config, &first.err) == 0, "%s", first.err.text);
	return true;
}

/* The profiles form an order: whatever one takes, the one before takes as well and leaves at least
 * as much. Grants take back different amounts of each. */
static size_t keep_the_laws(const struct oci_config *config, const char *grants)
{
	size_t kept = 0;

	for (const struct profile *p = profiles; p->name; p++) {
		struct result looser_one, tighter_one;
		const char *what;

		kept += keeps_the_laws(config, p->name, grants);
		if (p == profiles || *grants)
			continue;
		looser_one = apply(config, p[-1].name, "");
		tighter_one = apply(config, p->name, "");
		if (tighter_one.r < 0)
			continue;
		ck_assert_msg(looser_one.r == 0, "%s", looser_one.err.text);
		what = looser(arena, looser_one.config, tighter_one.config);
		ck_assert_msg(!what, "%s after %s: %s", p->name, p[-1].name, what);
	}
	return kept;
}

static const char *const corpus_grants[] = {"", "host-network", "host-network host-pid host-ipc",
	"host-network rootfs-write tmp-exec new-privileges engine-socket cap:CAP_NET_RAW",
	"host-network unlimited:pids unlimited:memory unlimited:swap device:/dev/fuse",
	"host-network mount:/proc/sys mount:/dev mount:/ mount:/dev/shm mount:/sys mount:/proc",
	"join-network cgroup-write workspace:/home workspace-exec unlimited:cpu"};

START_TEST(the_laws_hold_for_every_config_of_the_corpus)
{
	char path[4096];
	DIR *dir;
	struct dirent *entry;
	size_t kept = 0;

	data_path(path, "config");
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir))) {
		char *name = arena_printf(arena, "config/%s", entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		for (int i = 0; i < COUNT(corpus_grants); i++)
			kept += keep_the_laws(decode(name, read_data(name)), corpus_grants[i]);
	}
	(void)closedir(dir);
	ck_assert_uint_gt(kept, 120);
}
END_TEST

START_TEST(the_laws_hold_for_random_configs)
{
	enum {
		ROUNDS = 1000
	};
	size_t kept = 0;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct oci_config *config = random_config(arena, (uint64_t)_i * ROUNDS + i);

		kept += keep_the_laws(config, corpus_grants[i % (uint64_t)COUNT(corpus_grants)]);
		arena_free(arena);
		fixture_setup();
	}
	/* Else the rows after the refusing ones are hardly tested. */
	ck_assert_uint_gt(kept, ROUNDS / 4);
}
END_TEST

START_TEST(the_order_sees_what_is_looser)
{
	struct oci_config *a = tight("", "", "", LIMITED), *b = tight("", "", "", LIMITED);

	ck_assert_ptr_null(looser(arena, a, b));
	b->root->readonly = false;
	ck_assert_str_eq(looser(arena, a, b), "a writable root");
	b = tight("", ",\"capabilities\":{\"ambient\":[\"CAP_KILL\"]}", "", LIMITED);
	ck_assert_str_eq(looser(arena, a, b), "a capability");
	b = tight("", "", "", ",\"pids\":{\"limit\":10},\"memory\":{\"limit\":8192,\"swap\":8192}");
	ck_assert_str_eq(looser(arena, a, b), "a limit");
	b = tight("", "", "", ",\"pids\":{\"limit\":9},\"memory\":{\"limit\":8192,\"swap\":8193}");
	ck_assert_str_eq(looser(arena, a, b), "a limit");
	b = tight("", "", ",\"sysctl\":{\"net.a\":\"1\"}", LIMITED);
	ck_assert_str_eq(looser(arena, a, b), "something else was edited");
	b = tight(",{\"destination\":\"/a\",\"type\":\"tmpfs\"}", "", "", LIMITED);
	ck_assert_str_eq(looser(arena, a, b), "a mount appeared");
	ck_assert_str_eq(looser(arena, b, a), "a mount is gone");
	b = tight("", "", "", LIMITED);
	b->mounts[0].options.items[2] = "exec";
	ck_assert_str_eq(looser(arena, a, b), "a mount's flag");
	b = tight("", "", "", LIMITED);
	b->linux_->namespaces[1].path = "/x";
	ck_assert_str_eq(looser(arena, a, b), "another namespace is joined");
	b = tight("", "", "", LIMITED);
	b->linux_->n_namespaces--;
	ck_assert_str_eq(looser(arena, a, b), "a namespace is gone");
	b = tight("", "", "", LIMITED);
	b->linux_->resources->devices[0].allow = true;
	ck_assert_str_eq(looser(arena, a, b), "a device");
	b = tight("", "", "", LIMITED);
	b->linux_->masked_paths.n--;
	ck_assert_str_eq(looser(arena, a, b), "a hidden path");
}
END_TEST

Suite *suite_harden_laws(void)
{
	Suite *suite = suite_create("harden_laws");
	TCase *tcase = tcase_create("harden_laws");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, the_laws_hold_for_every_config_of_the_corpus);
	tcase_add_loop_test(tcase, the_laws_hold_for_random_configs, 0, 8);
	tcase_add_test(tcase, the_order_sees_what_is_looser);
	suite_add_tcase(suite, tcase);
	return suite;
}
