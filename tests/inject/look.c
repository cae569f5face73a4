/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

/*
 * The program in the containers of the injector. It prints all that a runtime decides about a
 *process, and nothing that differs between two containers of one config: two outputs are equal, or
 *one container is not what the other is.
 *
 *	look		prints that
 *	look pause	sleeps until it is killed
 *	look watch	sleeps so for as long as rules of egress hold
 *	look true	ends
 */

static void print_file(const char *title, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[4096];

	if (!file) {
		printf("%s: %s\n", title, strerrorname_np(errno));
		return;
	}
	while (fgets(line, sizeof(line), file))
		printf("%s: %s", title, line);
	(void)fclose(file);
}

static void print_status(void)
{
	static const char *const wanted[] = {"Umask", "State", "Uid", "Gid", "Groups", "NoNewPrivs",
		"Seccomp", "Cap", "Sig", "Shd", "CoreDumping", "THP_enabled", "Speculation",
		"Cpus_allowed", "NSpid", "NSsid", "NSpgid"};
	FILE *file = fopen("/proc/self/status", "re");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (!strncmp(line, wanted[i], strlen(wanted[i])) &&
				(strncmp(line, "NS", 2) || getpid() == 1) &&
				strncmp(line, "SigQ", 4))
				fputs(line, stdout);
	if (file)
		(void)fclose(file);
}

/* proc(5): without the ids of mounts and of the device, which count up. */
static void print_mounts(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	int at;

	while (file && fgets(line, sizeof(line), file)) {
		at = 0;
		(void)sscanf(line, "%*d %*d %*s %n", &at);
		printf("mount: %s", line + at);
	}
	if (file)
		(void)fclose(file);
}

static void print_limits(void)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit;

		if (getrlimit((__rlimit_resource_t)i, &limit) == 0)
			printf("rlimit %d: %ld %ld\n", i, (long)limit.rlim_cur,
				(long)limit.rlim_max);
	}
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Numbers of pipes, sockets and namespaces are left out. */
static void print_links(const char *directory)
{
	struct dirent **names;
	int n = scandir(directory, &names, NULL, by_name);

	for (int i = 0; i < n; i++) {
		char path[400], target[400];
		ssize_t length;

		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]->d_name);
		length = readlink(path, target, sizeof(target) - 1);
		free(names[i]);
		if (length < 0)
			continue;
		target[length] = '\0';
		if (strchr(target, '['))
			target[strcspn(target, "[")] = '\0';
		if (strncmp(target, "/proc/", 6) != 0) /* the directory that is listed */
			printf("%s -> %s\n", path, target);
	}
	if (n >= 0)
		free(names);
}

/* Whether they are those of the first process, of which an exec must have all. */
static void print_namespaces(void)
{
	static const char *const names[] = {
		"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];
		struct stat own, first;

		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		if (stat(path, &own) < 0)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/1/ns/%s", names[i]);
		printf("namespace %s: %s\n", names[i],
			stat(path, &first) < 0	     ? strerrorname_np(errno)
			: own.st_ino == first.st_ino ? "of the container"
						     : "of another");
	}
}

static void print_files(const char *directory)
{
	struct dirent **names;
	int n = scandir(directory, &names, NULL, by_name);

	for (int i = 0; i < n; i++) {
		char path[400];
		struct stat st;

		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && lstat(path, &st) == 0)
			printf("file %s: %o %u:%u %u:%u\n", path, st.st_mode, st.st_uid, st.st_gid,
				major(st.st_rdev), minor(st.st_rdev));
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* An exec has one of its own, with numbers. */
static void print_own_cgroup(void)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "0::", 3))
			printf("cgroup: %.*s\n", (int)strcspn(line + 3, "0123456789\n"), line + 3);
	if (file)
		(void)fclose(file);
}

/* What is no count and no event is a limit. */
static void print_cgroup(void)
{
	static const char *const moving[] = {".stat", ".current", ".events", ".local", ".pressure",
		".peak", ".procs", ".threads", ".kill", ".reclaim", ".numa_stat", ".effective"};
	struct dirent **names;
	int n = scandir("/sys/fs/cgroup", &names, NULL, by_name);

	print_own_cgroup();
	for (int i = 0; i < n; i++) {
		char path[400];
		bool moves = names[i]->d_type != DT_REG;

		for (size_t k = 0; k < sizeof(moving) / sizeof(moving[0]); k++)
			moves |= strstr(names[i]->d_name, moving[k]) != NULL;
		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", names[i]->d_name);
		if (!moves)
			print_file(names[i]->d_name, path);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

static void print_result(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
}

static void print_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	printf("%s for %s: ", path, flags == O_RDONLY ? "reading" : "writing");
	print_result("open", fd);
	if (fd >= 0)
		(void)close(fd);
}

static void print_connect(const char *address, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char what[64];

	(void)inet_pton(AF_INET, address, &to.sin_addr);
	(void)snprintf(what, sizeof(what), "connect to %s:%u", address, port);
	print_result(
		what, sock < 0 ? sock : connect(sock, (const struct sockaddr *)&to, sizeof(to)));
	if (sock >= 0)
		(void)close(sock);
}

static size_t write_question(const char *name, uint8_t *bytes)
{
	static const uint8_t head[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, tail[] = {0, 1, 0, 1};
	uint8_t *at = mempcpy(bytes, head, sizeof(head));
	size_t n;

	for (; *name; name += n + (name[n] == '.')) {
		n = strcspn(name, ".");
		*at++ = (uint8_t)n;
		at = mempcpy(at, name, n);
	}
	*at++ = 0;
	at = mempcpy(at, tail, sizeof(tail));
	return (size_t)(at - bytes);
}

/* Of the resolver that rules with names bring. */
static void print_name(const char *name)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(0xc6120001)};
	const struct timeval patience = {.tv_sec = 5};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t bytes[512];
	ssize_t n = (ssize_t)write_question(name, bytes);
	char address[INET_ADDRSTRLEN];

	(void)setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	n = sendto(sock, bytes, (size_t)n, 0, (const struct sockaddr *)&to, sizeof(to));
	if (n > 0)
		n = recv(sock, bytes, sizeof(bytes), 0);
	if (n < 12)
		print_result(name, n);
	else if (bytes[7] == 1) /* an answer, whose end is the address */
		printf("%s: %s\n", name,
			inet_ntop(AF_INET, bytes + n - 4, address, sizeof(address)));
	else
		printf("%s: no such name (%d)\n", name, bytes[3] & 0xf);
	if (sock >= 0)
		(void)close(sock);
}

