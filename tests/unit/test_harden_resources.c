/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include <string.h>

Suite *suite_harden_resources(void);

/* clang-format off */
static const struct {
	const char *resources;
	const char *grants;
	int64_t pids;
	int64_t memory;
	int64_t swap;
	const char *unified_swap;
	uint32_t best_effort;
} limits[] = {
	{ "", "", 512, 4 * GIB, 4 * GIB, NULL, OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":0},\"memory\":{\"limit\":0,\"swap\":0}", "", 0, 4 * GIB, 4 * GIB, NULL,
		OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":-1},\"memory\":{\"limit\":-1,\"swap\":-1}", "", 512, 4 * GIB, 4 * GIB, NULL,
		OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":-1},\"memory\":{\"limit\":-1,\"swap\":-1}", "unlimited:pids", -1, 4 * GIB, 4 * GIB, NULL,
		OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":-1},\"memory\":{\"limit\":-1,\"swap\":-1}", "unlimited:memory", 512, -1, -1, "0",
		OCI_LIMIT_PIDS | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":-1},\"memory\":{\"limit\":-1,\"swap\":-1}", "unlimited:swap", 512, 4 * GIB, -1, NULL,
		OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY },
	/* A grant permits what was asked for; silence is not asking. */
	{ "", "unlimited:pids unlimited:memory unlimited:swap", 512, 4 * GIB, 4 * GIB, NULL,
		OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":99999},\"memory\":{\"limit\":9999998976,\"swap\":199999999999}", "",
		99999, 9999998976, 199999999999, NULL, 0 },
	/* No more than the host has. */
	{ ",\"memory\":{\"limit\":99999999999,\"swap\":100000000099}", "",
		512, 16 * GIB, 16 * GIB + 100, NULL, OCI_LIMIT_PIDS },
	{ ",\"memory\":{\"limit\":99999999999,\"swap\":100000000099}", "unlimited:memory",
		512, 99999999999, 100000000099, NULL, OCI_LIMIT_PIDS },
	/* As good as none. */
	{ ",\"pids\":{\"limit\":4194304},\"memory\":{\"limit\":1125899906842624,\"swap\":9223372036854771712}", "",
		512, 4 * GIB, 4 * GIB, NULL, OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":4194304},\"memory\":{\"limit\":1125899906842624,\"swap\":9223372036854771712}",
		"unlimited:pids unlimited:memory unlimited:swap",
		4194304, 1125899906842624, 9223372036854771712, NULL, 0 },
	{ ",\"memory\":{\"limit\":4096}", "", 512, 4096, 4096, NULL, OCI_LIMIT_PIDS | OCI_LIMIT_SWAP },
	{ ",\"memory\":{\"limit\":-1,\"swap\":4096}", "", 512, 4096, 4096, NULL, OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY },
};
/* clang-format on */

START_TEST(a_limit_is_added_where_the_config_is_silent)
{
	struct result result = must(
		agent(tight("", "", "", limits[_i].resources), limits[_i].grants));
	const struct oci_resources *r = result.config->linux_->resources;
	const char *swap = NULL;

	for (size_t i = 0; i < r->unified.n; i++) {
		if (!strcmp(r->unified.items[i].key, "memory.swap.max"))
			swap = r->unified.items[i].value;
	}
	ck_assert_int_eq(r->pids->limit, limits[_i].pids);
	ck_assert_int_eq(r->memory->limit.value, limits[_i].memory);
	ck_assert_int_eq(r->memory->swap.value, limits[_i].swap);
	ck_assert_pstr_eq(swap, limits[_i].unified_swap);
	ck_assert_uint_eq(oci_best_effort(result.config), limits[_i].best_effort);
}
END_TEST

START_TEST(a_limit_in_unified_counts_as_asked_for)
{
	struct oci_config *config = tight("", "", "", "");
	struct oci_pair pairs[] = {{"pids.max", "7"}, {"memory.max", "8192"},
		{"memory.swap.max", "0"}, {"memory.high", "0"}};
	struct result result;

	config->linux_->resources->unified = (struct oci_map){pairs, 4};
	result = agent(config, "");
	ck_assert_no_change(&result, "");
	pairs[0].value = " max\n";
	result = must(agent(config, ""));
	ck_assert_uint_eq(result.report->n_changes, 2);
	ck_assert_str_eq(result.report->changes[0].path, "linux.resources.unified.pids.max");
	ck_assert_uint_eq(result.config->linux_->resources->unified.n, 3);
	ck_assert_int_eq(result.config->linux_->resources->pids->limit, 512);
	result = agent(config, "unlimited:pids");
	ck_assert_no_change(&result, "unlimited:pids");
}
END_TEST

