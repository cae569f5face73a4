/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroup_limits_fixture.h"

Suite *suite_cgroup_limits_refused(void);

/* What is refused, what a host cannot enforce, and what is said about it. */

START_TEST(a_kernel_without_swap_has_no_swap_to_forbid)
{
	struct oci_memory memory = {.limit = U(4096), .swap = U(4096), .reservation = U(2048)};
	struct oci_resources resources = {.memory = &memory};

	have_controllers("memory");
	have("memory.max");
	have("memory.low");
	applies(&resources);
	holds("memory.low", "2048");
	memory.swap.value = 8192;
	refuses(&resources, ENOSYS,
		"linux.resources.memory.swap: this kernel's memory controller has no file "
		"memory.swap.max");
}
END_TEST

static const char *const page_sizes[] = {
	"", "2", "MB", "02MB", "2mb", "2M", "2MBs", "2/../MB", "../MB", "-2MB", "99999999MB", NULL};

START_TEST(a_page_size_cannot_lead_to_another_file)
{
	struct oci_hugepage_limit page = {page_sizes[_i], 1};
	struct oci_resources resources = {.hugepage_limits = &page, .n_hugepage_limits = 1};

	refuses(&resources, EINVAL, "linux.resources.hugepageLimits[0]: pageSize: ");
}
END_TEST

static const char *const not_limits[] = {"", ".", "..", "../x.y", "a/b.c", "/pids.max", "pids",
	".pids", "cgroup.procs", "cgroup.threads", "cgroup.kill", "cgroup.freeze", "cgroup.type",
	"cgroup.subtree_control"};

START_TEST(unified_names_only_limits)
{
	struct oci_pair pair = {not_limits[_i], "1"};
	struct oci_resources resources = {.unified = {&pair, 1}};

	refuses(&resources, EINVAL, "is not a file of a cgroup that sets a limit");
}
END_TEST

START_TEST(a_missing_controller_is_named)
{
	struct oci_pids pids = {100};
	struct oci_resources resources = {.pids = &pids};
	struct oci_pair pair = {"io.latency", "8:0 target=1"};
	struct oci_resources unified = {.unified = {&pair, 1}};

	have_controllers("hugetlb\n");
	refuses(&resources, ENOSYS,
		"linux.resources.pids.limit: the pids controller is not available in cgroup v2 on "
		"this host (cgroup.controllers at ");
	ck_assert_msg(strstr(err.text, "has: hugetlb)"), "%s", err.text);
	refuses(&unified, ENOSYS,
		"linux.resources.unified[\"io.latency\"]: the io controller is not available");
}
END_TEST

START_TEST(a_period_without_a_quota_needs_the_controller_too)
{
	struct oci_cpu cpu = {.period = U(50000)};
	struct oci_resources resources = {.cpu = &cpu};

	have_controllers("hugetlb\n");
	refuses(&resources, ENOSYS, "linux.resources.cpu.period: the cpu controller is not ");
	cpu.quota = (struct oci_i64){true, -1};
	refuses(&resources, ENOSYS, "linux.resources.cpu.quota: the cpu controller is not ");
	/* The kernel's own: nothing is asked for. Kubelet sends it. */
	cpu.period.value = 100000;
	applies(&resources);
}
END_TEST

START_TEST(what_only_the_profile_asks_for_is_left_out_with_one_warning)
{
	struct oci_pids pids = {512};
	struct oci_memory memory = {.limit = U(4096), .swap = U(4096)};
	struct oci_cpu cpu = {.quota = U(100000), .period = U(100000)};
	struct oci_pair pair = {"memory.oom.group", "1"};
	struct oci_resources resources = {
		.pids = &pids, .memory = &memory, .cpu = &cpu, .unified = {&pair, 1}};
	uint32_t all = OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP | OCI_LIMIT_OOM_GROUP |
		       OCI_LIMIT_CPU;

	have_controllers("hugetlb");
	ck_assert_msg(apply(&resources, all) == 0, "%s", err.text);
	ck_assert_str_eq(warnings,
		"limits of the profile that this host cannot enforce (cgroup v2 has the "
		"controllers: hugetlb) are left out: pids.limit, memory.swap, memory.limit, "
		"cpu.quota, unified[\"memory.oom.group\"]\n");
	ck_assert_int_eq(apply(&resources, all & ~(uint32_t)OCI_LIMIT_MEMORY), -ENOSYS);
	ck_assert_ptr_nonnull(strstr(err.text, "linux.resources.memory.limit: the memory "));
}
END_TEST

START_TEST(what_the_kernel_refuses_is_told_with_file_and_value)
{
	struct oci_pids pids = {512};
	struct oci_resources resources = {.pids = &pids};

	/* A link to itself is the handiest file that cannot be opened. */
	ck_assert_int_eq(symlinkat("pids.max", dir, "pids.max"), 0);
	refuses(&resources, ELOOP, "linux.resources.pids.limit: write \"512\" to pids.max: ");
}
END_TEST

Suite *suite_cgroup_limits_refused(void)
{
	Suite *suite = suite_create("cgroup_limits_refused");
	TCase *t = tcase_create("cgroup_limits_refused");

	tcase_add_checked_fixture(t, setup, remove_directory);
	tcase_add_test(t, a_kernel_without_swap_has_no_swap_to_forbid);
	tcase_add_loop_test(t, a_page_size_cannot_lead_to_another_file, 0, COUNT(page_sizes));
	tcase_add_loop_test(t, unified_names_only_limits, 0, COUNT(not_limits));
	tcase_add_test(t, a_missing_controller_is_named);
	tcase_add_test(t, a_period_without_a_quota_needs_the_controller_too);
	tcase_add_test(t, what_only_the_profile_asks_for_is_left_out_with_one_warning);
	tcase_add_test(t, what_the_kernel_refuses_is_told_with_file_and_value);
	suite_add_tcase(suite, t);
	return suite;
}
