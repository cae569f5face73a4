/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/self_protect.h"

#include "libcontainer/base/sys.h"

#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PLAYED "NACRE_TEST_SEAL" /* the constructor below plays a runtime */

/*
 * A copy of this very program stands for the runtime: what its constructor does stands for main. It
 * seals itself, says on stdout how it sees itself, and waits for the end of its stdin, so that the
 * test can look at it meanwhile.
 */
__attribute__((constructor)) static void play_runtime(int argc, char **argv, char **envp)
{
	const char *mode = getenv(PLAYED);
	struct nacre_error err;
	char comm[17] = "", byte;

	(void)argc;
	(void)envp;
	if (!mode)
		return;
	if (strcmp(mode, "user") == 0 && geteuid() == 0 && setresuid(1000, 1000, 1000) < 0)
		_exit(3);
	if (self_protect(argv, &err) < 0) {
		(void)dprintf(1, "%s\n", err.text);
		_exit(1);
	}
	(void)prctl(PR_GET_NAME, comm);
	(void)dprintf(1, "%s %s %s\n", comm, argv[0], argv[1] ? argv[1] : "");
	(void)!read(0, &byte, 1);
	_exit(0);
}

static char dir[] = "/tmp/nacre-test-seal-XXXXXX";
static char binary[64];

static void copy_self(void)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(binary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	struct stat st;

	ck_assert_int_eq(fstat(from, &st), 0);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		ck_assert_int_gt(n, 0);
		left -= n;
	}
	ck_assert_int_eq(close(to), 0);
	(void)close(from);
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	(void)snprintf(binary, sizeof(binary), "%s/binary", dir);
	copy_self();
}

static void teardown(void)
{
	(void)unlink(binary);
	(void)rmdir(dir);
}

struct runtime {
	pid_t pid;
	int input;
	char said[1100];
	int exe; /* O_PATH, as a container would hold it */
};

/* MODE "user": as an unprivileged one. BEFORE: done by the process before it executes the binary.
 */
static struct runtime start(const char *mode, void (*before)(void))
{
	static char argument[] = "argument";
	char *argv[] = {binary, argument, NULL};
	struct runtime runtime = {.exe = -1};
	int in[2], out[2];
	char path[64];
	ssize_t n;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	runtime.pid = fork();
	if (runtime.pid == 0) {
		(void)setenv(PLAYED, mode, 1);
		(void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		if (before)
			before();
		(void)execv(binary, argv);
		_exit(2);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	runtime.input = in[1];
	n = read(out[0], runtime.said, sizeof(runtime.said) - 1);
	ck_assert_int_gt(n, 0);
	runtime.said[n] = '\0';
	(void)close(out[0]);
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)runtime.pid);
	runtime.exe = open(path, O_PATH | O_CLOEXEC);
	return runtime;
}

/* The attack: the handle is opened again for writing once the program has ended. Returns 0 or
 * -errno. */
static int write_to(struct runtime *runtime)
{
	char path[64];
	int status, fd;

	(void)close(runtime->input);
	ck_assert_int_eq(waitpid(runtime->pid, &status, 0), runtime->pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_ge(runtime->exe, 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", runtime->exe);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, "x", 1) == 1 ? 0 : -errno;
}

static const char *expected(void)
{
	static char text[128];

	(void)snprintf(text, sizeof(text), "binary %s argument\n", binary);
	return text;
}

/* What the tests below rest on. */
START_TEST(an_unsealed_binary_is_open_to_the_attack)
{
	char path[64];
	int exe = open(binary, O_PATH | O_CLOEXEC);
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", exe);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
}
END_TEST

START_TEST(the_binary_cannot_be_written_through_a_handle_on_the_process)
{
	struct runtime runtime = start("root", NULL);

	ck_assert_str_eq(runtime.said, expected());
	ck_assert_int_eq(write_to(&runtime), -EROFS);
	/* The original is as it was: by its own path root may write it. */
	ck_assert_int_eq(access(binary, W_OK), 0);
}
END_TEST

START_TEST(the_read_only_mount_can_not_be_remounted_through_the_handle)
{
	const struct sys_mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY};
	struct runtime runtime = start("root", NULL);

	ck_assert_int_lt(sys_mount_setattr(runtime.exe, "", AT_EMPTY_PATH, &attr), 0);
	ck_assert_int_lt(sys_open_tree(runtime.exe, "", AT_EMPTY_PATH | OPEN_TREE_CLONE), 0);
	ck_assert_int_eq(write_to(&runtime), -EROFS);
}
END_TEST

static void read_only_mount(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(dir, dir, NULL, MS_BIND, NULL) < 0 ||
		mount(NULL, dir, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
		_exit(4);
}

/* The mount is the host's, which may turn it writable while a handle is kept. */
START_TEST(a_binary_on_a_read_only_mount_is_sealed_as_well)
{
	struct runtime runtime = start("root", read_only_mount);
	char link[64], target[128] = "";

	ck_assert_str_eq(runtime.said, expected());
	(void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)runtime.pid);
	ck_assert_int_gt(readlink(link, target, sizeof(target) - 1), 0);
	/* Executed again: that has lost the path. */
	ck_assert_str_ne(target, binary);
	ck_assert_int_eq(write_to(&runtime), -EROFS);
}
END_TEST

static void execute_by_fd(void)
{
	static char argument[] = "argument";
	char *argv[] = {binary, argument, NULL};
	int fd = open(binary, O_RDONLY | O_CLOEXEC);

	(void)sys_execveat(fd, "", argv, environ, AT_EMPTY_PATH);
	_exit(4);
}

static void execute_by_fd_of_read_only_mount(void)
{
	read_only_mount();
	execute_by_fd();
}

START_TEST(a_runtime_that_the_caller_executed_by_fd_from_a_read_only_mount_is_sealed_as_well)
{
	struct runtime runtime = start("root", execute_by_fd_of_read_only_mount);

	ck_assert_str_eq(runtime.said, expected());
	ck_assert_int_eq(write_to(&runtime), -EPERM); /* a copy in memory */
}
END_TEST

/* Root without CAP_SYS_ADMIN, as in a container. */
static void drop_sys_admin(void)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0) < 0 || sys_capget(data) < 0)
		_exit(4);
	data[0].effective &= ~(1U << CAP_SYS_ADMIN);
	data[0].permitted &= ~(1U << CAP_SYS_ADMIN);
	if (sys_capset(data) < 0)
		_exit(4);
}

