/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroup_limits_fixture.h"

#include <math.h>

Suite *suite_cgroup_limits(void);

/* The whole range, against the formula as it is written down. */
START_TEST(the_weight_of_every_number_of_shares_is_that_of_the_formula)
{
	uint64_t shares;

	for (shares = 2; shares <= 262144; shares++) {
		double l = log2((double)shares);
		double weight = pow(10, (l * l + 125 * l) / 612 - 7.0 / 34);
		uint64_t expected = (uint64_t)ceil(weight - 1e-9);

		ck_assert_msg(cgroup_weight_from_shares(shares) == expected, "%llu: %llu, not %llu",
			(unsigned long long)shares,
			(unsigned long long)cgroup_weight_from_shares(shares),
			(unsigned long long)expected);
	}
}
END_TEST

START_TEST(the_weight_has_its_fixed_points_and_bounds)
{
	ck_assert_uint_eq(cgroup_weight_from_shares(1), 1);
	ck_assert_uint_eq(cgroup_weight_from_shares(2), 1);
	ck_assert_uint_eq(cgroup_weight_from_shares(1024), 100);
	ck_assert_uint_eq(cgroup_weight_from_shares(262144), 10000);
	ck_assert_uint_eq(cgroup_weight_from_shares(UINT64_MAX), 10000);
	ck_assert_uint_eq(cgroup_io_weight(10), 1);
	ck_assert_uint_eq(cgroup_io_weight(500), 4950);
	ck_assert_uint_eq(cgroup_io_weight(1000), 10000);
}
END_TEST

START_TEST(nothing_asked_for_needs_no_file)
{
	struct oci_memory memory = {.limit = U(0), .swap = U(0), .swappiness = U(0)};
	struct oci_cpu cpu = {.shares = U(0),
		.quota = U(0),
		.period = U(0),
		.burst = U(0),
		.idle = U(0),
		.cpus = "",
		.mems = ""};
	struct oci_throttle_device none = {8, 0, U(0)};
	struct oci_block_io io = {
		.weight = U(0), .throttle_read_bps_device = &none, .n_throttle_read_bps_device = 1};
	struct oci_network network = {0};
	struct oci_resources zeros = {
		.memory = &memory, .cpu = &cpu, .block_io = &io, .network = &network};
	struct oci_resources empty = {0};

	applies(NULL);
	applies(&empty);
	applies(&zeros);
}
END_TEST

START_TEST(no_limit_needs_no_controller)
{
	struct oci_memory memory = {.limit = U(-1), .swap = U(-1), .reservation = U(-1)};
	struct oci_cpu cpu = {.quota = U(-1), .period = U(100000)};
	struct oci_pids pids = {-1};
	struct oci_resources resources = {.memory = &memory, .cpu = &cpu, .pids = &pids};

	applies(&resources);
}
END_TEST

START_TEST(pids_are_limited)
{
	struct oci_pids pids = {512};
	struct oci_resources resources = {.pids = &pids};

	have("pids.max");
	applies(&resources);
	holds("pids.max", "512");
	pids.limit = -1;
	have("pids.max");
	applies(&resources);
	holds("pids.max", "max");
	pids.limit = 0;
	have("pids.max");
	applies(&resources);
	holds("pids.max", "1");
	pids.limit = -2;
	refuses(&resources, EINVAL, "linux.resources.pids.limit: -2 ");
}
END_TEST

static const struct {
	int64_t limit, swap;
	const char *max; /* "": not written */
	const char *swap_max; /* "": not written */
	const char *refusal;
} memories[] = {
	{1048576, 0, "1048576", "", NULL},
	{1048576, 1048576, "1048576", "0", NULL},
	{1048576, 3145728, "1048576", "2097152", NULL},
	{1048576, -1, "1048576", "max", NULL},
	{-1, 0, "max", "max", NULL},
	{-1, -1, "max", "max", NULL},
	{0, -1, "", "max", NULL},
	{0, 4096, "", "", "unable to set swap limit without memory limit"},
	{-1, 4096, "", "", "unable to set swap limit without memory limit"},
	{8192, 4096, "", "", "4096 is less than memory.limit, 8192"},
	{-7, 0, "", "", "linux.resources.memory.limit: -7 "},
	{8192, -7, "", "", "linux.resources.memory.swap: -7 "},
};

START_TEST(memory_and_swap_are_taken_apart)
{
	struct oci_memory memory = {.limit = U(memories[_i].limit), .swap = U(memories[_i].swap)};
	struct oci_resources resources = {.memory = &memory};

	have("memory.max");
	have("memory.swap.max");
	if (memories[_i].refusal)
		refuses(&resources, EINVAL, memories[_i].refusal);
	else
		applies(&resources);
	holds("memory.max", memories[_i].max);
	holds("memory.swap.max", memories[_i].swap_max);
}
END_TEST

START_TEST(cpu_time_is_limited)
{
	struct oci_cpu cpu = {.shares = U(1024),
		.quota = U(50000),
		.period = U(100000),
		.burst = U(20000),
		.cpus = "0-1",
		.mems = "0"};
	struct oci_resources resources = {.cpu = &cpu};

	have("cpu.weight");
	have("cpu.max");
	have("cpu.max.burst");
	have("cpuset.cpus");
	have("cpuset.mems");
	applies(&resources);
	holds("cpu.weight", "100");
	holds("cpu.max", "50000 100000");
	holds("cpu.max.burst", "20000");
	holds("cpuset.cpus", "0-1");
	holds("cpuset.mems", "0");
}
END_TEST

