/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/landlock.h" /* first: check.h has a macro fail */

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/base/sys_landlock.h"

Suite *suite_landlock(void);

/* A folder with two file systems in memory, in and out, and a file in each; the first is a writable
 * mount of the config, the second a read-only one whose flag was lost. */
static char top[] = "/tmp/nacre-landlock-XXXXXX";
static int abi;

static const char *in(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/in/%s", top, name);
	return path;
}

static const char *out(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/out/%s", top, name);
	return path;
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "text", 4), 4);
	(void)close(fd);
}

static void setup(void)
{
	abi = sys_landlock_abi();
	ck_assert_ptr_nonnull(mkdtemp(top));
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL), 0);
	for (int i = 0; i < 2; i++) {
		const char *folder = i ? in("") : out("");

		ck_assert_int_eq(mkdir(folder, 0700), 0);
		ck_assert_int_eq(mount("none", folder, "tmpfs", 0, NULL), 0);
	}
	make_file(in("file"));
	make_file(out("file"));
	ck_assert_int_eq(mkdir(in("folder"), 0700), 0);
}

static void teardown(void)
{
	ck_assert_int_eq(umount2(in(""), MNT_DETACH), 0);
	ck_assert_int_eq(umount2(out(""), MNT_DETACH), 0);
	ck_assert_int_eq(rmdir(in("")), 0);
	ck_assert_int_eq(rmdir(out("")), 0);
	ck_assert_int_eq(rmdir(top), 0);
	(void)snprintf(top, sizeof(top), "/tmp/nacre-landlock-XXXXXX");
}

static int restrict_to(const char *first, const char *second, bool root_writable)
{
	const char *ro = "ro";
	struct oci_mount mounts[] = {
		{.destination = first},
		{.destination = second},
		{.destination = "/no/such/mount"},
		{.destination = top}, /* no mount: hidden by a later one, for all that is known */
		{.destination = "/proc", .options = {&ro, 1}},
	};
	struct nacre_error err = {0};
	char copies[2][128];
	int result;

	(void)snprintf(copies[0], sizeof(copies[0]), "%s", first);
	(void)snprintf(copies[1], sizeof(copies[1]), "%s", second ? second : first);
	mounts[0].destination = copies[0];
	mounts[1].destination = copies[1];
	result = landlock_restrict(mounts, 5, root_writable, true, &err);
	if (result < 0)
		(void)fprintf(stderr, "%s\n", err.text);
	return result;
}

/* Runs CHECK in a child that is restricted to in/; it returns the line that went wrong, or 0. */
static void must_pass(int (*check)(void))
{
	siginfo_t info;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(restrict_to(in(""), NULL, false) == abi ? check() : 255);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	ck_assert_int_eq(info.si_code, CLD_EXITED);
	ck_assert_int_eq(info.si_status, 0);
}

#define MUST(condition)                                             \
	do {                                                        \
		if (!(condition))                                   \
			return __LINE__ % 250 ? __LINE__ % 250 : 1; \
	} while (0)

static bool opens(const char *path, int flags)
{
	cleanup_close int fd = open(path, flags | O_CLOEXEC, 0600);

	return fd >= 0;
}

#define REFUSED(call, code) MUST((call) < 0 && errno == (code))

static int check_inside(void)
{
	char from[128];

	MUST(opens(in("new"), O_WRONLY | O_CREAT));
	MUST(opens(in("file"), O_WRONLY | O_TRUNC));
	MUST(truncate(in("file"), 1) == 0);
	MUST(mkdir(in("made"), 0700) == 0 && rmdir(in("made")) == 0);
	MUST(symlink("a", in("link")) == 0 && unlink(in("link")) == 0);
	MUST(mkfifo(in("fifo"), 0600) == 0 && unlink(in("fifo")) == 0);
	(void)snprintf(from, sizeof(from), "%s", in("new"));
	if (abi >= 2)
		MUST(rename(from, in("folder/new")) == 0);
	return 0;
}

START_TEST(below_a_writable_mount_everything_can_be_changed)
{
	must_pass(check_inside);
}
END_TEST

static int check_outside(void)
{
	char from[128];

	MUST(opens(out("file"), O_RDONLY));
	MUST(!opens(out("file"), O_WRONLY) && errno == EACCES);
	MUST(!opens(out("file"), O_RDWR) && errno == EACCES);
	MUST(!opens(out("new"), O_WRONLY | O_CREAT) && errno == EACCES);
	REFUSED(unlink(out("file")), EACCES);
	REFUSED(mkdir(out("made"), 0700), EACCES);
	REFUSED(symlink("a", out("link")), EACCES);
	(void)snprintf(from, sizeof(from), "%s", in("file"));
	REFUSED(rename(from, out("file")), EXDEV);
	(void)snprintf(from, sizeof(from), "%s", out("file"));
	REFUSED(rename(from, out("other")), EACCES);
	if (abi >= 3)
		REFUSED(truncate(out("file"), 0), EACCES);
	REFUSED(mount("none", out(""), "tmpfs", 0, NULL), EPERM);
	return 0;
}

START_TEST(elsewhere_files_can_be_read_alone)
{
	must_pass(check_outside);
}
END_TEST

static int check_nodes(void)
{
	REFUSED(mknod(in("node"), S_IFCHR | 0600, 0), EACCES);
	REFUSED(mknod(in("disk"), S_IFBLK | 0600, 0x800), EACCES);
	return 0;
}

