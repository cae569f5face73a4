/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/seccomp_fixture.h"

#include <signal.h>
#include <sys/syscall.h>

Suite *suite_seccomp_live(void);

static void must_die(body *run, int sig)
{
	int status = finish(start(run));

	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), sig);
}

START_TEST(an_errno_is_what_the_caller_sees)
{
	compile_for_mkdir("SCMP_ACT_ERRNO", (struct oci_u32){true, 77});
	must_exit(make_folder_errno, 77);
	compile_for_mkdir("SCMP_ACT_ERRNO", (struct oci_u32){0});
	must_exit(make_folder_errno, EPERM);
}
END_TEST

START_TEST(allow_and_log_let_the_call_through)
{
	compile_for_mkdir("SCMP_ACT_LOG", (struct oci_u32){0});
	must_exit(make_folder_errno, ENOENT);
	compile_for_mkdir("SCMP_ACT_ALLOW", (struct oci_u32){0});
	must_exit(make_folder_errno, ENOENT);
}
END_TEST

static int make_folder_trapped(void)
{
	(void)signal(SIGSYS, _exit);
	return make_folder_errno();
}

START_TEST(trap_sends_a_signal_that_can_be_caught)
{
	compile_for_mkdir("SCMP_ACT_TRAP", (struct oci_u32){0});
	must_exit(make_folder_trapped, SIGSYS);
	must_die(make_folder_errno, SIGSYS);
}
END_TEST

START_TEST(kill_cannot_be_caught)
{
	static const char *const kills[] = {
		"SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS"};

	compile_for_mkdir(kills[_i], (struct oci_u32){0});
	must_die(make_folder_trapped, SIGSYS);
}
END_TEST

START_TEST(trace_without_a_tracer_is_enosys)
{
	compile_for_mkdir("SCMP_ACT_TRACE", (struct oci_u32){true, 7});
	must_exit(make_folder_errno, ENOSYS);
}
END_TEST

static int call_newest(void)
{
	return syscall(1000) < 0 ? errno : 0;
}

START_TEST(a_call_newer_than_the_profile_is_enosys)
{
	struct engine_profile *p = engine_profile();

	must_compile(&p->seccomp);
	must_exit(call_newest, ENOSYS);
	free(p);
}
END_TEST

static int run_true(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	return 1;
}

static int try_forbidden(void)
{
	if (syscall(SYS_unshare, 0) == 0 || errno != EPERM)
		return 1;
	if (syscall(SYS_socket, 40, 1, 0) >= 0 || errno != EPERM)
		return 2;
	if (syscall(SYS_clone3, NULL, 0) >= 0 || errno != ENOSYS)
		return 3;
	return 0;
}

START_TEST(an_engines_profile_runs_programs_and_keeps_its_word)
{
	struct engine_profile *p = engine_profile();

	must_compile(&p->seccomp);
	must_exit(run_true, 0);
	must_exit(try_forbidden, 0);
	free(p);
}
END_TEST

#ifdef __x86_64__
/* getpid(2) and mkdir(2) of i386. */
static int call_i386_getpid(void)
{
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
	return result == getpid() ? 0 : 1;
}

static int call_i386_mkdir(void)
{
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(39), "b"(0), "c"(0) : "memory");
	return -result;
}

START_TEST(a_call_of_i386_needs_its_architecture_in_the_list)
{
	struct oci_syscall calls[] = {{WORDS("mkdir"), "SCMP_ACT_ERRNO", {true, 78}, NULL, 0}};
	struct oci_seccomp profile = PROFILE("SCMP_ACT_ALLOW", calls);

	must_compile(&profile);
	must_exit(call_i386_getpid, 0);
	must_exit(call_i386_mkdir, 78);
	profile.architectures.n = 1;
	must_compile(&profile);
	must_die(call_i386_getpid, SIGSYS);
}
END_TEST
#endif

START_TEST(a_filter_needs_no_new_privileges_or_root)
{
	struct nacre_error err = {0};
	int listener, status;
	pid_t pid;

	compile_for_mkdir("SCMP_ACT_ERRNO", (struct oci_u32){0});
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(250);
		if (seccomp_apply(&program, &listener, &err) != -EACCES)
			_exit(251);
		_exit(strcmp(err.text, "seccomp: load filter: needs process.noNewPrivileges or "
				       "CAP_SYS_ADMIN: Permission denied") != 0);
	}
	status = finish(pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(no_filter_is_nothing_to_load)
{
	struct seccomp_program *none = calloc(1, sizeof(*none));
	struct nacre_error err = {0};
	int listener = 5;

	ck_assert_ptr_nonnull(none);
	ck_assert_int_eq(seccomp_apply(none, &listener, &err), 0);
	ck_assert_int_eq(listener, -1);
	ck_assert_int_eq(prctl(PR_GET_SECCOMP), 0);
	free(none);
}
END_TEST

START_TEST(the_kernel_is_asked_for_flags)
{
	const char *flags[8];
	size_t n = 0;

	seccomp_flags_supported(flags);
	while (flags[n])
		n++;
	/* Linux 5.14 has three; WAIT_KILLABLE_RECV is of 5.19. */
	ck_assert_uint_ge(n, 3);
	ck_assert_uint_le(n, 4);
	ck_assert_str_eq(flags[0], "SECCOMP_FILTER_FLAG_TSYNC");
	ck_assert_int_eq(prctl(PR_GET_SECCOMP), 0);
}
END_TEST

Suite *suite_seccomp_live(void)
{
	Suite *s = suite_create("seccomp_live");
	TCase *t = tcase_create("seccomp_live");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_errno_is_what_the_caller_sees);
	tcase_add_test(t, allow_and_log_let_the_call_through);
	tcase_add_test(t, trap_sends_a_signal_that_can_be_caught);
	tcase_add_loop_test(t, kill_cannot_be_caught, 0, 3);
	tcase_add_test(t, trace_without_a_tracer_is_enosys);
	tcase_add_test(t, a_call_newer_than_the_profile_is_enosys);
	tcase_add_test(t, an_engines_profile_runs_programs_and_keeps_its_word);
#ifdef __x86_64__
	tcase_add_test(t, a_call_of_i386_needs_its_architecture_in_the_list);
#endif
	tcase_add_test(t, a_filter_needs_no_new_privileges_or_root);
	tcase_add_test(t, no_filter_is_nothing_to_load);
	tcase_add_test(t, the_kernel_is_asked_for_flags);
	suite_add_tcase(s, t);
	return s;
}
