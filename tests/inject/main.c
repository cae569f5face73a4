/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/report.h"
#include "tests/inject/worker.h"
#include "tests/inject/world.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The injector: lets one system call of one nacre command fail, or kills the process at it, and
 *looks whether the command says one clear error or does all that it does undisturbed; and whether
 * `delete --force` then leaves nothing. It needs root, and speaks TAP: a test for each command and
 *fault.
 *
 *	inject			every command, under agent; as many cases as fit into a few minutes
 *	inject --stride 1	each case; --stride 10 --offset 3 each tenth from the fourth on
 *	inject --mode strict	oci, userns, trace, systemd: see mode_set() in subject.h
 *	inject --list		names the cases and tries none
 *	inject run/command.1	the cases whose names begin so; in full with what nacre says:
 *	inject run/command.1/openat:17/EIO
 *
 * INJECT_STRIDE and INJECT_MODE in the environment are the defaults of --stride and --mode.
 */
#define DEFAULT_CASES 3000
#define MAX_WORKERS 16

static struct {
	char nacre[4096], look[4096], egress[4096], systemd[4096];
	const char *mode;
	unsigned workers;
	bool list;
	char **names; /* what is asked for; ended by NULL */
	struct cases *cases;
	bool wanted[MAX_CASES];
} inject = {.workers = 2};

static _Noreturn void usage(void)
{
	(void)fputs("usage: inject [--mode MODE] [--stride N] [--offset N] [--workers N] [--list] "
		    "[CASE]...\n",
		stderr);
	exit(2);
}

static unsigned number(const char *text, unsigned least, unsigned most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || value < least || value > most)
		usage();
	return (unsigned)value;
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = {{"mode", 1, NULL, 'm'}, {"stride", 1, NULL, 's'},
		{"offset", 1, NULL, 'o'}, {"workers", 1, NULL, 'w'}, {"list", 0, NULL, 'l'},
		{NULL, 0, NULL, 0}};
	const char *stride = getenv("INJECT_STRIDE");
	int option;

	inject.mode = getenv("INJECT_MODE") ?: "agent";
	if (stride && *stride)
		inject.cases->stride = number(stride, 1, MAX_CASES);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'm':
			inject.mode = optarg;
			break;
		case 's':
			inject.cases->stride = number(optarg, 1, MAX_CASES);
			break;
		case 'o':
			inject.cases->offset = number(optarg, 0, MAX_CASES);
			break;
		case 'w':
			inject.workers = number(optarg, 1, MAX_WORKERS);
			break;
		case 'l':
			inject.list = true;
			break;
		default:
			usage();
		}
	inject.names = argv + optind;
	if (!mode_set(inject.mode))
		usage();
}

/* Becomes a process of namespaces where systemd is pid 1, if it is in none. */
static void enter_systemd(char **argv)
{
	char boot[] = SYSTEMD_BOOT, *words[64] = {boot};

	if (!mode_systemd() || access("/run/systemd/system", F_OK) == 0)
		return;
	if (access("/usr/lib/systemd/systemd", X_OK) < 0 &&
		access("/lib/systemd/systemd", X_OK) < 0) {
		puts("1..0 # SKIP systemd is not installed");
		exit(0);
	}
	for (size_t i = 0; argv[i] && i < sizeof(words) / sizeof(words[0]) - 2; i++)
		words[i + 1] = argv[i];
	(void)execv(boot, words);
	give_up("%s: %s", boot, strerror(errno));
}

/* All lie in one build directory. */
static void find_programs(void)
{
	char self[4000] = "", *directory;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		give_up("readlink /proc/self/exe: %s", strerror(errno));
	directory = dirname(self);
	(void)snprintf(inject.look, sizeof(inject.look), "%s/look", directory);
	directory = dirname(dirname(directory));
	(void)snprintf(inject.nacre, sizeof(inject.nacre), "%s/nacre", directory);
	(void)snprintf(inject.egress, sizeof(inject.egress), "%s/nacre-egress", directory);
	(void)snprintf(inject.systemd, sizeof(inject.systemd), "%s/nacre-systemd", directory);
	(void)setenv("NACRE_LIBEXECDIR", WORLD_LIBEXEC, 1);
}

