/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include <string.h>

/* linux.resources.unified, and what else takes memory or CPUs from the host. */

/* clang-format off */
static const struct {
	const char *key, *value;
	const char *grant; /* NULL: it is not taken out */
} from_host[] = {
	{ "memory.min", "max", "unlimited:memory" },
	{ "memory.low", " max\n", "unlimited:memory" },
	{ "memory.low", "16G", "unlimited:memory" }, /* what the host has */
	{ "memory.min", "1G", NULL },
	{ "memory.high", "max", NULL },
	{ "dmem.low", "drm/0000:03:00.0/vram0 max", "unlimited:memory" },
	{ "dmem.min", "drm/0000:03:00.0/vram0 1G", NULL },
	{ "cpuset.cpus.partition", "root", "unlimited:cpu" },
	{ "cpuset.cpus.partition", " isolated", "unlimited:cpu" },
	{ "cpuset.cpus.partition", "member", NULL },
	{ "cpuset.cpus.exclusive", "0-3", "unlimited:cpu" },
	{ "cpuset.cpus.exclusive", "\n", NULL },
	{ "cpuset.cpus", "0-3", NULL },
	{ "io.latency", "8:0 target=1", "real-time" },
	{ "io.prio.class", "none-to-rt", "real-time" },
	{ "hugetlb.2MB.max", "max", NULL },
	{ "hugetlb.1GB.rsvd.max", "0", NULL },
	{ "memory.zswap.writeback", "0", NULL },
};
/* clang-format on */

START_TEST(a_cgroup_takes_no_memory_and_no_cpu_from_the_host)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	struct oci_pair pair = {from_host[_i].key, from_host[_i].value};
	struct result result;

	config->linux_->resources->unified = (struct oci_map){&pair, 1};
	result = must(agent(config, ""));
	ck_assert_pstr_eq(
		unified_value(&result, pair.key), from_host[_i].grant ? NULL : from_host[_i].value);
	ck_assert_uint_eq(result.report->n_changes, from_host[_i].grant ? 1 : 0);
	if (!from_host[_i].grant)
		return;
	result = agent(config, from_host[_i].grant);
	ck_assert_no_change(&result, from_host[_i].grant);
	ck_assert_str_eq(unified_value(&result, pair.key), from_host[_i].value);
}
END_TEST

START_TEST(a_reservation_is_not_of_all_memory)
{
	static const struct {
		int64_t bytes;
		bool taken;
	} rows[] = {
		{-1, true}, {1LL << 40, true}, {16LL << 30, true}, {1LL << 30, false}, {0, false}};
	struct oci_config *config = tight("", "", "", LIMITED);

	for (int i = 0; i < COUNT(rows); i++) {
		struct result result;

		config->linux_->resources->memory->reservation = (struct oci_i64){
			true, rows[i].bytes};
		result = must(agent(config, ""));
		ck_assert_int_eq(
			result.config->linux_->resources->memory->reservation.set, !rows[i].taken);
		result = agent(config, rows[i].taken ? "unlimited:memory" : "");
		ck_assert_no_change(&result, rows[i].taken ? "unlimited:memory" : "");
	}
}
END_TEST

START_TEST(a_file_of_a_cgroup_that_is_not_known_is_refused)
{
	static const char *const keys[] = {
		"memory.hihg", "hugetlb.2MB.1GB.max", "cpuset.cpus.", "cgroup.kill"};
	struct oci_config *config = tight("", "", "", LIMITED);

	for (int i = 0; i < COUNT(keys); i++) {
		struct oci_pair pair = {keys[i], "1"};
		struct result result;

		config->linux_->resources->unified = (struct oci_map){&pair, 1};
		result = agent(config, "");
		ck_assert_refused(&result,
			arena_printf(arena,
				"profile agent, rule resources: linux.resources.unified: the rule "
				"does not know the file \"%s\"; leave it out, or use profile oci",
				keys[i]));
		must(apply(config, "oci", ""));
	}
}
END_TEST

Suite *suite_harden_unified(void);

Suite *suite_harden_unified(void)
{
	Suite *suite = suite_create("harden_unified");
	TCase *tcase = tcase_create("harden_unified");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_loop_test(
		tcase, a_cgroup_takes_no_memory_and_no_cpu_from_the_host, 0, COUNT(from_host));
	tcase_add_test(tcase, a_reservation_is_not_of_all_memory);
	tcase_add_test(tcase, a_file_of_a_cgroup_that_is_not_known_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
