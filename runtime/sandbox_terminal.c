/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/commands.h"

/*
 * The terminal of the caller, after a program that nobody trusts has written to it. What stands
 * there must be read as nacre writes it, and what was typed for the program is no answer to nacre.
 */

enum {
	N_STDIO = 3,
};

/* Of each of stdin, stdout and stderr that is a terminal. */
static struct {
	struct termios mode;
	bool known;
} before[N_STDIO];

/* What may hide or move what comes next. The cursor goes where the program left it, and below it
 * all is empty: of what it drew, nothing stands after what nacre writes. */
static const char reset[] =
	"\030\033\\" /* CAN, ST: ends a sequence or a string that was begun */
	"\033[4i" /* from the printer, back to the screen */
	"\033[?2026l" /* what was held back is shown */
	"\033[?1047l\033[?47l" /* off the alternate screen; 1049 would move the cursor */
	"\0337\033[r\0338" /* the whole screen scrolls; that alone sends the cursor home */
	"\033[!p" /* DECSTR: margins, origin, insert mode, attributes, character sets */
	"\033[?69l\033[4l\033[?7h\033[?25h\033[0m\033(B\017" /* for terminals without it */
	"\033]104\033\\\033]110\033\\\033]111\033\\" /* colours: text hides in the ground */
	"\033[J\r\n";

void sandbox_terminal_keep(void)
{
	for (int fd = 0; fd < N_STDIO; fd++)
		before[fd].known = tcgetattr(fd, &before[fd].mode) == 0;
}

/* Of another job's terminal to change the mode stops the caller. */
static bool is_in_foreground(int fd)
{
	return tcgetpgrp(fd) == getpgrp();
}

void sandbox_terminal_restore(void)
{
	for (int fd = 0; fd < N_STDIO; fd++)
		if (before[fd].known && is_in_foreground(fd))
			(void)tcsetattr(fd, TCSANOW, &before[fd].mode);
}

void sandbox_terminal_reset(void)
{
	if (isatty(STDERR_FILENO))
		log_text(reset);
}

/* Blocked since the program ran (foreground.c): whoever is asked may also end or stop the command.
 */
static void let_signals(int how)
{
	static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigaddset(&set, signals[i]);
	(void)sigprocmask(how, &set, NULL);
}

int sandbox_terminal_ask(const char *question, char **ret_answer)
{
	size_t room = 0;
	ssize_t n;

	*ret_answer = NULL;
	log_text(question);
	(void)tcflush(STDIN_FILENO, TCIFLUSH); /* ENOTTY: a file, all of which is the answer */
	errno = 0;
	let_signals(SIG_UNBLOCK);
	n = getline(ret_answer, &room, stdin);
	let_signals(SIG_BLOCK);
	if (n < 0) {
		free(*ret_answer);
		*ret_answer = NULL;
		return errno ? -errno : -ENODATA;
	}
	(*ret_answer)[strcspn(*ret_answer, "\n")] = '\0';
	return 0;
}
