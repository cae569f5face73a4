/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "libcontainer/base/sys.h"
#include "libcontainer/process/scheduling.h"

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

Suite *suite_scheduling(void);

#ifndef SCHED_DEADLINE /* <linux/sched.h>, which glibc's does not include */
#define SCHED_DEADLINE 6
#endif

#define NUMBER(n)         \
	{                 \
		true, (n) \
	}

static struct nacre_error err;

static int schedule(struct oci_scheduler *scheduler)
{
	return scheduling_apply(0, scheduler, &err);
}

static int io(const char *class, int priority)
{
	struct oci_io_priority io_priority = {class, NUMBER(priority)};

	return scheduling_apply_io_priority(&io_priority, &err);
}

START_TEST(nothing_given_changes_nothing)
{
	ck_assert_int_eq(scheduling_apply(0, NULL, &err), 0);
	ck_assert_int_eq(scheduling_apply_io_priority(NULL, &err), 0);
	ck_assert_int_eq(scheduling_apply_personality(NULL, &err), 0);
	ck_assert_int_eq(scheduling_apply_memory_policy(NULL, &err), 0);
	ck_assert_int_eq(scheduling_apply_affinity(NULL, &err), 0);
	ck_assert_int_eq(scheduling_apply_affinity("", &err), 0);
	ck_assert_int_eq(sched_getscheduler(0), SCHED_OTHER);
}
END_TEST

START_TEST(policy_and_nice_are_set)
{
	struct oci_scheduler batch = {.policy = "SCHED_BATCH", .nice = NUMBER(7)};
	struct oci_scheduler idle = {.policy = "SCHED_IDLE"};

	ck_assert_msg(schedule(&batch) == 0, "%s", err.text);
	ck_assert_int_eq(sched_getscheduler(0), SCHED_BATCH);
	ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), 7);
	ck_assert_msg(schedule(&idle) == 0, "%s", err.text);
	ck_assert_int_eq(sched_getscheduler(0), SCHED_IDLE);
}
END_TEST

static const struct {
	struct oci_scheduler wanted;
	uint32_t number;
} policies[] = {
	{{.policy = "SCHED_OTHER", .nice = NUMBER(3)}, SCHED_OTHER},
	{{.policy = "SCHED_BATCH", .nice = NUMBER(3)}, SCHED_BATCH},
	{{.policy = "SCHED_IDLE"}, SCHED_IDLE},
	{{.policy = "SCHED_FIFO", .priority = NUMBER(5)}, SCHED_FIFO},
	{{.policy = "SCHED_RR", .priority = NUMBER(6)}, SCHED_RR},
	{{.policy = "SCHED_DEADLINE",
		 .runtime = NUMBER(2000000),
		 .deadline = NUMBER(10000000),
		 .period = NUMBER(20000000)},
		SCHED_DEADLINE},
};

/* What the machine or its cpuset does not give the kernel refuses here as well. */
static int set_directly(const struct oci_scheduler *wanted, uint32_t policy)
{
	const struct sys_sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = policy,
		.sched_nice = wanted->nice.value,
		.sched_priority = (uint32_t)wanted->priority.value,
		.sched_runtime = wanted->runtime.value,
		.sched_deadline = wanted->deadline.value,
		.sched_period = wanted->period.value,
	};

	return sys_sched_setattr(0, &attr);
}

START_TEST(every_policy_is_set)
{
	struct oci_scheduler copy = policies[_i].wanted;
	const struct oci_scheduler *wanted = &copy;
	const struct sys_sched_attr plain = {.size = sizeof(plain), .sched_policy = SCHED_OTHER};
	struct sys_sched_attr found = {.size = 0};
	int direct = set_directly(wanted, policies[_i].number);

	ck_assert_int_eq(sys_sched_setattr(0, &plain), 0);
	ck_assert_msg(schedule(&copy) == direct, "%s", err.text);
	if (direct < 0)
		return;
	ck_assert_int_eq(syscall(SYS_sched_getattr, 0, &found, sizeof(found), 0), 0);
	ck_assert_uint_eq(found.sched_policy, policies[_i].number);
	ck_assert_int_eq(found.sched_nice, wanted->nice.value);
	ck_assert_uint_eq(found.sched_priority, (uint32_t)wanted->priority.value);
	if (found.sched_policy != SCHED_DEADLINE)
		return;
	ck_assert_uint_eq(found.sched_runtime, wanted->runtime.value);
	ck_assert_uint_eq(found.sched_deadline, wanted->deadline.value);
	ck_assert_uint_eq(found.sched_period, wanted->period.value);
	/* A leak check at the end forks, which a task with a deadline may not. */
	ck_assert_int_eq(sys_sched_setattr(0, &plain), 0);
}
END_TEST

