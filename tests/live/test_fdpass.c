/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/fdpass.h"

Suite *suite_fdpass(void);

static int pair[2];
static char place[] = "/tmp/nacre-test-fdpass-XXXXXX";
static int dir;

static void setup(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_ptr_nonnull(mkdtemp(place));
	dir = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
}

static void teardown(void)
{
	(void)unlinkat(dir, "s", 0);
	(void)rmdir(place);
}

static int open_count(void)
{
	int n = 0, fd;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void same_file(int a, int b)
{
	struct stat one, two;

	ck_assert_int_eq(fstat(a, &one), 0);
	ck_assert_int_eq(fstat(b, &two), 0);
	ck_assert_uint_eq(one.st_ino, two.st_ino);
	ck_assert_uint_eq(one.st_dev, two.st_dev);
}

START_TEST(data_and_fds_arrive_together)
{
	int pipes[2], fds[FDPASS_MAX], i;
	char text[16];

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	ck_assert_int_eq(fd_send(pair[0], "hello", 5, pipes, 2), 0);
	ck_assert_int_eq(fd_receive(pair[1], text, sizeof(text), fds, FDPASS_MAX), 5);
	ck_assert_mem_eq(text, "hello", 5);
	for (i = 0; i < 2; i++) {
		same_file(fds[i], pipes[i]);
		ck_assert_int_ne(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, 0);
	}
	ck_assert_int_eq(fds[2], -1);
	ck_assert_int_eq(fds[3], -1);
}
END_TEST

START_TEST(data_alone_leaves_the_places_empty)
{
	int fds[2] = {7, 7};
	char text[16];

	ck_assert_int_eq(fd_send(pair[0], "x", 1, NULL, 0), 0);
	ck_assert_int_eq(fd_receive(pair[1], text, sizeof(text), fds, 2), 1);
	ck_assert_int_eq(fds[0], -1);
	ck_assert_int_eq(fds[1], -1);
}
END_TEST

START_TEST(an_fd_without_a_place_is_closed)
{
	int fds[FDPASS_MAX] = {0, 1, 2, 0}, got[1], before = open_count();
	char text[16];

	ck_assert_int_eq(fd_send(pair[0], "x", 1, fds, 4), 0);
	ck_assert_int_eq(fd_receive(pair[1], text, sizeof(text), got, 1), 1);
	ck_assert_int_ge(got[0], 0);
	ck_assert_int_eq(open_count(), before + 1);
	ck_assert_int_eq(fd_send(pair[0], "x", 1, fds, 4), 0);
	ck_assert_int_eq(fd_receive(pair[1], text, sizeof(text), NULL, 0), 1);
	ck_assert_int_eq(open_count(), before + 1);
}
END_TEST

/* More than FDPASS_MAX, which only a peer that is not ours sends. */
START_TEST(a_flood_of_fds_leaks_none)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(100 * sizeof(int))];
	} control;
	char byte = 0;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	int fds[FDPASS_MAX], before = open_count(), i, many[100] = {0};
	char text[16];

	memset(&control, 0, sizeof(control));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(many));
	memcpy(CMSG_DATA(&control.header), many, sizeof(many));
	ck_assert_int_eq(sendmsg(pair[0], &message, 0), 1);
	ck_assert_int_eq(fd_receive(pair[1], text, sizeof(text), fds, FDPASS_MAX), 1);
	for (i = 0; i < FDPASS_MAX; i++)
		(void)close(fds[i]);
	ck_assert_int_eq(open_count(), before);
}
END_TEST

START_TEST(a_message_that_does_not_fit_is_refused_with_its_fds)
{
	int fds[2], one = 0, before = open_count();
	char text[4];

	ck_assert_int_eq(fd_send(pair[0], "hello", 5, &one, 1), 0);
	ck_assert_int_eq(fd_receive(pair[1], text, sizeof(text), fds, 2), -EMSGSIZE);
	ck_assert_int_eq(fds[0], -1);
	ck_assert_int_eq(open_count(), before);
}
END_TEST

START_TEST(the_end_of_file_is_0)
{
	char text[4];

	(void)close(pair[0]);
	ck_assert_int_eq(fd_receive(pair[1], text, sizeof(text), NULL, 0), 0);
}
END_TEST