static void print_listen(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(8080)};
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	print_result("bind", bind(sock, (const struct sockaddr *)&at, sizeof(at)));
	print_result("listen", listen(sock, 1));
	if (sock >= 0)
		(void)close(sock);
}

/* One of each kind that the filter, the capabilities, the masks and Landlock refuse. */
static void print_attempts(void)
{
	static const char *const files[] = {"/proc/kcore", "/proc/keys", "/proc/timer_list",
		"/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/sys/firmware", "/dev/null",
		"/dev/full", "/look", "/tmp", "/mnt", "/etc", "/sys/fs/cgroup/cgroup.procs"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		print_open(files[i], O_RDONLY);
		print_open(files[i], O_WRONLY);
	}
	print_result("mkdir /made", mkdir("/made", 0700));
	print_result("mkdir /tmp/made", mkdir("/tmp/made", 0700));
	(void)rmdir("/tmp/made");
	print_result("mknod", mknod("/tmp/node", S_IFCHR | 0600, makedev(1, 3)));
	(void)unlink("/tmp/node");
	print_result("mount", mount("none", "/mnt", "tmpfs", 0, NULL));
	print_result("unshare", unshare(CLONE_NEWUTS));
	print_result("bpf", syscall(SYS_bpf, 0, NULL, 0));
	print_result("keyctl", syscall(SYS_keyctl, 0, -3, 0));
	print_result("userfaultfd", syscall(SYS_userfaultfd, 0));
	print_result("io_uring_setup", syscall(SYS_io_uring_setup, 1, NULL));
	print_result("getcpu", syscall(SYS_getcpu, NULL, NULL, NULL));
	print_result("socket of AF_VSOCK", socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
	print_result("socket of AF_INET", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	print_connect("127.0.0.1", 9);
	print_connect("192.0.2.1", 9);
	print_connect("198.51.100.1", 9);
	print_connect("203.0.113.1", 9);
	print_name("a.test");
	print_name("b.test");
	print_name("c.test");
	print_connect("169.254.169.254", 80);
	print_listen();
	print_result("setuid", setuid(12345));
}

static void print_process(void)
{
	char text[256] = "";
	struct utsname names = {.nodename = ""};
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	(void)sched_getaffinity(0, sizeof(cpus), &cpus);
	printf("cwd: %s\n", getcwd(text, sizeof(text)) ?: "none");
	(void)uname(&names);
	printf("hostname: %s\ndomainname: %s\n", names.nodename, names.domainname);
	printf("policy %d nice %d ioprio %ld cpus %d personality %lx timer slack %d\n",
		sched_getscheduler(0), getpriority(PRIO_PROCESS, 0), syscall(SYS_ioprio_get, 1, 0),
		CPU_COUNT(&cpus), syscall(SYS_personality, 0xffffffff), prctl(PR_GET_TIMERSLACK));
	printf("dumpable %d death signal %d securebits %x leader %d\n", prctl(PR_GET_DUMPABLE),
		prctl(PR_GET_PDEATHSIG, &(int){0}), (unsigned)prctl(PR_GET_SECUREBITS),
		getsid(0) == getpid());
	print_file("oom score", "/proc/self/oom_score_adj");
	print_file("label", "/proc/self/attr/current");
	print_file("uid map", "/proc/self/uid_map");
	print_file("gid map", "/proc/self/gid_map");
	print_file("sysctl", "/proc/sys/kernel/msgmax");
	print_file("loopback", "/sys/class/net/lo/flags");
	print_file("environment", "/proc/self/environ");
	puts("");
}

/* Ends when an address that no rules have, neither the old nor the new, is not refused. */
static int watch(void)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0xc6336402)};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	while (connect(sock, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno == EPERM)
		(void)usleep(500);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "watch"))
		return watch();
	if (argc == 2 && !strcmp(argv[1], "pause"))
		for (;;)
			(void)pause();
	if (argc == 2)
		return strcmp(argv[1], "true") != 0;
	print_status();
	print_process();
	print_limits();
	print_links("/proc/self/fd");
	print_namespaces();
	print_mounts();
	print_files("/");
	print_files("/dev");
	print_cgroup();
	print_attempts();
	return 0;
}