START_TEST(flags_are_set)
{
	const char *word = "SCHED_FLAG_RESET_ON_FORK";
	struct oci_scheduler batch = {.policy = "SCHED_BATCH", .flags = {&word, 1}};

	ck_assert_msg(schedule(&batch) == 0, "%s", err.text);
	ck_assert_int_eq(sched_getscheduler(0), SCHED_BATCH | SCHED_RESET_ON_FORK);
}
END_TEST

START_TEST(what_needs_a_capability_says_so)
{
	struct oci_scheduler fifo = {.policy = "SCHED_FIFO", .priority = NUMBER(5)};
	struct oci_scheduler nice = {.policy = "SCHED_OTHER", .nice = NUMBER(-5)};

	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(schedule(&fifo), -EPERM);
	ck_assert_msg(strstr(err.text, "process.scheduler: set SCHED_FIFO (needs CAP_SYS_NICE"),
		"%s", err.text);
	ck_assert_int_eq(schedule(&nice), -EPERM);
	ck_assert_int_eq(io("IOPRIO_CLASS_RT", 0), -EPERM);
	ck_assert_msg(strstr(err.text, "process.ioPriority: set IOPRIO_CLASS_RT 0 (needs "), "%s",
		err.text);
}
END_TEST

START_TEST(unknown_words_are_refused)
{
	const char *word = "SCHED_FLAG_X";
	struct oci_scheduler policy = {.policy = "SCHED_X"}, none = {0},
			     flag = {.policy = "SCHED_BATCH", .flags = {&word, 1}};
	struct oci_memory_policy mode = {.mode = "MPOL_X"},
				 mode_flag = {
					 .mode = "MPOL_BIND", .nodes = "0", .flags = {&word, 1}};
	struct oci_personality domain = {.domain = "BSD"},
			       flags = {.domain = "LINUX", .flags = {&word, 1}};

	ck_assert_int_eq(schedule(&policy), -EINVAL);
	ck_assert_str_eq(err.text, "process.scheduler.policy: \"SCHED_X\" is not known");
	ck_assert_int_eq(schedule(&none), -EINVAL);
	ck_assert_int_eq(schedule(&flag), -EINVAL);
	ck_assert_int_eq(sched_getscheduler(0), SCHED_OTHER);
	ck_assert_int_eq(io("IOPRIO_CLASS_X", 1), -EINVAL);
	ck_assert_int_eq(io("IOPRIO_CLASS_BE", 8), -EINVAL);
	ck_assert_int_eq(io("IOPRIO_CLASS_BE", -1), -EINVAL);
	ck_assert_int_eq(scheduling_apply_memory_policy(&mode, &err), -EINVAL);
	ck_assert_int_eq(scheduling_apply_memory_policy(&mode_flag, &err), -EINVAL);
	ck_assert_int_eq(scheduling_apply_personality(&domain, &err), -EINVAL);
	/* None are defined: oci_config_warnings tells of it. */
	ck_assert_int_eq(scheduling_apply_personality(&flags, &err), 0);
}
END_TEST

START_TEST(the_io_priority_is_set)
{
	ck_assert_msg(io("IOPRIO_CLASS_BE", 6) == 0, "%s", err.text);
	ck_assert_int_eq(syscall(SYS_ioprio_get, 1, 0), 2 << 13 | 6);
	ck_assert_msg(io("IOPRIO_CLASS_IDLE", 0) == 0, "%s", err.text);
	ck_assert_int_eq(syscall(SYS_ioprio_get, 1, 0), 3 << 13);
}
END_TEST

START_TEST(the_personality_changes_what_uname_says)
{
	struct oci_personality linux32 = {.domain = "LINUX32"}, linux_ = {.domain = "LINUX"};

	ck_assert_msg(scheduling_apply_personality(&linux32, &err) == 0, "%s", err.text);
	ck_assert_int_eq(personality(0xffffffff), PER_LINUX32);
	ck_assert_msg(scheduling_apply_personality(&linux_, &err) == 0, "%s", err.text);
	ck_assert_int_eq(personality(0xffffffff), PER_LINUX);
}
END_TEST

/* A kernel without CONFIG_NUMA has no call to ask. */
static int has_numa(void)
{
	return syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0) == 0;
}

