/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/terminal.h"

#include "libcontainer/base/sys.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct nacre_error err;
static char dir[64];
static int rootfs_fd = -1;
static struct terminal terminal = {-1, -1};

/* A rootfs on a tmpfs in a mount namespace that goes away with the test. */
static void setup(void)
{
	(void)strcpy(dir, "/tmp");
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("tmpfs", dir, "tmpfs", 0, "mode=755"), 0);
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(mkdir("rootfs", 0755) | mkdir("rootfs/dev", 0755), 0);
	ck_assert_int_eq(mkdir("rootfs/dev/pts", 0755), 0);
	rootfs_fd = open("rootfs", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(rootfs_fd, 0);
}

static void mount_devpts(void)
{
	ck_assert_int_eq(
		mount("devpts", "rootfs/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666"), 0);
}

static void open_terminal(void)
{
	mount_devpts();
	ck_assert_msg(terminal_open(rootfs_fd, NULL, &terminal, &err) == 0, "%s", err.text);
}

START_TEST(both_ends_come_from_the_containers_devpts)
{
	struct stat slave, node;
	int number;

	open_terminal();
	ck_assert_int_eq(fcntl(terminal.master, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(terminal.slave, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(ioctl(terminal.master, TIOCGPTN, &number), 0);
	ck_assert_int_eq(number, 0);
	ck_assert_int_eq(fstat(terminal.slave, &slave), 0);
	ck_assert_int_eq(stat("rootfs/dev/pts/0", &node), 0);
	ck_assert_uint_eq(slave.st_dev, node.st_dev);
	ck_assert_uint_eq(slave.st_ino, node.st_ino);
	ck_assert_int_eq(isatty(terminal.slave), 1);
}
END_TEST

START_TEST(the_size_is_set)
{
	const struct oci_console_size size = {.height = 33, .width = 132};
	struct winsize window;

	mount_devpts();
	ck_assert_msg(terminal_open(rootfs_fd, &size, &terminal, &err) == 0, "%s", err.text);
	ck_assert_int_eq(ioctl(terminal.slave, TIOCGWINSZ, &window), 0);
	ck_assert_int_eq(window.ws_row, 33);
	ck_assert_int_eq(window.ws_col, 132);
}
END_TEST

START_TEST(a_size_that_does_not_fit_is_refused)
{
	const struct oci_console_size size = {.height = 65536, .width = 80};

	mount_devpts();
	ck_assert_int_eq(terminal_open(rootfs_fd, &size, &terminal, &err), -EINVAL);
	ck_assert_str_eq(err.text, "process.consoleSize: 65536x80 is more than 65535x65535");
	ck_assert_int_eq(terminal.master, -1);
}
END_TEST

START_TEST(a_ptmx_that_is_not_of_devpts_is_refused)
{
	ck_assert_int_eq(terminal_open(rootfs_fd, NULL, &terminal, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "devpts"));
	/* The kernel finds no devpts beside it. */
	ck_assert_int_eq(mknod("rootfs/dev/pts/ptmx", S_IFCHR | 0666, makedev(5, 2)), 0);
	ck_assert_int_lt(terminal_open(rootfs_fd, NULL, &terminal, &err), 0);
	ck_assert_int_eq(unlink("rootfs/dev/pts/ptmx"), 0);
	ck_assert_int_eq(mknod("rootfs/dev/pts/ptmx", S_IFCHR | 0666, makedev(1, 3)), 0);
	ck_assert_int_eq(terminal_open(rootfs_fd, NULL, &terminal, &err), -EINVAL);
	ck_assert_str_eq(err.text, "/dev/pts/ptmx: not of a devpts file system");
	ck_assert_int_eq(unlink("rootfs/dev/pts/ptmx"), 0);
	ck_assert_int_eq(symlink("/dev/null", "rootfs/dev/pts/ptmx"), 0);
	ck_assert_int_eq(terminal_open(rootfs_fd, NULL, &terminal, &err), -ELOOP);
}
END_TEST

START_TEST(a_terminal_that_is_not_ptmx_is_refused)
{
	mount_devpts();
	ck_assert_int_ge(open("rootfs/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), 0);
	ck_assert_int_eq(mount("rootfs/dev/pts/0", "rootfs/dev/pts/ptmx", NULL, MS_BIND, NULL), 0);
	ck_assert_int_lt(terminal_open(rootfs_fd, NULL, &terminal, &err), 0);
}
END_TEST

START_TEST(the_slave_is_bound_on_console)
{
	struct stat slave, console;

	open_terminal();
	ck_assert_msg(terminal_bind_console(rootfs_fd, terminal.slave, &err) == 0, "%s", err.text);
	ck_assert_int_eq(fstat(terminal.slave, &slave), 0);
	ck_assert_int_eq(stat("rootfs/dev/console", &console), 0);
	ck_assert_uint_eq(slave.st_dev, console.st_dev);
	ck_assert_uint_eq(slave.st_ino, console.st_ino);
}
END_TEST

/* CVE-2026-88264, CVE-2025-52565: the symlink itself is mounted over. */
static void check_console_symlink(const char *target, const char *victim)
{
	struct stat slave, console, st;

	ck_assert_int_eq(symlink(target, "rootfs/dev/console"), 0);
	ck_assert_msg(terminal_bind_console(rootfs_fd, terminal.slave, &err) == 0, "%s", err.text);
	ck_assert_int_eq(fstat(terminal.slave, &slave), 0);
	ck_assert_int_eq(stat("rootfs/dev/console", &console), 0);
	ck_assert_uint_eq(slave.st_rdev, console.st_rdev);
	ck_assert(stat(victim, &st) < 0 || S_ISREG(st.st_mode));
	ck_assert_int_eq(umount2("rootfs/dev/console", MNT_DETACH), 0);
	ck_assert_int_eq(unlink("rootfs/dev/console"), 0);
}

START_TEST(a_symlink_at_console_is_neither_followed_nor_written_through)
{
	open_terminal();
	check_console_symlink("../../outside", "outside");
	check_console_symlink("/outside", "rootfs/outside");
	ck_assert_int_eq(access("outside", F_OK) & access("rootfs/outside", F_OK), -1);
	ck_assert_int_eq(close(open("rootfs/victim", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	check_console_symlink("/victim", "rootfs/victim");
}
END_TEST

START_TEST(a_folder_at_console_is_an_error)
{
	open_terminal();
	ck_assert_int_eq(mkdir("rootfs/dev/console", 0755), 0);
	ck_assert_int_lt(terminal_bind_console(rootfs_fd, terminal.slave, &err), 0);
}
END_TEST

/* In a session of its own. Returns which step failed. */
static int use_terminal(void)
{
	int slave = terminal.slave;
	struct stat st;

	if (setsid() < 0 || terminal_take(&slave, 1000, &err) < 0 || slave != -1 ||
		terminal_control(&err) < 0)
		return 1;
	for (int fd = 0; fd < 3; fd++)
		if (!isatty(fd) || fcntl(fd, F_GETFD) != 0)
			return 2;
	if (fcntl(terminal.slave, F_GETFD) >= 0)
		return 3;
	if (fstat(0, &st) < 0 || st.st_uid != 1000 || (st.st_mode & 07777) != 0620)
		return 4;
	if (open("/dev/tty", O_RDWR | O_CLOEXEC) < 0 || tcgetsid(0) != getpid())
		return 5;
	return write(1, "hello\n", 6) == 6 ? 0 : 6;
}

START_TEST(the_terminal_becomes_stdio_and_controls_the_session)
{
	struct pollfd poll_fd = {.events = POLLIN};
	char text[16] = "";
	int status;
	pid_t pid;

	open_terminal();
	pid = fork();
	if (pid == 0)
		_exit(use_terminal());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	poll_fd.fd = terminal.master;
	ck_assert_int_eq(poll(&poll_fd, 1, 5000), 1);
	ck_assert_int_eq(read(terminal.master, text, sizeof(text) - 1), 7);
	ck_assert_str_eq(text, "hello\r\n");
}
END_TEST

START_TEST(controlling_a_terminal_without_a_session_of_its_own_is_an_error)
{
	int slave;

	open_terminal();
	slave = terminal.slave;
	if (getpid() == getsid(0))
		ck_assert_int_eq(setpgid(0, 0), 0);
	ck_assert_int_eq(dup2(slave, STDIN_FILENO), STDIN_FILENO);
	ck_assert_int_lt(terminal_control(&err), 0);
}
END_TEST

START_TEST(the_master_is_sent_with_the_slaves_name)
{
	char name[64] = "", control[CMSG_SPACE(sizeof(int))];
	struct iovec vector = {name, sizeof(name) - 1};
	struct msghdr message = {.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct stat sent, master;
	int pair[2], fd;

	open_terminal();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_msg(terminal_send(pair[0], terminal.master, &err) == 0, "%s", err.text);
	ck_assert_int_eq(recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC), 10);
	ck_assert_str_eq(name, "/dev/pts/0");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	ck_assert_int_eq(fstat(fd, &sent), 0);
	ck_assert_int_eq(fstat(terminal.master, &master), 0);
	ck_assert_uint_eq(sent.st_rdev, master.st_rdev);
	ck_assert_uint_eq(sent.st_ino, master.st_ino);
	(void)close(pair[1]);
	ck_assert_int_eq(terminal_send(pair[0], terminal.master, &err), -EPIPE);
}
END_TEST

Suite *suite_terminal(void);

Suite *suite_terminal(void)
{
	Suite *suite = suite_create("terminal");
	TCase *tcase = tcase_create("terminal");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, both_ends_come_from_the_containers_devpts);
	tcase_add_test(tcase, the_size_is_set);
	tcase_add_test(tcase, a_size_that_does_not_fit_is_refused);
	tcase_add_test(tcase, a_ptmx_that_is_not_of_devpts_is_refused);
	tcase_add_test(tcase, a_terminal_that_is_not_ptmx_is_refused);
	tcase_add_test(tcase, the_slave_is_bound_on_console);
	tcase_add_test(tcase, a_symlink_at_console_is_neither_followed_nor_written_through);
	tcase_add_test(tcase, a_folder_at_console_is_an_error);
	tcase_add_test(tcase, the_terminal_becomes_stdio_and_controls_the_session);
	tcase_add_test(tcase, controlling_a_terminal_without_a_session_of_its_own_is_an_error);
	tcase_add_test(tcase, the_master_is_sent_with_the_slaves_name);
	suite_add_tcase(suite, tcase);
	return suite;
}