START_TEST(a_peer_that_went_away_is_an_error_and_no_signal)
{
	ck_assert(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	(void)close(pair[1]);
	ck_assert_int_eq(fd_send(pair[0], "x", 1, NULL, 0), -EPIPE);
}
END_TEST

START_TEST(too_many_fds_and_bad_ones_are_refused)
{
	int fds[FDPASS_MAX + 1] = {0}, closed = 200;

	ck_assert_int_eq(fd_send(pair[0], "x", 1, fds, FDPASS_MAX + 1), -EINVAL);
	ck_assert_int_eq(fd_send(pair[0], "x", 1, &closed, 1), -EBADF);
}
END_TEST

START_TEST(a_socket_is_the_owners_alone_and_can_be_reached)
{
	int server, client, peer;
	struct stat st;
	char text[4];

	(void)umask(0);
	server = socket_listen(dir, "s", SOCK_SEQPACKET);
	ck_assert_int_ge(server, 0);
	ck_assert_int_eq(fstatat(dir, "s", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFSOCK | 0600);
	client = socket_connect(dir, "s", SOCK_SEQPACKET);
	ck_assert_int_ge(client, 0);
	ck_assert_int_ne(fcntl(client, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(server, F_GETFD) & FD_CLOEXEC, 0);
	peer = accept(server, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	ck_assert_int_eq(fd_send(client, "a", 1, NULL, 0), 0);
	ck_assert_int_eq(fd_receive(peer, text, sizeof(text), NULL, 0), 1);
	ck_assert_int_eq(socket_listen(dir, "s", SOCK_SEQPACKET), -EADDRINUSE);
}
END_TEST

START_TEST(a_path_longer_than_sun_path_is_reached)
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	int deep, server;

	memset(name, 'd', NAME_MAX);
	name[NAME_MAX] = '\0';
	ck_assert_int_eq(mkdirat(dir, name, 0700), 0);
	deep = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	server = socket_listen(deep, "s", SOCK_STREAM);
	ck_assert_int_ge(server, 0);
	(void)snprintf(path, sizeof(path), "%s/%s/s", place, name);
	ck_assert_int_ge(socket_connect(AT_FDCWD, path, SOCK_STREAM), 0);
	ck_assert_int_eq(socket_listen(dir, name, SOCK_STREAM), -ENAMETOOLONG);
	ck_assert_int_eq(unlinkat(deep, "s", 0), 0);
	ck_assert_int_eq(unlinkat(dir, name, AT_REMOVEDIR), 0);
}
END_TEST

START_TEST(nobody_there_is_told)
{
	int server;

	ck_assert_int_eq(socket_connect(dir, "s", SOCK_STREAM), -ENOENT);
	server = socket_listen(dir, "s", SOCK_STREAM);
	ck_assert_int_eq(socket_connect(dir, "s", SOCK_SEQPACKET), -EPROTOTYPE);
	(void)close(server);
	ck_assert_int_eq(socket_connect(dir, "s", SOCK_STREAM), -ECONNREFUSED);
	ck_assert_int_eq(socket_connect(dir, ".", SOCK_STREAM), -ENOTSOCK);
}
END_TEST

Suite *suite_fdpass(void)
{
	Suite *suite = suite_create("fdpass");
	TCase *t = tcase_create("fdpass");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, data_and_fds_arrive_together);
	tcase_add_test(t, data_alone_leaves_the_places_empty);
	tcase_add_test(t, an_fd_without_a_place_is_closed);
	tcase_add_test(t, a_flood_of_fds_leaks_none);
	tcase_add_test(t, a_message_that_does_not_fit_is_refused_with_its_fds);
	tcase_add_test(t, the_end_of_file_is_0);
	tcase_add_test(t, a_peer_that_went_away_is_an_error_and_no_signal);
	tcase_add_test(t, too_many_fds_and_bad_ones_are_refused);
	tcase_add_test(t, a_socket_is_the_owners_alone_and_can_be_reached);
	tcase_add_test(t, a_path_longer_than_sun_path_is_reached);
	tcase_add_test(t, nobody_there_is_told);
	suite_add_tcase(suite, t);
	return suite;
}