static void expect_policy(int mode, unsigned long nodes)
{
	unsigned long mask[16] = {0};
	int now = -1;

	ck_assert_int_eq(syscall(SYS_get_mempolicy, &now, mask, 1024, NULL, 0), 0);
	ck_assert_int_eq(now, mode);
	ck_assert_uint_eq(mask[0], nodes);
}

START_TEST(the_memory_policy_is_set)
{
	const char *word = "MPOL_F_STATIC_NODES";
	struct oci_memory_policy bind = {.mode = "MPOL_BIND", .nodes = "0", .flags = {&word, 1}};
	struct oci_memory_policy normal = {.mode = "MPOL_DEFAULT", .nodes = ""};
	struct oci_memory_policy preferred = {.mode = "MPOL_PREFERRED"};

	if (!has_numa()) {
		ck_assert_int_eq(scheduling_apply_memory_policy(&bind, &err), -ENOSYS);
		return;
	}
	ck_assert_msg(scheduling_apply_memory_policy(&bind, &err) == 0, "%s", err.text);
	expect_policy(2 | 1 << 15, 1);
	ck_assert_msg(scheduling_apply_memory_policy(&normal, &err) == 0, "%s", err.text);
	expect_policy(0, 0);
	ck_assert_msg(scheduling_apply_memory_policy(&preferred, &err) == 0, "%s", err.text);
	bind.nodes = "1023";
	ck_assert_int_eq(scheduling_apply_memory_policy(&bind, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "nodes \"1023\" (are these nodes online"), "%s", err.text);
}
END_TEST

START_TEST(the_affinity_is_set)
{
	cpu_set_t allowed, now;
	char text[16];
	int cpu = 0;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	while (!CPU_ISSET(cpu, &allowed))
		cpu++;
	(void)snprintf(text, sizeof(text), "%d", cpu);
	ck_assert_msg(scheduling_apply_affinity(text, &err) == 0, "%s", err.text);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(now), &now), 0);
	ck_assert_int_eq(CPU_COUNT(&now), 1);
	ck_assert(CPU_ISSET(cpu, &now));
	ck_assert_msg(scheduling_apply_affinity("0-511,513", &err) == 0, "%s", err.text);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(now), &now), 0);
	ck_assert(CPU_EQUAL(&now, &allowed));
	ck_assert_int_eq(scheduling_apply_affinity("8000-8191", &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "run on CPUs 8000-8191 (is one"), "%s", err.text);
}
END_TEST

START_TEST(an_inherited_affinity_is_left)
{
	cpu_set_t allowed, now;
	char text[16];
	int cpu = 0;

	ck_assert_int_eq(scheduling_reset_affinity(&err), 0);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	while (!CPU_ISSET(cpu, &allowed))
		cpu++;
	(void)snprintf(text, sizeof(text), "%d", cpu);
	ck_assert_int_eq(scheduling_apply_affinity(text, &err), 0);
	ck_assert_msg(scheduling_reset_affinity(&err) == 0, "%s", err.text);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(now), &now), 0);
	ck_assert(CPU_EQUAL(&now, &allowed));
}
END_TEST

static const char *const bad_lists[] = {",", "0,", ",0", "0,,1", "0-", "-1", "1-0", "0-1-2", " 0",
	"0 ", "0, 1", "a", "0x1", "8192", "0-8192", "4294967296", "0\n", "0:1", "0-3:1/2"};

START_TEST(a_list_is_read_strictly)
{
	ck_assert_int_eq(scheduling_apply_affinity(bad_lists[_i], &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "is not a list such as 0-3,7 of numbers below 8192"), "%s",
		err.text);
}
END_TEST

Suite *suite_scheduling(void)
{
	Suite *suite = suite_create("scheduling");
	TCase *t = tcase_create("scheduling");

	tcase_add_test(t, nothing_given_changes_nothing);
	tcase_add_test(t, policy_and_nice_are_set);
	tcase_add_loop_test(t, every_policy_is_set, 0, sizeof(policies) / sizeof(policies[0]));
	tcase_add_test(t, flags_are_set);
	tcase_add_test(t, what_needs_a_capability_says_so);
	tcase_add_test(t, unknown_words_are_refused);
	tcase_add_test(t, the_io_priority_is_set);
	tcase_add_test(t, the_personality_changes_what_uname_says);
	tcase_add_test(t, the_memory_policy_is_set);
	tcase_add_test(t, the_affinity_is_set);
	tcase_add_test(t, an_inherited_affinity_is_left);
	tcase_add_loop_test(
		t, a_list_is_read_strictly, 0, sizeof(bad_lists) / sizeof(bad_lists[0]));
	suite_add_tcase(suite, t);
	return suite;
}