START_TEST(no_device_node_can_be_made_anywhere)
{
	must_pass(check_nodes);
}
END_TEST

static int check_tcp(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	MUST(tcp >= 0 && udp >= 0);
	REFUSED(bind(tcp, (struct sockaddr *)&address, sizeof(address)), EACCES);
	address.sin_port = htons(9);
	REFUSED(connect(tcp, (struct sockaddr *)&address, sizeof(address)), EACCES);
	address.sin_port = 0;
	MUST(bind(udp, (struct sockaddr *)&address, sizeof(address)) == 0);
	return 0;
}

START_TEST(tcp_ports_are_neither_bound_nor_connected_to)
{
	if (abi >= 4)
		must_pass(check_tcp);
}
END_TEST

static int terminal = -1; /* of check_devices: opened before, and its path */
static char terminal_path[64];

static int check_devices(void)
{
	struct winsize size = {0};
	int again = open(terminal_path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	/* What was open before stays as it was. */
	MUST(ioctl(terminal, TIOCGWINSZ, &size) == 0);
	/* /dev is no mount of the config here. */
	MUST(again < 0 && errno == EACCES);
	again = open(terminal_path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	MUST(again >= 0);
	REFUSED(ioctl(again, TIOCSWINSZ, &size), EACCES);
	return 0;
}

START_TEST(devices_take_commands_below_dev_alone)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(unlockpt(master), 0);
	ck_assert_int_eq(ptsname_r(master, terminal_path, sizeof(terminal_path)), 0);
	terminal = open(terminal_path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(terminal, 0);
	if (abi >= 5)
		must_pass(check_devices);
	(void)close(terminal);
	(void)close(master);
}
END_TEST

static struct sockaddr_un abstract = {.sun_family = AF_UNIX};
static const socklen_t abstract_size = offsetof(struct sockaddr_un, sun_path) + 16;

static int check_scopes(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t child;

	REFUSED(connect(s, (struct sockaddr *)&abstract, abstract_size), EPERM);
	REFUSED(kill(getppid(), 0), EPERM);
	child = fork();
	if (child == 0) {
		(void)pause();
		_exit(0);
	}
	MUST(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	return 0;
}

START_TEST(sockets_and_processes_outside_are_not_reached)
{
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(abstract.sun_path + 1, 15, "nacre-%d", (int)getpid());
	ck_assert_int_eq(bind(server, (struct sockaddr *)&abstract, abstract_size), 0);
	ck_assert_int_eq(listen(server, 1), 0);
	if (abi >= 6)
		must_pass(check_scopes);
	(void)close(server);
}
END_TEST

static int check_root(void)
{
	MUST(opens(out("new"), O_WRONLY | O_CREAT));
	MUST(unlink(out("new")) == 0);
	return 0;
}

START_TEST(a_writable_root_is_writable_with_all_that_is_below)
{
	siginfo_t info;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(restrict_to(in(""), NULL, true) == abi ? check_root() : 255);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	ck_assert_int_eq(info.si_status, 0);
}
END_TEST

/* A mount of one file, as /etc/hosts is. */
static int check_file(void)
{
	MUST(opens(out("file"), O_WRONLY));
	MUST(!opens(out("new"), O_WRONLY | O_CREAT) && errno == EACCES);
	return 0;
}

START_TEST(a_file_that_is_a_mount_can_be_written)
{
	siginfo_t info;
	pid_t pid;

	ck_assert_int_eq(mount(out("file"), out("file"), NULL, MS_BIND, NULL), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(restrict_to(in(""), out("file"), false) == abi ? check_file() : 255);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	ck_assert_int_eq(info.si_status, 0);
	ck_assert_int_eq(umount2(out("file"), MNT_DETACH), 0);
}
END_TEST

/* From now on CALL fails with ERROR. */
static int let_fail(unsigned call, unsigned error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {4, filter};

	return sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &program);
}

START_TEST(a_kernel_without_it_is_told)
{
	siginfo_t info;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(let_fail(SYS_landlock_create_ruleset, ENOSYS) < 0 ||
			restrict_to(in(""), NULL, false) != 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	ck_assert_int_eq(info.si_status, 0);
}
END_TEST

START_TEST(what_cannot_be_looked_at_is_an_error_and_not_hidden)
{
	siginfo_t info;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(let_fail(SYS_statx, EIO) < 0 || restrict_to(in(""), NULL, false) != -EIO);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	ck_assert_int_eq(info.si_status, 0);
}
END_TEST

Suite *suite_landlock(void)
{
	Suite *s = suite_create("landlock");
	TCase *t = tcase_create("landlock");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	if (sys_landlock_abi() > 0) {
		tcase_add_test(t, below_a_writable_mount_everything_can_be_changed);
		tcase_add_test(t, elsewhere_files_can_be_read_alone);
		tcase_add_test(t, no_device_node_can_be_made_anywhere);
		tcase_add_test(t, tcp_ports_are_neither_bound_nor_connected_to);
		tcase_add_test(t, devices_take_commands_below_dev_alone);
		tcase_add_test(t, sockets_and_processes_outside_are_not_reached);
		tcase_add_test(t, a_writable_root_is_writable_with_all_that_is_below);
		tcase_add_test(t, a_file_that_is_a_mount_can_be_written);
		tcase_add_test(t, what_cannot_be_looked_at_is_an_error_and_not_hidden);
	}
	tcase_add_test(t, a_kernel_without_it_is_told);
	suite_add_tcase(s, t);
	return s;
}
