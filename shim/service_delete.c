/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "shim/command.h"
#include "shim/loop.h"
#include "shim/publish.h"
#include "shim/service.h"

/* Limits how long the last output may wait for a reader or a logger, as runc's shim does. */
#define OUTPUT_MS 2000
#define LOOK_MS 2

static void answer_delete(struct call *call, struct process *process)
{
	Wire__DeleteResponse answer = WIRE__DELETE_RESPONSE__INIT;

	answer.pid = (uint32_t)process->pid;
	answer.exit_status = process->exit_status;
	answer.exited_at = &process->exited_at;
	call_answer(call, &answer);
}

/* It has failed, and so have the calls that waited for it. */
static void end_deletion(struct process *process, const char *error)
{
	process->deleting = false;
	task_fail_waits(&process->deletions, CALL_UNKNOWN, error);
}

static void deleted(struct job *job, int status, const char *error)
{
	struct command *command = (struct command *)job;
	struct process *process = command->process;
	Wire__TaskDelete event = WIRE__TASK_DELETE__INIT;

	process->busy = false;
	if (status != 0) {
		call_fail(command->call, CALL_UNKNOWN, "%s", error);
		end_deletion(process, error);
		command_free(command);
		return;
	}
	if (process->state != PROCESS_STOPPED)
		task_exited(process, 137); /* it was created and never started */
	event.container_id = process->container->id;
	event.pid = (uint32_t)process->pid;
	event.exit_status = process->exit_status;
	event.exited_at = &process->exited_at;
	publish("/tasks/delete", "TaskDelete", &event);
	answer_delete(command->call, process);
	task_remove(process->container);
	command_free(command);
}

static void delete_now(struct call *call, struct process *process)
{
	struct command *command;

	if (process->exec_id[0]) {
		answer_delete(call, process);
		task_remove_exec(process);
		return;
	}
	command = command_undo_new(process, deleted);
	if (!command) {
		call_fail(call, CALL_INTERNAL, "out of memory");
		end_deletion(process, "out of memory");
		return;
	}
	command->call = call;
	command_start(command);
}

/* A deletion that waits until the output was read. */
struct deletion {
	struct timer timer;
	int64_t by;
	struct call *call;
	struct process *process; /* marked busy meanwhile */
};

static void look_again(struct timer *timer)
{
	struct deletion *deletion = (struct deletion *)timer;

	if (stdio_has_output(&deletion->process->io) && loop_now() < deletion->by) {
		loop_set(timer, LOOK_MS);
		return;
	}
	deletion->process->busy = false;
	delete_now(deletion->call, deletion->process);
	free(deletion);
	task_reap(); /* the container's end was not looked at while its exec was busy */
}

/* Returns whether the deletion waits. That of an exec does not while its container is deleted,
 * which frees the exec. */
static bool delete_later(struct call *call, struct process *process)
{
	const bool with_container = process->exec_id[0] && process->container->init.deleting;
	struct deletion *deletion = !with_container && stdio_has_output(&process->io)
					    ? malloc(sizeof(*deletion))
					    : NULL;

	if (!deletion)
		return false;
	*deletion = (struct deletion){.timer = {.due = look_again},
		.by = loop_now() + OUTPUT_MS,
		.call = call,
		.process = process};
	process->busy = true;
	loop_set(&deletion->timer, LOOK_MS);
	return true;
}

void service_delete(struct call *call, const void *message)
{
	const Wire__ProcessRequest *request = message;
	struct process *process = task_process(call, request->id, request->exec_id);

	if (!process)
		return;
	/* containerd has two that may delete a sandbox at once, and goes on where it is gone. */
	if (process->deleting) {
		service_keep(call, &process->deletions);
		return;
	}
	if (!request->exec_id[0] && task_has_exec(process->container)) {
		call_fail(call, CALL_PRECONDITION,
			"an exec process of the container is starting or running");
		return;
	}
	if (process->busy || process->state == PROCESS_RUNNING) {
		call_fail(call, CALL_PRECONDITION,
			"cannot delete a running process: failed precondition");
		return;
	}
	process->deleting = true;
	if (!delete_later(call, process))
		delete_now(call, process);
}
