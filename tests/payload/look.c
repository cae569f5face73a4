/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tests/payload/payload.h"

static int verb_env(int argc, char **argv)
{
	if (argc == 0)
		for (char **entry = environ; *entry; entry++)
			puts(*entry);
	for (int i = 0; i < argc; i++)
		printf("%s=%s\n", argv[i], getenv(argv[i]) ?: "(unset)");
	return 0;
}

static int verb_id(int argc, char **argv)
{
	gid_t groups[64];
	int n = getgroups(64, groups);
	mode_t mask = umask(0);

	(void)argc;
	(void)argv;
	umask(mask);
	printf("uid=%u gid=%u umask=%04o groups=", geteuid(), getegid(), mask);
	for (int i = 0; i < n; i++)
		printf("%s%u", i ? "," : "", groups[i]);
	puts("");
	return n < 0;
}

static int verb_status(int argc, char **argv)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[512];

	if (!file)
		return answer("status", -1);
	while (fgets(line, sizeof(line), file))
		for (int i = 0; i < argc; i++)
			if (strncmp(line, argv[i], strlen(argv[i])) == 0 &&
				line[strlen(argv[i])] == ':')
				fputs(line, stdout);
	fclose(file);
	return 0;
}

static int verb_uname(int argc, char **argv)
{
	struct utsname uts;

	(void)argc;
	(void)argv;
	uname(&uts);
	printf("host=%s domain=%s machine=%s\n", uts.nodename, uts.domainname, uts.machine);
	return 0;
}

static int verb_cwd(int argc, char **argv)
{
	char path[PATH_MAX];

	(void)argc;
	(void)argv;
	if (!getcwd(path, sizeof(path)))
		return answer("cwd", -1);
	puts(path);
	return 0;
}

static int verb_fds(int argc, char **argv)
{
	DIR *dir = opendir("/proc/self/fd");
	char target[PATH_MAX];
	struct dirent *entry;

	(void)argc;
	(void)argv;
	while (dir && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n < 0 || atoi(entry->d_name) == dirfd(dir))
			continue;
		printf("fd %s -> %.*s\n", entry->d_name, (int)n, target);
	}
	return dir ? closedir(dir) : answer("fds", -1);
}

static int verb_rlimits(int argc, char **argv)
{
	static const char *const names[] = {"CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC",
		"NOFILE", "MEMLOCK", "AS", "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO",
		"RTTIME"};

	(void)argc;
	(void)argv;
	for (int i = 0; i < 16; i++) {
		struct rlimit limit;

		if (getrlimit((__rlimit_resource_t)i, &limit) == 0)
			printf("RLIMIT_%s %ld %ld\n", names[i], (long)limit.rlim_cur,
				(long)limit.rlim_max);
	}
	return 0;
}

static int verb_sched(int argc, char **argv)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {.size = sizeof(attr)};
	cpu_set_t cpus;

	(void)argc;
	(void)argv;
	if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) < 0)
		return answer("sched", -1);
	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return answer("sched", -1);
	printf("policy=%u nice=%d priority=%u ioprio=%ld cpus=%d personality=%lx\n", attr.policy,
		attr.nice, attr.priority, syscall(SYS_ioprio_get, 1, 0), CPU_COUNT(&cpus),
		(unsigned long)syscall(SYS_personality, 0xffffffff));
	return 0;
}

static int verb_keyring(int argc, char **argv)
{
	char text[256] = "";

	(void)argc;
	(void)argv;
	/* KEYCTL_DESCRIBE of KEY_SPEC_SESSION_KEYRING */
	if (syscall(SYS_keyctl, 6, -3, text, sizeof(text) - 1) < 0)
		return answer("keyring", -1);
	/* KEYCTL_GET_KEYRING_ID */
	printf("keyring: %ld %s\n", syscall(SYS_keyctl, 0, -3, 0), text);
	return 0;
}

static int verb_tty(int argc, char **argv)
{
	struct winsize size = {0};

	(void)argc;
	(void)argv;
	for (int fd = 0; fd < 3; fd++)
		printf("tty %d: %s\n", fd, isatty(fd) ? ttyname(fd) ?: "unnamed" : "no");
	if (ioctl(0, TIOCGWINSZ, &size) == 0)
		printf("rows=%d columns=%d\n", size.ws_row, size.ws_col);
	printf("session leader: %s, foreground: %s\n", getsid(0) == getpid() ? "yes" : "no",
		tcgetpgrp(0) == getpgrp() ? "yes" : "no");
	return 0;
}

const struct verb look_verbs[] = {
	{"cwd", 0, verb_cwd},
	{"env", 0, verb_env},
	{"fds", 0, verb_fds},
	{"id", 0, verb_id},
	{"keyring", 0, verb_keyring},
	{"rlimits", 0, verb_rlimits},
	{"sched", 0, verb_sched},
	{"status", 1, verb_status},
	{"tty", 0, verb_tty},
	{"uname", 0, verb_uname},
	{NULL, 0, NULL},
};
