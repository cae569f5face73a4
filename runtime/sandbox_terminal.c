/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/commands.h"

/*
 * Protects the caller's terminal after an untrusted program has written to it: nacre's output must
 * be readable as written, and what was typed for the program must not answer nacre's question.
 */

enum {
	N_STDIO = 3,
};

/* What the program can change of stdin, stdout and stderr, which it shares with the caller. */
static struct {
	int flags; /* of fcntl(2), as O_NONBLOCK; -1: unknown */
	bool known; /* it is a terminal */
	struct termios mode;
	int exclusive; /* TIOCEXCL: no other program can open it */
} before[N_STDIO];

/* Resets what may hide or move later text. The cursor stays where the program left it, and
 * everything below is cleared, so that nothing that the program drew follows nacre's output. */
static const char reset[] =
	"\030\033\\" /* CAN, ST: ends an unfinished sequence or string */
	"\033[4i" /* from the printer back to the screen */
	"\033[?2026l" /* ends synchronized output: shows what was held back */
	"\033[?1047l\033[?47l" /* leaves the alternate screen; 1049 would move the cursor */
	"\0337\033[r\0338" /* scrolls the whole screen again; \033[r alone moves the cursor */
	"\033[!p" /* DECSTR: margins, origin, insert mode, attributes, character sets */
	"\033[?69l\033[4l\033[?7h\033[?25h\033[0m\033(B\017" /* for terminals without DECSTR */
	"\033]104\033\\\033]110\033\\\033]111\033\\" /* colours: text could be invisible */
	"\033[J\r\n";

void sandbox_terminal_keep(void)
{
	for (int fd = 0; fd < N_STDIO; fd++) {
		before[fd].flags = fcntl(fd, F_GETFL);
		before[fd].known = tcgetattr(fd, &before[fd].mode) == 0 &&
				   ioctl(fd, TIOCGEXCL, &before[fd].exclusive) == 0;
	}
}

/* Returns whether the terminal belongs to this job: to change the mode of another job's terminal
 * would stop nacre. */
static bool is_in_foreground(int fd)
{
	return tcgetpgrp(fd) == getpgrp();
}

void sandbox_terminal_restore(void)
{
	for (int fd = 0; fd < N_STDIO; fd++) {
		if (before[fd].flags >= 0)
			(void)fcntl(fd, F_SETFL, before[fd].flags);
		if (before[fd].known)
			(void)ioctl(fd, before[fd].exclusive ? TIOCEXCL : TIOCNXCL);
		if (before[fd].known && is_in_foreground(fd))
			(void)tcsetattr(fd, TCSANOW, &before[fd].mode);
	}
}

void sandbox_terminal_reset(void)
{
	if (isatty(STDERR_FILENO))
		log_text(reset);
}

/* Unblocks or blocks the signals that are blocked since the program ran (foreground.c): a person
 * who is asked may also end or stop the command. */
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
	(void)tcflush(STDIN_FILENO, TCIFLUSH); /* ENOTTY: a file, which is read whole */
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
