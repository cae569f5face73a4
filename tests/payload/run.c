/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
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

static int verb_stop_output(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return tcflow(STDOUT_FILENO, TCOOFF);
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

/* eof N: reads what there is, up to the end of the file, and that N times. */
static int verb_eof(int argc, char **argv)
{
	char bytes[256];
	ssize_t n;

	(void)argc;
	for (int ends = atoi(argv[0]); ends > 0; ends -= n == 0) {
		n = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (n < 0)
			return 1;
		printf("%.*s", (int)n, bytes);
	}
	puts("end");
	return 0;
}

/* raw SECONDS: then makes the terminal raw, as a line editor does, and reads up to ^D. */
static int verb_raw(int argc, char **argv)
{
	struct termios mode;
	char byte = 0;

	(void)argc;
	(void)usleep((useconds_t)(atof(argv[0]) * 1000000));
	if (tcgetattr(STDIN_FILENO, &mode) < 0)
		return 1;
	mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	mode.c_iflag &= ~(tcflag_t)ICRNL;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &mode) < 0)
		return 1;
	puts("prompt");
	(void)fflush(stdout);
	while (byte != 4) {
		if (read(STDIN_FILENO, &byte, 1) != 1)
			return 1;
		printf("byte %d\n", byte);
	}
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
	{"eof", 1, verb_eof},
	{"error", 1, verb_error},
	{"exit", 1, verb_exit},
	{"false", 0, verb_false},
	{"pause", 0, verb_pause},
	{"raw", 1, verb_raw},
	{"readline", 0, verb_readline},
	{"sleep", 1, verb_sleep},
	{"spawn", 1, verb_spawn},
	{"stop_output", 0, verb_stop_output},
	{"trap", 1, verb_trap},
	{"true", 0, verb_true},
	{NULL, 0, NULL},
};
