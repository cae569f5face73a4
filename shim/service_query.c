/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/metrics.h"
#include "shim/service.h"
#include "shim/task_nacre.h"

/* Calls that are answered at once, some of them by libnacre. */

static Wire__TaskStatus status_of(const struct process *process)
{
	switch (process->state) {
	case PROCESS_ADDED:
	case PROCESS_CREATED:
		return WIRE__TASK_STATUS__CREATED;
	case PROCESS_RUNNING:
		return process->container->paused ? WIRE__TASK_STATUS__PAUSED
						  : WIRE__TASK_STATUS__RUNNING;
	default:
		return WIRE__TASK_STATUS__STOPPED;
	}
}

void service_state(struct call *call, const void *message)
{
	const Wire__ProcessRequest *request = message;
	struct process *process = task_process(call, request->id, request->exec_id);
	Wire__StateResponse answer = WIRE__STATE_RESPONSE__INIT;

	if (!process)
		return;
	answer.id = process->exec_id[0] ? (char *)process->exec_id : process->container->id;
	answer.bundle = process->container->bundle;
	answer.pid = (uint32_t)process->pid;
	answer.status = status_of(process);
	answer.input = process->io.paths[0];
	answer.output = process->io.paths[1];
	answer.error = process->io.paths[2];
	answer.terminal = process->io.terminal;
	answer.exec_id = (char *)process->exec_id;
	if (process->state == PROCESS_STOPPED) {
		answer.exit_status = process->exit_status;
		answer.exited_at = &process->exited_at;
	}
	call_answer(call, &answer);
}

static void answer_pids(struct call *call, const pid_t *pids, size_t n)
{
	Wire__PidsResponse answer = WIRE__PIDS_RESPONSE__INIT;
	Wire__ProcessInfo *infos = calloc(n + 1, sizeof(*infos)), **list;

	list = calloc(n + 1, sizeof(struct Wire__ProcessInfo *));
	for (size_t i = 0; infos && list && i < n; i++) {
		wire__process_info__init(&infos[i]);
		infos[i].pid = (uint32_t)pids[i];
		list[i] = &infos[i];
	}
	answer.n_processes = n;
	answer.processes = list;
	if (infos && list)
		call_answer(call, &answer);
	else
		call_fail(call, CALL_INTERNAL, "out of memory");
	free(infos);
	free(list);
}

void service_pids(struct call *call, const void *message)
{
	const Wire__ProcessRequest *request = message;
	struct process *process = task_process(call, request->id, "");
	struct nacre_error err;
	pid_t *pids = NULL;
	size_t n = 0;
	int r;

	if (!process)
		return;
	r = task_pids(process->container, &pids, &n, &err);
	if (r < 0 && r != -ESRCH)
		call_fail(call, CALL_UNKNOWN, "%s", err.text);
	else
		answer_pids(call, pids, n);
	free(pids);
}

void service_kill(struct call *call, const void *message)
{
	const Wire__KillRequest *request = message;
	struct process *process = task_process(call, request->id, request->exec_id);
	const int sig = (int)request->signal;
	struct nacre_error err = {.code = ESRCH};
	int r;

	if (!process)
		return;
	if (sig <= 0 || sig > SIGRTMAX) {
		call_fail(call, CALL_INVALID, "signal %u: invalid argument", request->signal);
		return;
	}
	if (process->state == PROCESS_ADDED) {
		call_fail(call, CALL_PRECONDITION, "the process has not started");
		return;
	}
	/* A running exec is a child that is not reaped yet, so its pid is valid. Once reaped, the
	 * pid may belong to another process. "all" applies only to a container. */
	if (process->state == PROCESS_STOPPED && (!request->all || process->exec_id[0]))
		r = -ESRCH;
	else if (process->exec_id[0])
		r = kill(process->pid, sig) < 0 ? -errno : 0;
	else
		r = task_kill(process->container, sig, request->all, &err);
	if (r == -ESRCH)
		call_fail(call, CALL_NOT_FOUND, "process already finished: not found");
	else if (r < 0)
		call_fail(call, CALL_UNKNOWN, "%s", process->exec_id[0] ? strerror(-r) : err.text);
	else
		call_answer_empty(call);
}

/* Stays far below MAX_CALLS of a connection, above which its requests are not read. */
#define MAX_WAITS 4096

/* Frees waits that are over: a client may wait again and again, each time with a timeout or over a
 * new connection. Returns how many waits are left. */
static unsigned forget_over(struct wait **waits)
{
	unsigned n = 0;

	for (struct wait **at = waits; *at;) {
		struct wait *wait = *at;

		if (!call_is_over(wait->call)) {
			at = &wait->next;
			n++;
			continue;
		}
		*at = wait->next;
		call_answer_empty(wait->call);
		free(wait);
	}
	return n;
}

void service_keep(struct call *call, struct wait **waits)
{
	struct wait *wait;

	if (forget_over(waits) >= MAX_WAITS) {
		call_fail(call, CALL_EXHAUSTED, "%d calls already wait for the process", MAX_WAITS);
		return;
	}
	wait = malloc(sizeof(*wait));
	if (!wait) {
		call_fail(call, CALL_INTERNAL, "out of memory");
		return;
	}
	*wait = (struct wait){.call = call, .next = *waits};
	*waits = wait;
}

void service_wait(struct call *call, const void *message)
{
	const Wire__ProcessRequest *request = message;
	struct process *process = task_process(call, request->id, request->exec_id);
	Wire__WaitResponse answer = WIRE__WAIT_RESPONSE__INIT;

	if (!process)
		return;
	if (process->state == PROCESS_STOPPED) {
		answer.exit_status = process->exit_status;
		answer.exited_at = &process->exited_at;
		call_answer(call, &answer);
		return;
	}
	service_keep(call, &process->waits);
}

void service_stats(struct call *call, const void *message)
{
	const Wire__ProcessRequest *request = message;
	struct process *process = task_process(call, request->id, "");
	char text[256];

	if (!process)
		return;
	if (process->state == PROCESS_STOPPED)
		call_fail(call, CALL_NOT_FOUND, "the container has stopped: not found");
	else if (metrics_answer(call, process->container->cgroup_fd, text, sizeof(text)) < 0)
		call_fail(call, CALL_UNKNOWN, "%s", text);
}

void service_connect(struct call *call, const void *message)
{
	const Wire__ProcessRequest *request = message;
	const struct container *c = task_find(request->id);
	Wire__ConnectResponse answer = WIRE__CONNECT_RESPONSE__INIT;

	answer.shim_pid = (uint32_t)getpid();
	answer.task_pid = c ? (uint32_t)c->init.pid : 0;
	call_answer(call, &answer);
}

void service_resize(struct call *call, const void *message)
{
	const Wire__ResizeRequest *request = message;
	struct process *process = task_process(call, request->id, request->exec_id);

	if (!process)
		return;
	/* An ended process, or one without a terminal, is no error, as with runc's shim. */
	(void)stdio_resize(
		&process->io, (unsigned short)request->height, (unsigned short)request->width);
	call_answer_empty(call);
}

void service_close(struct call *call, const void *message)
{
	const Wire__CloseRequest *request = message;
	struct process *process = task_process(call, request->id, request->exec_id);

	if (!process)
		return;
	if (request->input)
		stdio_close_input(&process->io);
	call_answer_empty(call);
}