START_TEST(without_the_mount_api_a_sealed_copy_runs)
{
	struct runtime runtime = start("root", drop_sys_admin);
	char link[64], target[128] = "";

	ck_assert_str_eq(runtime.said, expected());
	(void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)runtime.pid);
	ck_assert_int_gt(readlink(link, target, sizeof(target) - 1), 0);
	ck_assert_ptr_nonnull(strstr(target, "memfd:"));
	ck_assert_int_eq(write_to(&runtime), -EPERM);
}
END_TEST

/* The guard against running for ever takes an exec by fd for its own, at first sight. */
START_TEST(a_runtime_that_the_caller_executed_by_fd_is_sealed_as_well)
{
	struct runtime runtime = start("root", execute_by_fd);

	ck_assert_str_eq(runtime.said, expected());
	ck_assert_int_eq(write_to(&runtime), -EPERM);
}
END_TEST

START_TEST(a_user_who_may_not_write_the_binary_needs_no_seal)
{
	struct runtime runtime = start("user", NULL);
	char link[64], target[128] = "";

	ck_assert_str_eq(runtime.said, expected());
	(void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)runtime.pid);
	ck_assert_int_gt(readlink(link, target, sizeof(target) - 1), 0);
	ck_assert_str_eq(target, binary);
	(void)close(runtime.input);
	ck_assert_int_eq(waitpid(runtime.pid, NULL, 0), runtime.pid);
}
END_TEST

START_TEST(a_user_who_owns_the_binary_gets_a_sealed_copy)
{
	struct runtime runtime;

	ck_assert_int_eq(chown(binary, 1000, 1000), 0);
	runtime = start("user", NULL);
	ck_assert_str_eq(runtime.said, expected());
	ck_assert_int_eq(write_to(&runtime), -EPERM);
}
END_TEST

Suite *suite_self_protect(void);

Suite *suite_self_protect(void)
{
	Suite *suite = suite_create("self_protect");
	TCase *tcase = tcase_create("seal");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_unsealed_binary_is_open_to_the_attack);
	tcase_add_test(tcase, the_binary_cannot_be_written_through_a_handle_on_the_process);
	tcase_add_test(tcase, the_read_only_mount_can_not_be_remounted_through_the_handle);
	tcase_add_test(tcase, a_binary_on_a_read_only_mount_is_sealed_as_well);
	tcase_add_test(tcase,
		a_runtime_that_the_caller_executed_by_fd_from_a_read_only_mount_is_sealed_as_well);
	tcase_add_test(tcase, without_the_mount_api_a_sealed_copy_runs);
	tcase_add_test(tcase, a_runtime_that_the_caller_executed_by_fd_is_sealed_as_well);
	tcase_add_test(tcase, a_user_who_may_not_write_the_binary_needs_no_seal);
	tcase_add_test(tcase, a_user_who_owns_the_binary_gets_a_sealed_copy);
	suite_add_tcase(suite, tcase);
	return suite;
}
