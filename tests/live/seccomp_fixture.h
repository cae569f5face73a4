/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_SECCOMP_FIXTURE_H
#define NACRE_TEST_SECCOMP_FIXTURE_H

#include "tests/unit/seccomp_machine.h" /* first: check.h has a macro fail */

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child does under the filter that was compiled; its result is the exit status. */
typedef int body(void);

static inline pid_t start(body *run)
{
	struct nacre_error err = {0};
	pid_t pid = fork();
	int listener;

	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		seccomp_apply(&program, &listener, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		_exit(250);
	}
	_exit(run());
}

static inline int finish(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static inline void must_exit(body *run, int code)
{
	int status = finish(start(run));

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), code);
}

static inline int make_folder_errno(void)
{
	return mkdir("/proc/none", 0700) < 0 ? errno : 0;
}

/* A profile that allows all but `mkdir` and `mkdirat`, which have ACTION. */
static inline void compile_for_mkdir(const char *action, struct oci_u32 data)
{
	struct oci_syscall calls[] = {{WORDS("mkdir", "mkdirat"), action, data, NULL, 0}};
	struct oci_seccomp profile = {
		"SCMP_ACT_ALLOW", .syscalls = calls, .n_syscalls = 1, .listener_path = "/agent"};

	must_compile(&profile);
}

#endif
