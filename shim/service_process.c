/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/command.h"
#include "shim/oom.h"
#include "shim/publish.h"
#include "shim/service.h"
#include "shim/small_file.h"
#include "shim/task_nacre.h"
#include "specs/json.h"

/* --- start --- */

static void publish_start(const struct process *process)
{
	Wire__TaskStart start = WIRE__TASK_START__INIT;
	Wire__TaskExecStarted exec = WIRE__TASK_EXEC_STARTED__INIT;

	if (process->exec_id[0]) {
		exec.container_id = process->container->id;
		exec.exec_id = (char *)process->exec_id;
		exec.pid = (uint32_t)process->pid;
		publish("/tasks/exec-started", "TaskExecStarted", &exec);
	} else {
		start.container_id = process->container->id;
		start.pid = (uint32_t)process->pid;
		publish("/tasks/start", "TaskStart", &start);
	}
}

/* Kills the process of an exec that nacre had made before it failed. Only the pid of a child is
 * certain: no orphan was reaped while nacre ran, so no other process can have it. */
static void kill_unwanted(struct process *process)
{
	siginfo_t info;

	if (process->pid > 0 &&
		waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
		(void)kill(process->pid, SIGKILL);
	process->pid = 0;
}

/* Ends an exec that could not begin: containerd waits for its end since before its start. */
static void fail_start(struct process *process, struct call *call, const char *error)
{
	if (process->exec_id[0]) {
		kill_unwanted(process);
		task_stop(process, 255);
	}
	call_fail(call, CALL_UNKNOWN, "%s", error);
}

static void started(struct job *job, int status, const char *error)
{
	struct command *command = (struct command *)job;
	struct process *process = command->process;
	Wire__PidResponse answer = WIRE__PID_RESPONSE__INIT;
	char text[JOB_TEXT];

	(void)snprintf(text, sizeof(text), "OCI runtime %s failed: %s",
		process->exec_id[0] ? "exec" : "start", error);
	process->busy = false;
	if (command->pid_file) {
		process->pid = command_read_pid(command->pid_file);
		if (process->exec_id[0])
			(void)unlink(command->pid_file);
		if (status == 0 && process->pid < 0)
			(void)snprintf(text, sizeof(text), "nacre did not write the pid file");
	}
	if (status == 0 && command->pid_file && process->pid > 0 &&
		stdio_begun(&process->io, text) < 0)
		status = 1;
	if (status != 0 || process->pid <= 0) {
		fail_start(process, command->call, text);
	} else {
		process->state = PROCESS_RUNNING;
		if (!process->exec_id[0] && process->container->checkpoint)
			oom_watch(process->container);
		if (process->exec_id[0] && task_wants_own_cgroup())
			task_find_own_cgroup(process);
		if (process->container->ending)
			(void)kill(process->pid, SIGKILL); /* the other processes are dead */
		answer.pid = (uint32_t)process->pid;
		publish_start(process);
		call_answer(command->call, &answer);
	}
	command_free(command);
}

/* Encodes the process of an exec with the terminal of the request, as runc's shim does. Clients
 * take the container's process, whose terminal need not be what they ask for. RET_TEXT: heap. */
static int encode_process(struct arena *arena, const struct process *process, char **ret_text,
	struct nacre_error *err)
{
	struct json_document *document;
	struct json_writer *w;
	int r = json_parse(arena, "process", process->spec, strlen(process->spec), &document, err);

	if (r < 0)
		return r;
	w = json_writer_new(false);
	json_open_object(w);
	for (const struct json_node *node = document->root->child; node && node->key;
		node = node->next) {
		if (strcmp(node->key, "terminal") == 0)
			continue;
		json_key(w, node->key);
		json_value(w, node);
	}
	json_key(w, "terminal");
	json_bool(w, process->io.terminal);
	json_close_object(w);
	return json_writer_finish(w, ret_text, err);
}

static int write_process(const char *file, const struct process *process, struct nacre_error *err)
{
	struct arena *arena = arena_new((size_t)64 * 1024 * 1024);
	char *text = NULL;
	int r = arena ? encode_process(arena, process, &text, err)
		      : fail_errno(err, ENOMEM, "process");

	if (r == 0) {
		r = small_file_write(file, text, strlen(text));
		r = r < 0 ? fail_errno(err, r, "write %s", file) : 0;
	}
	free(text);
	arena_free(arena);
	return r;
}

/* Adds the arguments of `nacre exec`, and makes its files. Returns 0, or -1 with TEXT. */
static int prepare_exec(struct command *command, char text[static JOB_TEXT])
{
	struct process *process = command->process;
	const struct container *c = process->container;
	static unsigned count;
	struct nacre_error err;

	if (stdio_open(&process->io, c->bundle, process->exec_id, task_namespace, text) < 0)
		return -1;
	if (asprintf(&command->file, "%s/exec-%u.json", c->bundle, count) < 0)
		command->file = NULL;
	if (asprintf(&command->pid_file, "%s/exec-%u.pid", c->bundle, count++) < 0)
		command->pid_file = NULL;
	if (!command->file || !command->pid_file) {
		(void)snprintf(text, JOB_TEXT, "exec: out of memory");
		return -1;
	}
	if (write_process(command->file, process, &err) < 0) {
		(void)snprintf(text, JOB_TEXT, "%s", err.text);
		return -1;
	}
	command_add(command, "--detach");
	if (task_wants_own_cgroup())
		command_add(command, "--own-cgroup");
	command_add(command, "--process");
	command_add(command, command->file);
	command_add_process(command);
	return 0;
}

static int start_container(struct job *job, char text[static JOB_TEXT])
{
	return task_start(((struct command *)job)->process->container, text);
}

/* Adds likewise those of `nacre restore`. */
static int prepare_restore(struct command *command, char text[static JOB_TEXT])
{
	const struct container *c = command->process->container;

	if (asprintf(&command->pid_file, "%s/init.pid", c->bundle) < 0) {
		command->pid_file = NULL;
		(void)snprintf(text, JOB_TEXT, "out of memory");
		return -1;
	}
	command->job.argv[0] = task_nacre; /* restore has no --profile */
	command->job.before = command_choose_manager;
	command_add(command, "--detach");
	command_add(command, "--image-path");
	command_add(command, c->checkpoint);
	command_add(command, "--work-path");
	command_add(command, c->bundle);
	command_add(command, "--bundle");
	command_add(command, c->bundle);
	command_add_process(command);
	return 0;
}

/* Returns NULL if CALL was answered. */
static struct command *new_start(struct process *process, struct call *call)
{
	struct command *command;

	if (process->exec_id[0])
		return command_new_nacre(process, call, started, "exec");
	if (process->container->checkpoint)
		return command_new_nacre(process, call, started, "restore");
	command = command_new(process, call, started);
	if (command)
		command->job.before = start_container;
	return command;
}

static int prepare_start(struct command *command, char text[static JOB_TEXT])
{
	if (command->process->exec_id[0])
		return prepare_exec(command, text);
	return command->process->container->checkpoint ? prepare_restore(command, text) : 0;
}

void service_start(struct call *call, const void *message)
{
	const Wire__ProcessRequest *request = message;
	struct process *process = task_process(call, request->id, request->exec_id);
	const bool exec = request->exec_id[0];
	char text[JOB_TEXT] = "";
	struct command *command;

	if (!process)
		return;
	if (process->busy || process->container->init.deleting || process->container->ending ||
		process->state != (exec ? PROCESS_ADDED : PROCESS_CREATED)) {
		call_fail(call, CALL_PRECONDITION,
			"cannot start a process that is not created: failed precondition");
		return;
	}
	command = new_start(process, call);
	if (!command)
		return;
	if (prepare_start(command, text) < 0) {
		fail_start(process, call, text);
		command_free(command);
		return;
	}
	command_start(command);
}

/* --- exec --- */

void service_exec(struct call *call, const void *message)
{
	const Wire__ExecRequest *request = message;
	struct container *c = task_container(call, request->id);
	struct process *process;
	Wire__TaskExecAdded event = WIRE__TASK_EXEC_ADDED__INIT;

	if (!c)
		return;
	if (c->paused || c->init.deleting || c->ending || c->init.state == PROCESS_STOPPED) {
		call_fail(call, CALL_PRECONDITION, "cannot exec in a %s state: failed precondition",
			c->paused	   ? "paused"
			: c->init.deleting ? "deleted"
					   : "stopped");
		return;
	}
	if (task_find_exec(c, request->exec_id)) {
		call_fail(call, CALL_EXISTS, "process %s: already exists", request->exec_id);
		return;
	}
	if (!request->exec_id[0] || !request->spec) {
		call_fail(call, CALL_INVALID, "expected an exec id and a process");
		return;
	}
	process = task_add_exec(c, request->exec_id);
	if (process)
		process->spec = strndup(
			(const char *)request->spec->value.data, request->spec->value.len);
	if (!process || !process->spec ||
		stdio_init(&process->io, request->terminal, request->input, request->output,
			request->error) < 0) {
		call_fail(call, CALL_INTERNAL, "out of memory");
		if (process)
			task_remove_exec(process);
		return;
	}
	event.container_id = c->id;
	event.exec_id = request->exec_id;
	publish("/tasks/exec-added", "TaskExecAdded", &event);
	call_answer_empty(call);
}
