/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/audit.h"
#include "libcontainer/cleanup.h"
#include "libcontainer/files.h"
#include "libcontainer/nacre.h"
#include "libcontainer/seccomp_trace.h"

/* nacre_trace_serve: the refused calls of a container that runs in the foreground. */

enum {
	LINES_A_SECOND = 50, /* a program that tries again at once must not fill the disk */
	COMMAND_SIZE = 32, /* TASK_COMM_LEN is 16 */
};

struct nacre_trace {
	struct life life; /* what the audit needs of it: id, record, files */
	struct seccomp_own own;
	time_t second;
	unsigned lines; /* in that second */
	uint64_t suppressed; /* since the last line */
};

int trace_take(struct life *l, struct nacre_process *process, struct nacre_error *err)
{
	struct nacre_trace *trace;

	if (l->trace_fd < 0)
		return 0;
	trace = calloc(1, sizeof(*trace));
	if (!trace)
		return fail_errno(err, ENOMEM, "trace of denials");
	life_init(&trace->life);
	/* The arena holds all that is pointed to. */
	trace->life.arena = steal_ptr(l->arena);
	trace->life.callbacks = l->callbacks;
	trace->life.id = l->id;
	trace->life.record = l->record;
	trace->own = l->own_filter;
	process->trace = trace;
	process->denials = steal_fd(&l->trace_fd);
	return 0;
}

void trace_release(struct nacre_process *process)
{
	close_fd(&process->denials);
	if (process->trace)
		life_done(&process->trace->life);
	free(process->trace);
	process->trace = NULL;
}

/* The process waits for its answer, or was just killed: the name is a hint, not a proof. */
static void read_command(pid_t pid, char ret_name[COMMAND_SIZE])
{
	cleanup_free char *text = NULL;
	struct nacre_error ignored;
	char path[32];

	ret_name[0] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (file_read(AT_FDCWD, path, 64, &text, NULL, &ignored) < 0)
		return;
	/* Whatever bytes the program chose: the line must be JSON. */
	for (size_t i = 0; text[i] && text[i] != '\n' && i < COMMAND_SIZE - 1; i++) {
		ret_name[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
		ret_name[i + 1] = '\0';
	}
}

/* Whether there is room for one more line in this second. */
static bool may_write(struct nacre_trace *trace)
{
	time_t now = time(NULL);

	if (now != trace->second) {
		trace->second = now;
		trace->lines = 0;
	}
	if (trace->lines++ < LINES_A_SECOND)
		return true;
	trace->suppressed++;
	return false;
}

static void write_denial(struct nacre_trace *trace, const struct seccomp_denial *denial)
{
	const char *arguments[6];
	char command[COMMAND_SIZE], numbers[6][20];
	struct audit_event event = {
		.event = "denied",
		.pid = denial->pid,
		.command = command,
		.syscall = denial->call,
		.arguments = {arguments, 6},
		.errno_name = strerrorname_np(denial->error),
		.rule = "own-seccomp-filter",
		.reason = denial->why,
		.allowed_by = denial->grant,
		.suppressed = trace->suppressed,
	};
	struct nacre_error err;

	for (size_t i = 0; i < 6; i++) {
		(void)snprintf(numbers[i], sizeof(numbers[i]), "0x%llx",
			(unsigned long long)denial->data.args[i]);
		arguments[i] = numbers[i];
	}
	read_command(denial->pid, command);
	trace->suppressed = 0;
	audit_fact(&trace->life, &event, 0, &err);
}

int nacre_trace_serve(struct nacre_process *process, struct nacre_error *err)
{
	struct nacre_trace *trace = process->trace;
	struct pollfd ready = {.fd = process->denials, .events = POLLIN};

	while (poll(&ready, 1, 0) > 0 && ready.revents & POLLIN) {
		struct seccomp_denial denial;
		int r = seccomp_trace_answer(process->denials, &trace->own, &denial, err);

		if (r < 0)
			return r;
		if (r > 0 && may_write(trace))
			write_denial(trace, &denial);
	}
	/* POLLHUP: nobody has the filter any more. */
	return ready.revents & POLLHUP ? 0 : 1;
}
