/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/payload/payload.h"

static int trap_code;

static void exit_with_code(int sig)
{
	(void)sig;
	_exit(trap_code);
}

static int verb_trap(int argc, char **argv)
{
	trap_code = argc > 1 ? atoi(argv[1]) : 0;
	signal(atoi(argv[0]), exit_with_code);
	return 0;
}

static int verb_spawn(int argc, char **argv)
{
	(void)argc;
	fflush(stdout);
	for (int i = 0; i < atoi(argv[0]); i++)
		if (fork() == 0)
			for (;;)
				pause();
	return 0;
}

static int verb_pause(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	pause();
	return 0;
}

static int verb_sleep(int argc, char **argv)
{
	(void)argc;
	return usleep((useconds_t)(atof(argv[0]) * 1000000));
}

static int verb_exit(int argc, char **argv)
{
	(void)argc;
	exit(atoi(argv[0]));
}

static int verb_echo(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("%s%s", i ? " " : "", argv[i]);
	puts("");
	return 0;
}

static int verb_error(int argc, char **argv)
{
	(void)argc;
	fprintf(stderr, "%s\n", argv[0]);
	return 0;
}

static int verb_readline(int argc, char **argv)
{
	char line[256];

	(void)argc;
	(void)argv;
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	printf("read: %s", line);
	return 0;
}

static int verb_true(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static int verb_false(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 1;
}

const struct verb run_verbs[] = {
	{"echo", 0, verb_echo},
	{"error", 1, verb_error},
	{"exit", 1, verb_exit},
	{"false", 0, verb_false},
	{"pause", 0, verb_pause},
	{"readline", 0, verb_readline},
	{"sleep", 1, verb_sleep},
	{"spawn", 1, verb_spawn},
	{"trap", 1, verb_trap},
	{"true", 0, verb_true},
	{NULL, 0, NULL},
};