static const struct {
	int64_t quota;
	uint64_t period;
	const char *max;
} quotas[] = {
	{50000, 0, "50000"},
	{0, 50000, "max 50000"},
	{-1, 0, "max"},
	{-1, 50000, "max 50000"},
};

START_TEST(quota_and_period_can_stand_alone)
{
	struct oci_cpu cpu = {.quota = U(quotas[_i].quota), .period = U(quotas[_i].period)};
	struct oci_resources resources = {.cpu = &cpu};

	have("cpu.max");
	applies(&resources);
	holds("cpu.max", quotas[_i].max);
}
END_TEST

START_TEST(an_idle_cgroup_gets_no_weight)
{
	struct oci_cpu cpu = {.shares = U(1024), .idle = U(1)};
	struct oci_resources resources = {.cpu = &cpu};

	have("cpu.weight");
	have("cpu.idle");
	applies(&resources);
	holds("cpu.idle", "1");
	holds("cpu.weight", "");
}
END_TEST

START_TEST(block_io_is_limited)
{
	struct oci_weight_device weight = {8, 16, U(1000), {0}};
	struct oci_throttle_device rate = {8, 0, U(18446744073709551615ULL)};
	struct oci_block_io io = {.weight = U(10)};
	struct oci_resources resources = {.block_io = &io};

	have("io.weight");
	have("io.max");
	applies(&resources);
	holds("io.weight", "1");
	io.weight_device = &weight;
	io.n_weight_device = 1;
	applies(&resources);
	holds("io.weight", "8:16 10000");
	io.throttle_write_iops_device = &rate;
	io.n_throttle_write_iops_device = 1;
	applies(&resources);
	holds("io.max", "8:0 wiops=18446744073709551615");
	have("io.bfq.weight");
	applies(&resources);
	holds("io.bfq.weight", "8:16 1000");
	io.weight.value = 1001;
	refuses(&resources, EINVAL, "linux.resources.blockIO.weight: 1001 ");
	io.weight.value = 9;
	refuses(&resources, EINVAL, "linux.resources.blockIO.weight: 9 ");
}
END_TEST

START_TEST(each_throttle_has_its_key)
{
	struct oci_throttle_device rate = {8, 0, U(7)};
	struct oci_block_io rbps = {
		.throttle_read_bps_device = &rate, .n_throttle_read_bps_device = 1};
	struct oci_block_io wbps = {
		.throttle_write_bps_device = &rate, .n_throttle_write_bps_device = 1};
	struct oci_block_io riops = {
		.throttle_read_iops_device = &rate, .n_throttle_read_iops_device = 1};
	struct oci_resources resources = {.block_io = &rbps};

	have("io.max");
	applies(&resources);
	holds("io.max", "8:0 rbps=7");
	resources.block_io = &wbps;
	applies(&resources);
	holds("io.max", "8:0 wbps=7");
	resources.block_io = &riops;
	have("io.max");
	applies(&resources);
	holds("io.max", "8:0 riops=7");
}
END_TEST

START_TEST(huge_pages_are_limited_also_to_none)
{
	struct oci_hugepage_limit page = {"2MB", 0};
	struct oci_resources resources = {.hugepage_limits = &page, .n_hugepage_limits = 1};

	have("hugetlb.2MB.max");
	have("hugetlb.2MB.rsvd.max");
	applies(&resources);
	holds("hugetlb.2MB.max", "0");
	holds("hugetlb.2MB.rsvd.max", "0");
}
END_TEST

START_TEST(rdma_is_limited)
{
	struct oci_rdma rdma = {"mlx5_1", U(3), U(10000)};
	struct oci_resources resources = {.rdma = &rdma, .n_rdma = 1};

	have("rdma.max");
	applies(&resources);
	holds("rdma.max", "mlx5_1 hca_handle=3 hca_object=10000");
	rdma.device = "a hca_handle=max\nb";
	refuses(&resources, EINVAL, "is not the name of a device");
}
END_TEST

START_TEST(unified_has_the_final_word)
{
	struct oci_pids pids = {1};
	struct oci_pair pairs[] = {{"pids.max", "22"}, {"memory.high", "1\n2\n3"}};
	struct oci_resources resources = {.pids = &pids, .unified = {pairs, 2}};

	have("pids.max");
	have("memory.high");
	applies(&resources);
	holds("pids.max", "22");
	holds("memory.high", "3");
}
END_TEST

Suite *suite_cgroup_limits(void)
{
	Suite *suite = suite_create("cgroup_limits");
	TCase *t = tcase_create("cgroup_limits");

	tcase_add_checked_fixture(t, setup, remove_directory);
	tcase_add_test(t, the_weight_of_every_number_of_shares_is_that_of_the_formula);
	tcase_add_test(t, the_weight_has_its_fixed_points_and_bounds);
	tcase_add_test(t, nothing_asked_for_needs_no_file);
	tcase_add_test(t, no_limit_needs_no_controller);
	tcase_add_test(t, pids_are_limited);
	tcase_add_loop_test(t, memory_and_swap_are_taken_apart, 0, COUNT(memories));
	tcase_add_test(t, cpu_time_is_limited);
	tcase_add_loop_test(t, quota_and_period_can_stand_alone, 0, COUNT(quotas));
	tcase_add_test(t, an_idle_cgroup_gets_no_weight);
	tcase_add_test(t, block_io_is_limited);
	tcase_add_test(t, each_throttle_has_its_key);
	tcase_add_test(t, huge_pages_are_limited_also_to_none);
	tcase_add_test(t, rdma_is_limited);
	tcase_add_test(t, unified_has_the_final_word);
	suite_add_tcase(suite, t);
	return suite;
}
