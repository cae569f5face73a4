/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/signals.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* The kernel's real-time signals are 32 to 64, and libc reserves the first: glibc two. RTMIN is
 * glibc's, as in every engine, with any libc. */
#define RTMIN 34
#define RTMAX 64

static const struct {
	const char *name;
	int number;
} names[] = {
	{"ABRT", SIGABRT},
	{"ALRM", SIGALRM},
	{"BUS", SIGBUS},
	{"CHLD", SIGCHLD},
	{"CLD", SIGCHLD},
	{"CONT", SIGCONT},
	{"FPE", SIGFPE},
	{"HUP", SIGHUP},
	{"ILL", SIGILL},
	{"INT", SIGINT},
	{"IO", SIGIO},
	{"IOT", SIGIOT},
	{"KILL", SIGKILL},
	{"PIPE", SIGPIPE},
	{"POLL", SIGPOLL},
	{"PROF", SIGPROF},
	{"PWR", SIGPWR},
	{"QUIT", SIGQUIT},
	{"SEGV", SIGSEGV},
#ifdef SIGSTKFLT /* not on MIPS */
	{"STKFLT", SIGSTKFLT},
#endif
	{"STOP", SIGSTOP},
	{"SYS", SIGSYS},
	{"TERM", SIGTERM},
	{"TRAP", SIGTRAP},
	{"TSTP", SIGTSTP},
	{"TTIN", SIGTTIN},
	{"TTOU", SIGTTOU},
	{"URG", SIGURG},
	{"USR1", SIGUSR1},
	{"USR2", SIGUSR2},
	{"VTALRM", SIGVTALRM},
	{"WINCH", SIGWINCH},
	{"XCPU", SIGXCPU},
	{"XFSZ", SIGXFSZ},
};

/* Accepts one or two digits, 0 to 64. Signal 0 only tests whether the process exists. */
static int parse_number(const char *text)
{
	int number = 0;
	size_t i;

	for (i = 0; isdigit((unsigned char)text[i]) && i < 2; i++)
		number = 10 * number + (text[i] - '0');
	return i > 0 && !text[i] && number <= RTMAX ? number : -EINVAL;
}

/* Accepts "RTMIN+1", "RTMAX-2", without SIG. */
static int parse_real_time(const char *text)
{
	int minimum = strncasecmp(text, "RTMIN", 5) == 0, number = 0;

	if (!minimum && strncasecmp(text, "RTMAX", 5) != 0)
		return -EINVAL;
	text += 5;
	if (*text) {
		if (*text != (minimum ? '+' : '-'))
			return -EINVAL;
		number = parse_number(text + 1);
	}
	if (number < 0 || number > RTMAX - RTMIN)
		return -EINVAL;
	return minimum ? RTMIN + number : RTMAX - number;
}

int signal_from_text(const char *text)
{
	size_t i;

	if (isdigit((unsigned char)*text))
		return parse_number(text);
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(text, names[i].name) == 0)
			return names[i].number;
	return parse_real_time(text);
}
