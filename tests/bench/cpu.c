/* SPDX-License-Identifier: Apache-2.0 */
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/clock.h"

/*
 *	cpu ROUNDS COMMAND... [+ COMMAND...]...
 *
 * Runs the commands in turn, ROUNDS times, and prints what each took: processor time of all its
 * processes, wall time, and the most memory that one of these had. The first
 * word of a COMMAND is its name in the report. Ratios are to the first command, round by round.
 *
 * What a command leaves behind counts too, as this process is its subreaper: bubblewrap does not
 * wait for the child that has made the mounts.
 */

#define MAX_COMMANDS 8

struct command {
	char **words; /* the name, the program, its arguments; ends with NULL */
	struct samples cpu, wall, ratios;
	long memory; /* KiB */
};

static double microseconds(const struct timeval *t)
{
	return (double)t->tv_sec * 1e6 + (double)t->tv_usec;
}

/* Waits for PID, -1: for any. Returns its status, or -1 if there is none. */
static int reap(struct command *c, pid_t pid, double *cpu)
{
	struct rusage usage;
	int status;

	if (wait4(pid, &status, 0, &usage) < 0)
		return -1;
	*cpu += microseconds(&usage.ru_utime) + microseconds(&usage.ru_stime);
	if (usage.ru_maxrss > c->memory)
		c->memory = usage.ru_maxrss;
	return status;
}

static void run(struct command *c, double *ret_cpu, double *ret_wall)
{
	extern char **environ;
	posix_spawn_file_actions_t files;
	const double before = now();
	pid_t pid;
	int r;

	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
	(void)posix_spawn_file_actions_adddup2(&files, 0, 1);
	r = posix_spawnp(&pid, c->words[1], &files, NULL, c->words + 1, environ);
	if (r)
		errx(1, "%s: %s", c->words[1], strerror(r));
	*ret_cpu = 0;
	r = reap(c, pid, ret_cpu);
	if (r)
		errx(1, "%s: status 0x%x", c->words[0], (unsigned)r);
	*ret_wall = now() - before;
	while (reap(c, -1, ret_cpu) >= 0)
		;
	(void)posix_spawn_file_actions_destroy(&files);
}

/* Every other round from the last to the first: none always follows the same other. */
static void one_round(struct command *commands, size_t n, long number)
{
	double cpu[MAX_COMMANDS], wall[MAX_COMMANDS];

	for (size_t i = 0; i < n; i++) {
		const size_t which = number % 2 ? n - 1 - i : i;

		run(&commands[which], &cpu[which], &wall[which]);
	}
	for (size_t i = 0; number >= 0 && i < n; i++) {
		samples_add(&commands[i].cpu, cpu[i]);
		samples_add(&commands[i].wall, wall[i]);
		samples_add(&commands[i].ratios, cpu[i] / cpu[0]);
	}
}

static size_t split(char **words, struct command *commands)
{
	size_t n = 0;

	for (char **word = words; *word; word++) {
		if (n == MAX_COMMANDS)
			errx(2, "at most %d commands", MAX_COMMANDS);
		commands[n++].words = word;
		while (*word && strcmp(*word, "+") != 0)
			word++;
		if (!*word)
			break;
		*word = NULL;
	}
	for (size_t i = 0; i < n; i++)
		if (!commands[i].words[0] || !commands[i].words[1])
			errx(2, "a command is a name and a program");
	return n;
}

static void report(struct command *c, double least)
{
	samples_sort(&c->cpu);
	samples_sort(&c->wall);
	samples_sort(&c->ratios);
	printf("%-16s %8.0f %8.0f   %8.0f %8.0f   %6ld   %5.2f %5.2f\n", c->words[0],
		samples_at(&c->cpu, 0), samples_at(&c->cpu, 50), samples_at(&c->wall, 0),
		samples_at(&c->wall, 50), c->memory, samples_at(&c->cpu, 0) / least,
		samples_at(&c->ratios, 50));
}

int main(int argc, char **argv)
{
	static struct command commands[MAX_COMMANDS];
	const long rounds = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
	size_t n;

	if (rounds <= 0)
		errx(2, "usage: cpu ROUNDS NAME COMMAND... [+ NAME COMMAND...]...");
	n = split(argv + 2, commands);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		err(1, "prctl");
	for (long i = -2; i < rounds && i < MAX_SAMPLES; i++) /* two to warm up */
		one_round(commands, n, i);
	printf("%-16s %8s %8s   %8s %8s   %6s   %s\n", "us", "cpu min", "median", "wall min",
		"median", "KiB", "cpu of the first: minima, median of the pairs");
	samples_sort(&commands[0].cpu);
	for (size_t i = 0; i < n; i++)
		report(&commands[i], samples_at(&commands[0].cpu, 0));
	return 0;
}
