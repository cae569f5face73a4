/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include "specs/mount_words.h"

/* File systems in memory: the /tmp that is added, and programs on them. */

Suite *suite_harden_tmp(void);

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
		"\"options\":[\"rw\",\"nosuid\",\"nodev\",\"size=4096\",\"mode=1777\"]}");
}
END_TEST

#define TMPFS(destination, words)          \
	",{\"destination\":\"" destination \
	"\",\"type\":\"tmpfs\",\"options\":[\"nosuid\",\"nodev\"" words "]}"

/* One tmpfs, by where the config has it. */
/* Half of the memory, whoever limits it. */
static const struct {
	const char *resources;
	const char *grants;
	uint64_t tmp_bytes;
	const char *size;
} sizes[] = {
	{"", "", 0, "size=2147483648"},
	{",\"memory\":{\"limit\":1048576,\"swap\":1048576}", "", 0, "size=524288"},
	{",\"memory\":{\"limit\":1,\"swap\":1}", "", 0, "size=4096"},
	{",\"memory\":{\"limit\":-1}", "", 0, "size=2147483648"},
	{",\"memory\":{\"limit\":-1}", "unlimited:memory unlimited:swap", 0, "size=1073741824"},
	{"", "", 64 << 20, "size=67108864"},
};

START_TEST(tmp_has_half_of_the_memory)
{
	struct oci_config *config = tight("", "", "", sizes[_i].resources);
	struct result result;

	config->n_mounts = 0;
	result = must(apply_with_tmp(config, "agent", sizes[_i].grants, sizes[_i].tmp_bytes));
	ck_assert_uint_eq(result.config->n_mounts, 1);
	ck_assert_str_eq(result.config->mounts[0].options.items[4], sizes[_i].size);
	ck_assert_str_eq(result.config->mounts[0].options.items[3], "noexec");
}
END_TEST

START_TEST(tmp_has_half_of_what_unified_says)
{
	struct oci_pair pairs[] = {{"memory.max", " 8388608\n"}, {"memory.swap.max", "0"}};
	struct oci_config *config = tight("", "", "", "");

	config->n_mounts = 0;
	config->linux_->resources->unified = (struct oci_map){pairs, 2};
	ck_assert_str_eq(
		must(agent(config, "")).config->mounts[0].options.items[4], "size=4194304");
	pairs[0].value = "max";
	ck_assert_str_eq(must(agent(config, "unlimited:memory")).config->mounts[0].options.items[4],
		"size=1073741824");
}
END_TEST

START_TEST(tmpfs_exec_gives_exec_back_on_one_tmpfs)
{
	struct oci_config *config = tight(TMPFS("/cache/", ",\"exec\"")
						  TMPFS("/cache/more", ",\"exec\""),
		"", "", LIMITED ",\"cpu\":{\"quota\":5000}");
	struct result result = must(agent(config, ""));

	ck_assert_uint_eq(result.report->n_changes, 2);
	ck_assert_str_eq(result.report->changes[0].summary, "/cache/: -exec +noexec");
	ck_assert_str_eq(result.report->taken.items[0],
		"execution of programs in /cache/ (--allow tmpfs-exec:/cache)");
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
	ck_assert_str_eq(result.report->taken.items[0],
		"execution of programs in /tmp/x (--allow tmp-exec)");
	ck_assert_str_eq(result.report->taken.items[1],
		"execution of programs in /dev/shm (--allow tmpfs-exec:/dev/shm)");
	result = agent(config, "tmp-exec tmpfs-exec:/dev/shm");
	ck_assert_no_change(&result, "tmp-exec tmpfs-exec:/dev/shm");
}
END_TEST

START_TEST(one_grant_is_named_for_programs_and_it_helps)
{
	static const struct {
		const char *destination, *type, *source, *grant;
	} rows[] = {
		{"/tmp/x", "bind", "/ws/a", "tmp-exec"},
		{"/var/tmp", "tmpfs", NULL, "tmp-exec"},
		{"/run/a/../b", "tmpfs", NULL, "tmpfs-exec:/run/b"},
		{"/work", "bind", "/ws/a", "workspace-exec"},
		{"/work", "bind", "/elsewhere", ""},
		{"/dev/shm", "bind", "/ws/shm", ""},
	};
	static const char *words[] = {"workspace:/ws/"};
	const struct oci_strings grants = {words, 1};
	static const char *exec[] = {"bind", "rw", "exec"};

	for (int i = 0; i < COUNT(rows); i++) {
		const bool bind = rows[i].source;
		struct oci_mount mount = {.destination = rows[i].destination,
			.type = rows[i].type,
			.source = rows[i].source,
			.options = {exec + !bind, 3 - !bind}};
		struct oci_config *config = tight("", "", "", LIMITED);
		struct result result;

		ck_assert_str_eq(harden_exec_grant(arena, &grants, &mount, &mount), rows[i].grant);
		if (!*rows[i].grant)
			continue;
		config->mounts = &mount;
		config->n_mounts = 1;
		result = must(apply(
			config, "strict", arena_printf(arena, "workspace:/ws/ %s", rows[i].grant)));
		ck_assert(!mount_has(&result.config->mounts[0], "noexec"));
		result = must(apply(config, "strict", "workspace:/ws/"));
		ck_assert(mount_has(&result.config->mounts[0], "noexec"));
	}
}
END_TEST

Suite *suite_harden_tmp(void)
{
	Suite *suite = suite_create("harden_tmp");
	TCase *tcase = tcase_create("harden_tmp");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, rootfs_write_leaves_the_root_and_tmp_alone);
	tcase_add_test(tcase, tmp_is_mounted_before_what_lies_below_it);
	tcase_add_test(tcase, tmp_exec_concerns_tmp_alone);
	tcase_add_loop_test(tcase, tmp_has_half_of_the_memory, 0, COUNT(sizes));
	tcase_add_test(tcase, tmp_has_half_of_what_unified_says);
	tcase_add_test(tcase, tmpfs_exec_gives_exec_back_on_one_tmpfs);
	tcase_add_test(tcase, exec_that_is_asked_for_and_taken_names_the_grant);
	tcase_add_test(tcase, one_grant_is_named_for_programs_and_it_helps);
	suite_add_tcase(suite, tcase);
	return suite;
}
