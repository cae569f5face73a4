/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/commands.h"
#include "specs/error.h"

extern char **environ;

#define BLANKS " \t\n"

const struct option_row ps_rows[] = {
	/* clang-format off */
	{"format", 'f', WORD(format), "table|json", "default: table; json: the host's pids"},
	{NULL},
	/* clang-format on */
};

struct pids {
	pid_t *list;
	size_t n;
};

static void print_pids(const struct pids *pids)
{
	printf("[");
	for (size_t i = 0; i < pids->n; i++)
		printf("%s%ld", i > 0 ? "," : "", (long)pids->list[i]);
	printf("]\n");
}

/* Starts ps(1) from the caller's PATH with the arguments ARGS and OUT as its stdout. */
static int spawn_ps(
	const char *const *args, size_t n, int out, pid_t *ret_pid, struct nacre_error *err)
{
	char **argv = calloc(n + 3, sizeof(*argv));
	posix_spawn_file_actions_t actions;
	int r;

	if (!argv)
		return fail_errno(err, ENOMEM, "run ps");
	argv[0] = (char *)"ps";
	argv[1] = (char *)"-ef";
	for (size_t i = 0; i < n; i++)
		argv[1 + i] = (char *)args[i];
	posix_spawn_file_actions_init(&actions);
	r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawnp(ret_pid, "ps", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	free(argv);
	if (r != 0)
		return fail_errno(err, r, "run ps (--format json does without it)");
	return 0;
}

/* Returns the index of the column PID in the header; -1: none. */
static int pid_field(const char *header)
{
	int field = 0;

	for (const char *at = header + strspn(header, BLANKS); *at; field++) {
		size_t n = strcspn(at, BLANKS);

		if (n == strlen("PID") && strncmp(at, "PID", n) == 0)
			return field;
		at += n;
		at += strspn(at, BLANKS);
	}
	return -1;
}

static bool is_row_of(const char *row, int field, const struct pids *pids)
{
	const char *at = row + strspn(row, BLANKS);
	char *end;
	long pid;

	for (; field > 0 && *at; field--) {
		at += strcspn(at, BLANKS);
		at += strspn(at, BLANKS);
	}
	pid = strtol(at, &end, 10);
	if (end == at || (*end && !strchr(BLANKS, *end)))
		return false;
	for (size_t i = 0; i < pids->n; i++) {
		if (pids->list[i] == pid)
			return true;
	}
	return false;
}

static int print_rows(FILE *out, const struct pids *pids, struct nacre_error *err)
{
	char *line = NULL;
	size_t size = 0;
	int field = -1;
	int r = 0;

	if (getline(&line, &size, out) >= 0)
		field = pid_field(line);
	if (field < 0)
		r = fail(err, EINVAL, "ps: no column PID in its output: choose one that shows it");
	else
		(void)fputs(line, stdout);
	while (r == 0 && getline(&line, &size, out) >= 0) {
		if (is_row_of(line, field, pids))
			(void)fputs(line, stdout);
	}
	free(line);
	return r;
}

static int wait_ps(pid_t pid, struct nacre_error *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return fail_errno(err, errno, "ps: wait");
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		return fail(err, EINVAL, "ps: exit status %d", WEXITSTATUS(status));
	return 0;
}

static int print_table(
	const struct invocation *in, const struct pids *pids, struct nacre_error *err)
{
	FILE *output;
	int ends[2];
	pid_t pid;
	int r, ended;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, errno, "ps: pipe");
	output = fdopen(ends[0], "r");
	if (output)
		r = spawn_ps(in->operands + 1, in->n_operands - 1, ends[1], &pid, err);
	else
		r = fail_errno(err, errno, "ps: open its output");
	(void)close(ends[1]);
	if (r < 0) {
		output ? (void)fclose(output) : (void)close(ends[0]);
		return r;
	}
	r = print_rows(output, pids, err);
	/* Closes the pipe before the wait: SIGPIPE then ends a ps that still writes. */
	(void)fclose(output);
	/* Prefers the error of ps, which explains why the table is missing. */
	ended = wait_ps(pid, err);
	return ended < 0 ? ended : r;
}

int command_ps(struct invocation *in, struct nacre_error *err)
{
	struct pids pids = {0};
	int r = nacre_pids(in->nacre, in->operands[0], &pids.list, &pids.n, err);

	if (r < 0)
		return r;
	if (in->format && strcmp(in->format, "json") == 0)
		print_pids(&pids);
	else
		r = print_table(in, &pids, err);
	free(pids.list);
	return r;
}