START_TEST(the_memory_default_is_a_share_of_a_small_host)
{
	static const struct {
		uint64_t host;
		int64_t limit;
	} hosts[] = {{0, 4 * GIB}, {8 * GIB, 4 * GIB}, {8 * GIB - 1, 4 * GIB - 4096},
		{2 * GIB, GIB}, {4097, 4 * GIB}};

	for (int i = 0; i < COUNT(hosts); i++) {
		struct harden_request request = {
			.profile = "agent", .host = {.memory_bytes = hosts[i].host}};
		struct result result = {0};

		result.r = harden(arena, tight("", "", "", ""), &request, &result.config,
			&result.report, &result.err);
		must(result);
		ck_assert_int_eq(
			result.config->linux_->resources->memory->limit.value, hosts[i].limit);
	}
}
END_TEST

/* clang-format off */
static const struct {
	const char *profile;
	const char *key;
	const char *value;
	const char *then; /* NULL: taken out */
} texts[] = {
	{ "agent", "pids.max", "4194302", "4194302" },
	{ "agent", "pids.max", "4194303", NULL },
	{ "agent", "pids.max", "0x400000", NULL },
	{ "agent", "pids.max", "20000000000000000000000", NULL },
	{ "agent", "memory.max", "9223372036854771712", NULL },
	{ "agent", "memory.max", "1P", NULL },
	{ "agent", "memory.max", "8e", NULL },
	{ "agent", "memory.max", "4096\n1048576G", NULL },
	{ "agent", "memory.max", "17G", "17179869184" },
	{ "agent", "memory.max", "8G", "8G" },
	{ "agent", "memory.max", "much", "much" },
	{ "agent", "memory.swap.max", "1024t", NULL },
	{ "agent", "memory.swap.max", "1T", "1T" },
	{ "agent", "cpu.max", "max", "max" },
	{ "strict", "pids.max", "1025", "1024" },
	{ "strict", "memory.max", "9G", "8589934592" },
	{ "strict", "cpu.max", "max 1000", NULL },
	{ "strict", "cpu.max", "800000", NULL },
	{ "strict", "cpu.max", "799999", "799999" },
	{ "strict", "cpu.max", "100000000 1000", NULL },
	{ "strict", "cpu.max", "1000 100000\n16000 2000", NULL },
	{ "strict", "cpu.max", "1000 100000\n1000 2000", "1000 100000\n1000 2000" },
};
/* clang-format on */

START_TEST(unified_is_held_by_the_same_numbers)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	struct oci_pair pair = {texts[_i].key, texts[_i].value};
	const bool stays = texts[_i].then && !strcmp(texts[_i].then, texts[_i].value);
	struct result result;

	config->linux_->resources->unified = (struct oci_map){&pair, 1};
	result = must(apply(config, texts[_i].profile, ""));
	ck_assert_pstr_eq(unified_value(&result, pair.key), texts[_i].then);
	result = must(apply(config, texts[_i].profile,
		"unlimited:pids unlimited:memory unlimited:swap unlimited:cpu"));
	ck_assert_pstr_eq(unified_value(&result, pair.key), pair.value);
	ck_assert_uint_eq(result.report->granted.n, stays ? 0 : 1);
}
END_TEST

/* clang-format off */
static const struct {
	int64_t quota;
	uint64_t period;
	uint64_t burst;
	int64_t then;
	uint64_t burst_then;
} quotas[] = {
	{ 0, 0, 0, 100000, 0 },
	{ -1, 50000, 60000, 50000, 50000 },
	{ 799999, 0, 0, 799999, 0 },
	{ 800000, 0, 0, 100000, 0 },
	{ 100000000, 1000, 0, 1000, 0 },
	{ 7999, 1000, 7999, 7999, 7999 },
};
/* clang-format on */

START_TEST(all_cpus_of_the_host_are_no_limit)
{
	struct oci_config *config = tight("", "", "", LIMITED ",\"cpu\":{}");
	struct oci_cpu *cpu = config->linux_->resources->cpu;
	const struct oci_cpu *then;

	cpu->quota = (struct oci_i64){true, quotas[_i].quota};
	cpu->period = (struct oci_u64){true, quotas[_i].period};
	cpu->burst = (struct oci_u64){true, quotas[_i].burst};
	then = must(apply(config, "strict", "")).config->linux_->resources->cpu;
	ck_assert_int_eq(then->quota.value, quotas[_i].then);
	ck_assert_uint_eq(then->burst.value, quotas[_i].burst_then);
	then = must(agent(config, "")).config->linux_->resources->cpu;
	ck_assert_int_eq(then->quota.value, quotas[_i].quota);
}
END_TEST

