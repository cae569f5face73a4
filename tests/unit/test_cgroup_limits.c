/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "libcontainer/base/files.h"
#include "libcontainer/cgroup/cgroup_limits.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_cgroup_limits(void);

/* A directory of plain files stands for a cgroup, so every controller can be tried. A plain file
 * keeps what was written, at offset 0. */
static char place[] = "/tmp/nacre-test-limits-XXXXXX";
static int dir;
static struct nacre_error err;
static char warnings[2048];

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(place));
	dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
	warnings[0] = '\0';
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	char command[128];

	(void)close(dir);
	(void)snprintf(command, sizeof(command), "rm -rf %s", place);
	ck_assert_int_eq(system(command), 0);
}

static void have(const char *file)
{
	int fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

static void have_controllers(const char *names)
{
	have("cgroup.controllers");
	ck_assert_int_eq(file_write(dir, "cgroup.controllers", names), 0);
}

static void holds(const char *file, const char *expected)
{
	char *text = NULL;
	int r = file_read(dir, file, 4096, &text, NULL, &err);

	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_msg(strcmp(text, expected) == 0, "%s: \"%s\", not \"%s\"", file, text, expected);
	free(text);
}

static void warn(void *data, const char *text)
{
	size_t used = strlen(warnings);

	(void)data;
	(void)snprintf(warnings + used, sizeof(warnings) - used, "%s\n", text);
}

static int apply(const struct oci_resources *resources, uint32_t from_profile)
{
	return cgroup_limits_apply(dir, resources, from_profile, NULL, warn, NULL, &err);
}

static void applies(const struct oci_resources *resources)
{
	int r = apply(resources, 0);

	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_str_eq(warnings, "");
}

static void refuses(const struct oci_resources *resources, int code, const char *text)
{
	int r = apply(resources, 0);

	ck_assert_int_eq(r, -code);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

#define U(n)              \
	{                 \
		true, (n) \
	}

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

static const char *const page_sizes[] = {
	"", "2", "MB", "02MB", "2mb", "2M", "2MBs", "2/../MB", "../MB", "-2MB", "99999999MB", NULL};

START_TEST(a_page_size_cannot_lead_to_another_file)
{
	struct oci_hugepage_limit page = {page_sizes[_i], 1};
	struct oci_resources resources = {.hugepage_limits = &page, .n_hugepage_limits = 1};

	refuses(&resources, EINVAL, "linux.resources.hugepageLimits[0]: pageSize: ");
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

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

Suite *suite_cgroup_limits(void)
{
	Suite *suite = suite_create("cgroup_limits");
	TCase *t = tcase_create("cgroup_limits");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_weight_of_every_number_of_shares_is_that_of_the_formula);
	tcase_add_test(t, the_weight_has_its_fixed_points_and_bounds);
	tcase_add_test(t, nothing_asked_for_needs_no_file);
	tcase_add_test(t, no_limit_needs_no_controller);
	tcase_add_test(t, pids_are_limited);
	tcase_add_loop_test(t, memory_and_swap_are_taken_apart, 0, COUNT(memories));
	tcase_add_test(t, a_kernel_without_swap_has_no_swap_to_forbid);
	tcase_add_test(t, cpu_time_is_limited);
	tcase_add_loop_test(t, quota_and_period_can_stand_alone, 0, COUNT(quotas));
	tcase_add_test(t, an_idle_cgroup_gets_no_weight);
	tcase_add_test(t, block_io_is_limited);
	tcase_add_test(t, each_throttle_has_its_key);
	tcase_add_test(t, huge_pages_are_limited_also_to_none);
	tcase_add_loop_test(t, a_page_size_cannot_lead_to_another_file, 0, COUNT(page_sizes));
	tcase_add_test(t, rdma_is_limited);
	tcase_add_test(t, unified_has_the_final_word);
	tcase_add_loop_test(t, unified_names_only_limits, 0, COUNT(not_limits));
	tcase_add_test(t, a_missing_controller_is_named);
	tcase_add_test(t, what_only_the_profile_asks_for_is_left_out_with_one_warning);
	tcase_add_test(t, what_the_kernel_refuses_is_told_with_file_and_value);
	suite_add_tcase(suite, t);
	return suite;
}
