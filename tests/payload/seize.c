/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/payload/payload.h"

/* What a program with CAP_SYS_PTRACE gets of the runtime's processes in its pid namespace. */

static char found[8192]; /* what is wrong with the one that is looked at */

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add(const char *format, ...)
{
	size_t used = strlen(found);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(found + used, sizeof(found) - used, format, args);
	va_end(args);
}

static ssize_t slurp(const char *pid, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	n = read(fd, text, size - 1);
	(void)close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n;
}

/* Whether it is the runtime still. */
static bool is_runtime(const char *pid)
{
	char name[32];

	return slurp(pid, "comm", name, sizeof(name)) > 0 && strcmp(name, "nacre\n") == 0;
}

static void compare_line(const char *word, const char *own, const char *its)
{
	const char *a = strstr(own, word), *b = strstr(its, word);
	size_t length = a ? strcspn(a, "\n") : 0;

	if (!a || !b || strncmp(a, b, length + 1) != 0)
		add(" %.*s", b ? (int)strcspn(b, "\n") : 4, b ? b : "none");
}

static void compare_status(const char *pid)
{
	static const char *const words[] = {
		"\nUid:", "\nGid:", "\nGroups:", "\nCapInh:", "\nCapPrm:", "\nCapEff:", "\nCapBnd:",
		"\nCapAmb:", "\nNoNewPrivs:", "\nSeccomp:", "\nSeccomp_filters:"};
	char own[8192], its[8192];

	if (slurp("self", "status", own, sizeof(own)) <= 0 ||
		slurp(pid, "status", its, sizeof(its)) <= 0)
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		compare_line(words[i] + 1, own, its);
}

static void compare_directory(const char *pid, const char *name)
{
	struct stat own, its;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/%s", name);
	if (stat(path, &own) < 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	if (stat(path, &its) == 0 && (own.st_dev != its.st_dev || own.st_ino != its.st_ino))
		add(" its %s", name);
}

/* stdio, and sockets and pipes to the runtime. */
static void look_at_files(const char *pid)
{
	char path[PATH_MAX], link[PATH_MAX];
	struct dirent *entry;
	DIR *directory;

	(void)snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		ssize_t n;

		if (entry->d_name[0] == '.' || atoi(entry->d_name) < 3)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%s/fd/%.16s", pid, entry->d_name);
		n = readlink(path, link, sizeof(link) - 1);
		link[n < 0 ? 0 : n] = '\0';
		if (n > 0 && strncmp(link, "socket:", 7) != 0 && !strstr(link, "start"))
			add(" file %s", link);
	}
	if (directory)
		(void)closedir(directory);
}

static bool holds(int memory, unsigned long from, unsigned long to, const char *text)
{
	static char chunk[1 << 20];

	for (; from < to; from += sizeof(chunk)) {
		size_t size = to - from < sizeof(chunk) ? to - from : sizeof(chunk);
		ssize_t n = pread(memory, chunk, size, (off_t)from);

		if (n > 0 && memmem(chunk, (size_t)n, text, strlen(text)))
			return true;
	}
	return false;
}

/* SECRET: of the runtime's environment on the host. */
static void look_at_memory(const char *pid, const char *secret)
{
	char path[64], line[512], text[4096];
	unsigned long from, to;
	FILE *maps;
	int memory;

	(void)snprintf(path, sizeof(path), "/proc/%s/mem", pid);
	memory = open(path, O_RDONLY);
	(void)snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "r");
	while (memory >= 0 && maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx rw", &from, &to) == 2 && strstr(line, " rw") &&
			holds(memory, from, to, secret))
			add(" memory %.*s", (int)strcspn(line, "\n"), line);
	if (maps)
		(void)fclose(maps);
	if (memory >= 0)
		(void)close(memory);
	if (slurp(pid, "cmdline", text, sizeof(text)) > 0 && text[0])
		add(" command line %s", text);
}

static bool seized; /* the one that is looked at */

static void look(const char *pid, const char *secret)
{
	const pid_t number = (pid_t)atoi(pid);

	seized = ptrace(PTRACE_SEIZE, number, 0, 0) == 0;
	if (seized && ptrace(PTRACE_INTERRUPT, number, 0, 0) == 0)
		(void)waitpid(number, NULL, __WALL);
	found[0] = '\0';
	if (is_runtime(pid)) {
		compare_status(pid);
		compare_directory(pid, "root");
		compare_directory(pid, "cwd");
		look_at_files(pid);
		look_at_memory(pid, secret);
		/* What was read while it became the program is of neither. */
		if (is_runtime(pid))
			printf("%s:%s\n", seized ? "seized" : "read",
				found[0] ? found : " like me");
	}
	if (seized)
		(void)ptrace(PTRACE_DETACH, number, 0, 0);
}

/* The secret is told backwards, so that it is nowhere here. */
static int verb_seize(int argc, char **argv)
{
	static char secret[256];
	size_t length = strlen(argv[0]);

	(void)argc;
	for (size_t i = 0; i < length && i < sizeof(secret) - 1; i++)
		secret[i] = argv[0][length - 1 - i];
	puts("watching");
	for (bool on = true; on;) {
		DIR *directory = opendir("/proc");
		struct dirent *entry;

		while (directory && (entry = readdir(directory)))
			if (atoi(entry->d_name) > 0 && atoi(entry->d_name) != getpid() &&
				is_runtime(entry->d_name))
				look(entry->d_name, secret);
		if (directory)
			(void)closedir(directory);
		on = directory;
	}
	return 1;
}

/* Traces each process that comes, and never asks what became of it. */
static int trace_all(bool halt)
{
	pid_t last = getpid();

	for (bool on = true; on;) {
		DIR *directory = opendir("/proc");
		struct dirent *entry;

		while (directory && (entry = readdir(directory))) {
			const pid_t pid = (pid_t)atoi(entry->d_name);

			if (pid <= last || ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
				continue;
			if (halt)
				(void)ptrace(PTRACE_INTERRUPT, pid, 0, 0);
			last = pid;
			printf("traced %s\n", entry->d_name);
		}
		if (directory)
			(void)closedir(directory);
		on = directory && usleep(100) == 0;
	}
	return 1;
}

static int verb_trace(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return trace_all(false);
}

/* Halts them as well. */
static int verb_halt(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return trace_all(true);
}

const struct verb seize_verbs[] = {
	{"halt", 0, verb_halt},
	{"seize", 1, verb_seize},
	{"trace", 0, verb_trace},
	{.name = NULL},
};