/* On a host with one CPU the default is all there is; on one with few pids it must limit. */
START_TEST(a_small_host_is_hardened_once)
{
	struct harden_request request = {
		.profile = "strict", .host = {.memory_bytes = GIB, .pid_max = 100, .cpus = 1}};
	struct result result = {0}, again = {0};

	result.r = harden(arena, tight("", "", "", ""), &request, &result.config, &result.report,
		&result.err);
	must(result);
	ck_assert_int_eq(result.config->linux_->resources->pids->limit, 98);
	again.r = harden(arena, result.config, &request, &again.config, &again.report, &again.err);
	ck_assert_no_change(&again, "");
}
END_TEST

/* --- memory.oom.group --- */

/* clang-format off */
static const struct {
	const char *profile;
	const char *policy; /* its word; NULL: none */
	const char *given;
	const char *grants;
	const char *then;
} groups[] = {
	{ "agent", NULL, NULL, "", NULL },
	{ "agent", NULL, "0", "", NULL },
	{ "agent", NULL, "1", "", "1" },
	{ "nested", NULL, NULL, "", NULL },
	{ "strict", NULL, NULL, "", "1" },
	{ "strict", NULL, "0", "", "1" },
	{ "strict", NULL, " 1\n", "", " 1\n" },
	{ "strict", NULL, NULL, "single-oom-kill", NULL },
	{ "strict", NULL, "0", "single-oom-kill", "0" },
	{ "strict", "no", NULL, "", NULL },
	{ "agent", "yes", NULL, "", "1" },
	{ "agent", "yes", "0", "", "1" },
	{ "agent", "yes", NULL, "single-oom-kill", NULL },
};
/* clang-format on */

START_TEST(the_profile_or_the_policy_says_who_is_killed_out_of_memory)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	struct oci_pair pair = {"memory.oom.group", groups[_i].given};
	struct harden_request request = {.profile = groups[_i].profile};
	struct result result = {0};

	config->linux_->resources->unified = (struct oci_map){&pair, groups[_i].given ? 1 : 0};
	if (*groups[_i].grants)
		ck_assert(harden_append_word(arena, &request.grants, groups[_i].grants));
	if (groups[_i].policy)
		request.oom_group = (struct oci_bool){true, !strcmp(groups[_i].policy, "yes")};
	look_at_host(config, &request);
	result.r = harden(arena, config, &request, &result.config, &result.report, &result.err);
	must(result);
	ck_assert_pstr_eq(unified_value(&result, pair.key), groups[_i].then);
	ck_assert_uint_eq(result.report->granted.n, *groups[_i].grants ? 1 : 0);
}
END_TEST

/* --- real-time --- */

/* clang-format off */
static const struct {
	const char *process; /* what is in it, begins with a comma */
	const char *path; /* of the change; NULL: none */
} real_time[] = {
	{ ",\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":99}", "process.scheduler" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":1}", "process.scheduler" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\"}", "process.scheduler" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":5}", NULL },
	{ ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":0}", "process.ioPriority" },
	{ ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":0}", NULL },
};
/* clang-format on */

START_TEST(no_process_runs_before_the_hosts)
{
	struct oci_config *config = tight("", real_time[_i].process, "", LIMITED);
	struct result result = agent(config, "real-time");

	ck_assert_no_change(&result, real_time[_i].path ? "real-time" : "");
	result = must(agent(config, ""));
	ck_assert_uint_eq(result.report->n_changes, real_time[_i].path ? 1 : 0);
	if (!real_time[_i].path)
		return;
	ck_assert_str_eq(result.report->changes[0].rule, "real-time");
	ck_assert_str_eq(result.report->changes[0].path, real_time[_i].path);
	ck_assert_ptr_null(result.config->process->scheduler);
	ck_assert_ptr_null(result.config->process->io_priority);
}
END_TEST

START_TEST(no_process_may_raise_itself_before_the_hosts)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	struct oci_rlimit rlimits[] = {{"RLIMIT_CORE", 0, 0}, {"RLIMIT_RTPRIO", 0, 50}};
	struct oci_pair pair = {"io.prio.class", "promote-to-rt\n"};
	struct result result;

	config->process->rlimits = rlimits;
	config->process->n_rlimits = 2;
	config->linux_->resources->unified = (struct oci_map){&pair, 1};
	result = must(agent(config, ""));
	ck_assert_uint_eq(result.report->n_changes, 2);
	ck_assert_uint_eq(result.config->process->rlimits[1].hard, 0);
	ck_assert_ptr_null(unified_value(&result, pair.key));
	result = agent(config, "real-time");
	ck_assert_no_change(&result, "real-time");
	pair.value = "restrict-to-be";
	ck_assert_uint_eq(must(agent(config, "")).report->n_changes, 1);
}
END_TEST