/* In a world of its own, WORK is done by a child; without, it is waited for. */
static pid_t start_worker(unsigned worker, unsigned wanted_commands, bool talks)
{
	char name[64];
	pid_t pid, self = getpid();

	(void)fflush(NULL);
	pid = (pid_t)syscall(SYS_clone, (mode_systemd() ? 0 : CLONE_NEWPID) | CLONE_NEWNS | SIGCHLD,
		NULL, NULL, NULL, NULL);
	if (pid < 0)
		give_up("new namespaces: %s", strerror(errno));
	if (pid > 0)
		return pid;
	(void)snprintf(name, sizeof(name), "inject_%d_%u", self, worker);
	world_enter(name, inject.nacre, inject.look, inject.egress,
		mode_systemd() ? inject.systemd : NULL);
	if (wanted_commands)
		worker_find_calls(inject.cases, wanted_commands);
	worker_try_cases(inject.cases, inject.wanted, talks);
}

/* Returns whether it ended well; what it said is said. */
static bool end_worker(unsigned worker, pid_t pid)
{
	char name[64];
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	(void)snprintf(name, sizeof(name), "inject_%d_%u", getpid(), worker);
	world_leave(name);
	if (status != 0)
		printf("# worker %u ended with %#x\n", worker, (unsigned)status);
	return status == 0;
}

static bool is_asked_for(unsigned index)
{
	if (!inject.names[0])
		return index % inject.cases->stride == inject.cases->offset;
	for (char **name = inject.names; *name; name++)
		if (case_is(inject.cases, index, *name))
			return true;
	return false;
}

static unsigned wanted_commands(void)
{
	unsigned wanted = 0;

	for (unsigned i = 0; i < N_COMMANDS; i++) {
		size_t length = strlen(commands[i].name);

		for (char **name = inject.names; *name; name++)
			if (!strncmp(*name, commands[i].name, length) &&
				(!(*name)[length] || (*name)[length] == '/'))
				wanted |= 1u << i;
	}
	return inject.names[0] ? wanted : (1u << N_COMMANDS) - 1;
}

static unsigned choose(void)
{
	unsigned n = 0;
	char name[CASE_NAME_SIZE];

	for (unsigned i = 0; i < inject.cases->n; i++) {
		inject.wanted[i] = is_asked_for(i);
		n += inject.wanted[i];
		if (!inject.list || !inject.wanted[i])
			continue;
		case_print(inject.cases, i, name);
		puts(name);
	}
	return n;
}

int main(int argc, char **argv)
{
	pid_t workers[MAX_WORKERS];
	unsigned wanted, n;
	bool good = true;

	if (geteuid() != 0) {
		puts("1..0 # SKIP this needs root");
		return 0;
	}
	inject.cases = mmap(NULL, sizeof(*inject.cases), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (inject.cases == MAP_FAILED)
		give_up("memory: %s", strerror(errno));
	read_options(argc, argv);
	enter_systemd(argv);
	find_programs();
	wanted = wanted_commands();
	if (!wanted || !end_worker(0, start_worker(0, wanted, false)))
		give_up("the calls could not be found");
	cases_make(inject.cases, DEFAULT_CASES);
	n = choose();
	if (inject.list)
		return 0;
	if (n == 0)
		give_up("there is no such case");
	printf("# %u of %u cases, stride %u, offset %u\n", n, inject.cases->n, inject.cases->stride,
		inject.cases->offset);
	for (unsigned i = 0; i < inject.workers; i++)
		workers[i] = start_worker(i, 0, n == 1);
	for (unsigned i = 0; i < inject.workers; i++)
		good &= end_worker(i, workers[i]);
	return report(inject.cases, inject.wanted) && good ? 0 : 1;
}
