/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "libcontainer/base/procfs.h"
#include "libcontainer/process/oom_score.h"
#include "libcontainer/process/rlimits.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *suite_rlimits(void);

static struct nacre_error err;

/* Everything else would make the kernel ask for more than the test may have. */
static void drop_privilege(void)
{
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
}

static int score_of(const char *pid)
{
	char path[64];
	FILE *file;
	int score = 9999;

	(void)snprintf(path, sizeof(path), "/proc/%s/oom_score_adj", pid);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%d", &score), 1);
	(void)fclose(file);
	return score;
}

START_TEST(limits_are_set_as_given)
{
	const struct oci_rlimit limits[] = {{"RLIMIT_NOFILE", 64, 128}, {"RLIMIT_CORE", 0, 0},
		{"RLIMIT_STACK", 4194304, 8388608}};
	struct rlimit now;

	for (size_t i = 0; i < 3; i++)
		ck_assert_msg(rlimits_apply(0, limits, i, &err) == 0, "%s", err.text);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &now), 0);
	ck_assert_uint_eq(now.rlim_cur, 64);
	ck_assert_uint_eq(now.rlim_max, 128);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &now), 0);
	ck_assert_uint_eq(now.rlim_max, 0);
	ck_assert_int_eq(getrlimit(RLIMIT_STACK, &now), 0);
	ck_assert_uint_eq(now.rlim_cur, 4194304);
}
END_TEST

START_TEST(another_process_gets_its_limits_from_outside)
{
	const struct oci_rlimit limit = {"RLIMIT_NOFILE", 32, 32};
	struct rlimit now;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	ck_assert_msg(rlimits_apply(pid, &limit, 0, &err) == 0, "%s", err.text);
	ck_assert_int_eq(prlimit(pid, RLIMIT_NOFILE, NULL, &now), 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_uint_eq(now.rlim_max, 32);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &now), 0);
	ck_assert_uint_ne(now.rlim_max, 32);
	ck_assert_int_eq(rlimits_apply(pid, &limit, 0, &err), -ESRCH);
}
END_TEST

START_TEST(infinity_is_a_limit_too)
{
	const struct oci_rlimit limit = {"RLIMIT_CPU", UINT64_MAX, UINT64_MAX};
	struct rlimit now;

	ck_assert_int_eq(getrlimit(RLIMIT_CPU, &now), 0);
	ck_assert_uint_eq(now.rlim_max, RLIM_INFINITY);
	ck_assert_msg(rlimits_apply(0, &limit, 0, &err) == 0, "%s", err.text);
	ck_assert_int_eq(getrlimit(RLIMIT_CPU, &now), 0);
	ck_assert_uint_eq(now.rlim_cur, RLIM_INFINITY);
}
END_TEST

START_TEST(raising_a_hard_limit_without_the_capability_names_it)
{
	const struct oci_rlimit down = {"RLIMIT_NOFILE", 64, 64}, up = {"RLIMIT_NOFILE", 64, 65};

	drop_privilege();
	ck_assert_int_eq(rlimits_apply(0, &down, 0, &err), 0);
	ck_assert_int_eq(rlimits_apply(0, &up, 0, &err), -EPERM);
	ck_assert_msg(strstr(err.text, "process.rlimits[0]: RLIMIT_NOFILE soft 64 hard 65"), "%s",
		err.text);
	ck_assert_msg(strstr(err.text, "needs CAP_SYS_RESOURCE"), "%s", err.text);
}
END_TEST

START_TEST(nonsense_is_refused)
{
	const struct oci_rlimit above = {"RLIMIT_NOFILE", 65, 64}, unknown = {"RLIMIT_X", 1, 1},
				none = {NULL, 1, 1};

	ck_assert_int_eq(rlimits_apply(0, &above, 0, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "soft 65 hard 64"), "%s", err.text);
	ck_assert_int_eq(rlimits_apply(0, &unknown, 0, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "\"RLIMIT_X\""), "%s", err.text);
	ck_assert_int_eq(rlimits_apply(0, &none, 0, &err), -EINVAL);
	ck_assert(rlimit_known("RLIMIT_AS"));
	ck_assert(rlimit_known("RLIMIT_RTTIME"));
	ck_assert(!rlimit_known("RLIMIT_"));
	ck_assert(!rlimit_known("NOFILE"));
	ck_assert(!rlimit_known(NULL));
}
END_TEST

static int open_proc(void)
{
	int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

START_TEST(the_oom_score_is_set)
{
	int proc = open_proc();

	ck_assert_msg(oom_score_apply(proc, 0, 500, &err) == 0, "%s", err.text);
	ck_assert_int_eq(score_of("self"), 500);
	ck_assert_msg(oom_score_apply(proc, getpid(), 1000, &err) == 0, "%s", err.text);
	ck_assert_int_eq(score_of("self"), 1000);
}
END_TEST

START_TEST(the_oom_score_may_stay_what_it_is)
{
	int proc = open_proc(), score = score_of("self");

	drop_privilege();
	ck_assert_msg(oom_score_apply(proc, 0, score, &err) == 0, "%s", err.text);
	ck_assert_msg(oom_score_apply(proc, 0, 900, &err) == 0, "%s", err.text);
	ck_assert_int_eq(oom_score_apply(proc, 0, -900, &err), -EACCES);
	ck_assert_msg(
		strstr(err.text, "process.oomScoreAdj: write -900 to /proc/self/"), "%s", err.text);
	ck_assert_msg(strstr(err.text, "needs CAP_SYS_RESOURCE"), "%s", err.text);
	ck_assert_int_eq(score_of("self"), 900);
}
END_TEST

/* Not writable at all, as of a process that is not ours; yet it is what was asked for. */
START_TEST(a_process_that_cannot_be_written_may_have_the_score_already)
{
	int proc = open_proc(), score = score_of("1");

	drop_privilege();
	ck_assert_msg(oom_score_apply(proc, 1, score, &err) == 0, "%s", err.text);
	ck_assert_int_eq(oom_score_apply(proc, 1, score == 1000 ? 999 : score + 1, &err), -EACCES);
}
END_TEST

START_TEST(an_oom_score_out_of_range_is_refused)
{
	int proc = open_proc();

	ck_assert_int_eq(oom_score_apply(proc, 0, 1001, &err), -EINVAL);
	ck_assert_int_eq(oom_score_apply(proc, 0, -1001, &err), -EINVAL);
	ck_assert_int_eq(oom_score_apply(proc, 0x3fffffff, 0, &err), -ENOENT);
}
END_TEST

Suite *suite_rlimits(void)
{
	Suite *suite = suite_create("rlimits");
	TCase *t = tcase_create("rlimits");

	tcase_add_test(t, limits_are_set_as_given);
	tcase_add_test(t, another_process_gets_its_limits_from_outside);
	tcase_add_test(t, infinity_is_a_limit_too);
	tcase_add_test(t, raising_a_hard_limit_without_the_capability_names_it);
	tcase_add_test(t, nonsense_is_refused);
	tcase_add_test(t, the_oom_score_is_set);
	tcase_add_test(t, the_oom_score_may_stay_what_it_is);
	tcase_add_test(t, a_process_that_cannot_be_written_may_have_the_score_already);
	tcase_add_test(t, an_oom_score_out_of_range_is_refused);
	suite_add_tcase(suite, t);
	return suite;
}