/* An engine's own score is low; its containers are not spared with it. */
START_TEST(a_low_score_is_not_inherited)
{
	static const struct {
		int callers;
		struct oci_i32 given, then;
	} scores[] = {{-500, {0}, {true, 0}}, {-500, {true, 7}, {true, 7}}, {300, {0}, {0}},
		{0, {true, -1}, {true, 0}}};

	for (int i = 0; i < COUNT(scores); i++) {
		struct harden_request request = {
			.profile = "agent", .host = {.oom_score = scores[i].callers}};
		struct oci_process process = {.oom_score_adj = scores[i].given};
		struct result result = {0};
		struct oci_process *then = NULL;

		ck_assert_int_eq(harden_process(arena, &process, &request, &then, &result.report,
					 &result.err),
			0);
		ck_assert_int_eq(then->oom_score_adj.set, scores[i].then.set);
		ck_assert_int_eq(then->oom_score_adj.value, scores[i].then.value);
	}
}
END_TEST

/* PROCESS, hardened for a caller with HOST. */
static struct oci_process *of_caller(
	const struct harden_host *host, struct oci_process *process, const char *grant)
{
	struct harden_request request = {.profile = "agent", .host = *host};
	struct harden_report *report;
	struct oci_process *then = NULL;
	struct nacre_error err;

	if (grant)
		request.grants = (struct oci_strings){&grant, 1};
	ck_assert_int_eq(harden_process(arena, process, &request, &then, &report, &err), 0);
	return then;
}

/* What the config does not say, a process has of the caller. */
START_TEST(real_time_scheduling_is_not_inherited)
{
	const struct harden_host host = {
		.scheduler = "SCHED_RR", .nice = 3, .io_real_time = true, .rtprio = 50};
	struct oci_scheduler fifo = {.policy = "SCHED_FIFO"};
	struct oci_io_priority io = {.class = "IOPRIO_CLASS_RT"};
	struct oci_process silent = {.cwd = "/"}, asks = {.scheduler = &fifo, .io_priority = &io};
	struct oci_process *then = of_caller(&host, &silent, NULL);

	ck_assert_str_eq(then->scheduler->policy, "SCHED_OTHER");
	ck_assert_int_eq(then->scheduler->nice.value, 3);
	ck_assert_str_eq(then->io_priority->class, "IOPRIO_CLASS_BE");
	ck_assert_int_eq(then->io_priority->priority.value, 4);
	ck_assert_uint_eq(then->n_rlimits, 2);
	ck_assert_str_eq(then->rlimits[0].type, "RLIMIT_RTPRIO");
	ck_assert_uint_eq(then->rlimits[0].hard, 0);
	ck_assert(oci_process_equal(then, of_caller(&host, then, NULL)));
	then = of_caller(&host, &asks, NULL);
	ck_assert_str_eq(then->scheduler->policy, "SCHED_OTHER");
	ck_assert_str_eq(then->io_priority->class, "IOPRIO_CLASS_BE");
	then = of_caller(&host, &silent, "real-time");
	ck_assert_ptr_null(then->scheduler);
	ck_assert_ptr_null(then->io_priority);
	ck_assert_uint_eq(then->n_rlimits, 1);
}
END_TEST

Suite *suite_harden_resources(void)
{
	Suite *suite = suite_create("harden_resources");
	TCase *tcase = tcase_create("harden_resources");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_loop_test(tcase, a_limit_is_added_where_the_config_is_silent, 0, COUNT(limits));
	tcase_add_test(tcase, a_limit_in_unified_counts_as_asked_for);
	tcase_add_test(tcase, the_memory_default_is_a_share_of_a_small_host);
	tcase_add_loop_test(tcase, unified_is_held_by_the_same_numbers, 0, COUNT(texts));
	tcase_add_loop_test(tcase, all_cpus_of_the_host_are_no_limit, 0, COUNT(quotas));
	tcase_add_test(tcase, a_small_host_is_hardened_once);
	tcase_add_loop_test(tcase, the_profile_or_the_policy_says_who_is_killed_out_of_memory, 0,
		COUNT(groups));
	tcase_add_loop_test(tcase, no_process_runs_before_the_hosts, 0, COUNT(real_time));
	tcase_add_test(tcase, a_low_score_is_not_inherited);
	tcase_add_test(tcase, real_time_scheduling_is_not_inherited);
	tcase_add_test(tcase, no_process_may_raise_itself_before_the_hosts);
	suite_add_tcase(suite, tcase);
	return suite;
}
