/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/seccomp_fixture.h"

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/fdpass.h"
#include "libcontainer/base/sys.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

Suite *suite_seccomp_listener(void);

static int ends[2] = {-1, -1}; /* a pair of sockets: child, parent */

/* The child's half: hands the listener over, then makes the call. */
static pid_t start_notifying(void)
{
	struct nacre_error err = {0};
	int listener = -2;
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid) {
		fd_close(&ends[0]);
		return pid;
	}
	(void)alarm(20);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		seccomp_apply(&program, &listener, &err) < 0 ||
		!(fcntl(listener, F_GETFD) & FD_CLOEXEC) ||
		write(ends[0], &listener, sizeof(listener)) != sizeof(listener))
		_exit(250);
	_exit(make_folder_errno());
}

static int take_listener(pid_t pid)
{
	cleanup_close int pidfd = sys_pidfd_open(pid);
	int number, fd;

	ck_assert_int_eq(read(ends[1], &number, sizeof(number)), sizeof(number));
	fd = sys_pidfd_getfd(pidfd, number);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Answers one call of LISTENER with an errno. */
static void answer(int listener, pid_t pid, int code)
{
	struct seccomp_notif call = {0};
	struct seccomp_notif_resp response = {.error = -code};
	struct pollfd wait = {.fd = listener, .events = POLLIN};

	ck_assert_int_eq(poll(&wait, 1, 10000), 1);
	ck_assert_int_eq(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call), 0);
	ck_assert_int_eq((pid_t)call.pid, pid);
	ck_assert_int_eq(call.data.nr, SYS_mkdir);
	response.id = call.id;
	ck_assert_int_eq(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
}

START_TEST(a_listener_decides_calls)
{
	cleanup_close int listener = -1;
	pid_t pid;
	int status;

	compile_for_mkdir("SCMP_ACT_NOTIFY", (struct oci_u32){0});
	program.flags |= 1u << 5; /* WAIT_KILLABLE_RECV: taken together with NEW_LISTENER */
	pid = start_notifying();
	listener = take_listener(pid);
	answer(listener, pid, 79);
	status = finish(pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 79);
	fd_close(&ends[1]);
}
END_TEST

START_TEST(an_agent_gets_the_listener_and_the_state)
{
	char folder[] = "/tmp/nacre-agent-XXXXXX", path[64], text[64];
	cleanup_close int server = -1, connection = -1, listener = -1, received = -1;
	struct nacre_error err = {0};
	pid_t pid;
	int status, dir;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "%s/sock", folder);
	server = socket_listen(dir, "sock", SOCK_STREAM);
	ck_assert_int_ge(server, 0);
	(void)close(dir);

	compile_for_mkdir("SCMP_ACT_NOTIFY", (struct oci_u32){0});
	pid = start_notifying();
	listener = take_listener(pid);
	ck_assert_msg(
		seccomp_send_listener(path, listener, "{\"a\":1}", &err) == 0, "%s", err.text);
	connection = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(connection, 0);
	ck_assert_int_eq(fd_receive(connection, text, sizeof(text), &received, 1), 7);
	ck_assert_mem_eq(text, "{\"a\":1}", 7);
	answer(received, pid, 80);
	status = finish(pid);
	ck_assert_int_eq(WEXITSTATUS(status), 80);
	fd_close(&ends[1]);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(an_agent_that_is_not_there_is_an_error)
{
	struct nacre_error err = {0};

	ck_assert_int_eq(seccomp_send_listener("/none/agent", 0, "{}", &err), -ENOENT);
	ck_assert_str_eq(err.text, "linux.seccomp.listenerPath: failed to connect with seccomp "
				   "agent /none/agent: No such file or directory");
}
END_TEST

static int apply_second(void)
{
	struct nacre_error err = {0};
	int listener;

	return -seccomp_apply(&program, &listener, &err);
}

START_TEST(a_second_listener_is_refused)
{
	compile_for_mkdir("SCMP_ACT_NOTIFY", (struct oci_u32){0});
	must_exit(apply_second, EBUSY);
}
END_TEST

Suite *suite_seccomp_listener(void)
{
	Suite *s = suite_create("seccomp_listener");
	TCase *t = tcase_create("seccomp_listener");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_listener_decides_calls);
	tcase_add_test(t, an_agent_gets_the_listener_and_the_state);
	tcase_add_test(t, an_agent_that_is_not_there_is_an_error);
	tcase_add_test(t, a_second_listener_is_refused);
	suite_add_tcase(s, t);
	return s;
}
