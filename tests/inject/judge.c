/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/judge.h"

#include "tests/inject/world.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define ERROR "nacre: "

enum {
	OUT = 1 << 0,
	ERR = 1 << 1,
};

/*
 * Warnings that stand beside an exit status 0, or beside an error, because they must. No other may:
 * what was left out makes a command fail.
 */
static const struct {
	const char *line;
	const char *command; /* NULL: any */
	unsigned shortens; /* what is not whole, and the line says so */
} allowed[] = {
	/* The specification wants the runtime to go on. */
	{"nacre: warning: error running poststop hook #", NULL, 0},
	/* The exit status is the program's. */
	{"nacre: warning: delete " WORLD_ID " after it ended: ", "run", 0},
	{"nacre: warning: cannot report what was refused: ", "run", ERR},
	/* One container that cannot be read does not hide the others. */
	{"nacre: warning: read the record of container ", "list", OUT},
	{"nacre: warning: container \"" WORLD_ID "\": ", "list", OUT},
};

/* seccomp_unotify(2): a call that a tracer would have answered, and that is left. */
static bool is_unanswered(const char *expected, const char *found)
{
	static const char answer[] = ": ENOSYS\n";
	size_t length = strcspn(found, "\n") + 1, before;

	if (length < sizeof(answer) ||
		strncmp(found + length - sizeof(answer) + 1, answer, sizeof(answer) - 1) != 0)
		return false;
	before = length - sizeof(answer) + 3;
	return !strncmp(expected, found, before);
}

static const char *next_line(const char *text)
{
	text += strcspn(text, "\n");
	return *text ? text + 1 : text;
}

void judge_equal(
	const char *what, const char *expected, const char *found, bool untraced, char *wrong)
{
	size_t length;

	for (; *expected || *found; expected = next_line(expected), found = next_line(found)) {
		length = strcspn(expected, "\n") + 1;
		if (strncmp(expected, found, length) != 0 &&
			!(untraced && is_unanswered(expected, found)))
			break;
	}
	if (!*expected && !*found)
		return;
	complain(wrong, "%s is another: \"%.*s\", undisturbed: \"%.*s\"", what,
		(int)strcspn(found, "\n"), found, (int)strcspn(expected, "\n"), expected);
}

static bool is_allowed(const char *line, const struct command *command, unsigned *ret_shortens)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (!strncmp(line, allowed[i].line, strlen(allowed[i].line)) &&
			(!allowed[i].command || !strcmp(allowed[i].command, command->name))) {
			*ret_shortens |= allowed[i].shortens;
			return true;
		}
	return false;
}

/* Takes the allowed lines away. Returns what they say is not whole. */
static unsigned take_allowed(char *err, const struct command *command)
{
	unsigned shortens = 0;
	char *to = err;

	for (char *line = err; *line;) {
		size_t length = strcspn(line, "\n") + 1;

		if (!line[length - 1])
			length--;
		if (!is_allowed(line, command, &shortens)) {
			memmove(to, line, length);
			to += length;
		}
		line += length;
	}
	*to = '\0';
	return shortens;
}

static bool has_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at += length)
		if ((at == text || at[-1] == '\n') && (!at[length] || at[length] == '\n'))
			return true;
	return false;
}

/* What `run` tells of what was refused to a program that failed: as much as it came to. */
static bool is_of_summary(const struct command *command, const char *line)
{
	static const char *const begins[] = {"container " WORLD_ID ", profile ", "  ",
		"all of it is allowed by: ", "programs in /"};

	for (size_t i = 0; !strcmp(command->name, "run") && i < sizeof(begins) / sizeof(begins[0]);
		i++)
		if (!strncmp(line, begins[i], strlen(begins[i])))
			return true;
	return false;
}

/* One error and nothing else, but what is said of an undisturbed run too. */
static void judge_error(
	const struct command *command, const char *err, const char *undisturbed, char *wrong)
{
	char copy[TEXT_SIZE];
	char *line, *rest = copy;
	unsigned errors = 0;

	(void)snprintf(copy, sizeof(copy), "%s", err);
	while ((line = strsep(&rest, "\n"))) {
		if (!*line || has_line(undisturbed, line) || is_of_summary(command, line))
			continue;
		errors++;
		if (strncmp(line, ERROR, strlen(ERROR)) != 0 || strstr(line, "Success") ||
			strstr(line, "Unknown error"))
			complain(wrong, "no clear error: %s", line);
	}
	if (errors != 1)
		complain(wrong, "%u lines of error: %s", errors, err);
}

/* Nothing can be said of an error of the file that stderr is. */
static bool is_mute(const struct trace *trace)
{
	return trace->fault != FAULT_SHORT && trace->fault != FAULT_KILL &&
	       trace->fault != FAULT_EINTR && !strcmp(trace->at->object, WORLD_ERR);
}

/* The last turn that the command hands over is not answered: it has ended, and nobody hears that
 * INIT could not read it. */
static bool is_turn(const struct call *call)
{
	return strcmp(call->role, FIRST_OF_ALL) != 0 && !strcmp(call->name, "read") &&
	       !strncmp(call->object, "socket:", strlen("socket:"));
}

enum outcome judge(const struct command *command, const struct trace *trace,
	const struct trace_end *end, const struct result *undisturbed, struct result *result,
	char *wrong)
{
	const bool kill = trace->fault == FAULT_KILL && end->reached;
	const bool untraced = kill && mode_traces();
	unsigned shortens;

	if (end->hung)
		complain(wrong, "hung for %d s: %s", TRACE_LIMIT_MS / 1000, result->err);
	if (kill && !strcmp(trace->at->role, FIRST_OF_ALL)) {
		if (!WIFSIGNALED(end->status))
			complain(wrong, "was killed, but ended with %#x", (unsigned)end->status);
		return KILLED;
	}
	if (WIFSIGNALED(end->status)) {
		complain(wrong, "ended by signal %d: %s", WTERMSIG(end->status), result->err);
		return KILLED;
	}
	/* In its last steps init is the program for whoever waits: both ends look the same. */
	if (kill && WEXITSTATUS(end->status) == 128 + SIGKILL)
		return FAILED;
	shortens = take_allowed(result->err, command);
	if (end->status != 0) {
		judge_error(command, result->err, undisturbed->err, wrong);
		return FAILED;
	}
	/* Without its tracer nobody knows what the program was refused. */
	if (!is_mute(trace) && !(shortens & ERR) && !untraced)
		judge_equal(
			"stderr with exit status 0", undisturbed->err, result->err, false, wrong);
	if (!(shortens & OUT))
		judge_equal("stdout with exit status 0", undisturbed->out, result->out, untraced,
			wrong);
	return kill || (end->reached && is_turn(trace->at)) ? LOST : SUCCEEDED;
}

/* Whether TEXT, of the program inside, has a way that begins so and is open. */
static bool is_open(const char *text, const char *way, const char *refusal)
{
	const char *line = strstr(text, way);

	return line && strncmp(line + strlen(way), refusal, strlen(refusal)) != 0;
}

void judge_rules(const char *text, char *wrong)
{
	const bool old = is_open(text, "\nconnect to 198.51.100.1:9: ", "EPERM") ||
			 is_open(text, "\na.test: ", "no such name");
	const bool new = is_open(text, "\nconnect to 203.0.113.1:9: ", "EPERM") ||
			 is_open(text, "\nc.test: ", "no such name");

	if (old && new)
		complain(wrong, "what the old and what the new rules allow is open");
}
