/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/command.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/config.h"
#include "shim/small_file.h"
#include "shim/task_nacre.h"

/* Limits a command for which the client has set no timeout. Hooks may wait for a network. */
#define TIMEOUT_MS 300000

/* Limits how long a command waits for a reader of its output. containerd's own shim waits for
 * ever. */
#define READER_MS 5000
#define LOOK_MS 2

struct command *command_new(struct process *process, struct call *call,
	void (*done)(struct job *job, int status, const char *error))
{
	struct command *command = calloc(1, sizeof(*command));
	const int64_t timeout = call ? call_timeout(call) : 0;

	if (!command) {
		if (call)
			call_fail(call, CALL_INTERNAL, "out of memory");
		return NULL;
	}
	command->process = process;
	command->call = call;
	command->job = (struct job){.fds = {-1, -1, -1},
		.directory = process->container->bundle,
		.timeout_ms = timeout > 0 && timeout < TIMEOUT_MS ? timeout : TIMEOUT_MS,
		.done = done};
	return command;
}

struct command *command_new_nacre(struct process *process, struct call *call,
	void (*done)(struct job *job, int status, const char *error), const char *word)
{
	static unsigned count;
	const struct container *c = process->container;
	struct command *command = command_new(process, call, done);

	if (!command)
		return NULL;
	if (asprintf(&command->log, "%s/nacre-%u.log", c->bundle, count++) < 0) {
		free(command);
		if (call)
			call_fail(call, CALL_INTERNAL, "out of memory");
		return NULL;
	}
	command->job.log = command->log;
	command_add(command, NACRE_BINARY);
	command_add(command, "--root");
	command_add(command, c->root);
	command_add(command, "--log");
	command_add(command, command->log);
	command_add(command, "--log-format");
	command_add(command, "json");
	command_add(command, "--log-only"); /* stderr belongs to the container */
	command_add(command, "--cgroup-manager");
	command->cgroup_manager = &command->job.argv[command->n];
	command_add(command, c->systemd_cgroup ? "systemd" : "cgroupfs");
	command_add(command, word);
	return command;
}

int command_choose_manager(struct job *job, char text[static JOB_TEXT])
{
	struct nacre_error err;
	bool slice;

	if (config_names_slice(&slice, &err) < 0) {
		(void)snprintf(text, JOB_TEXT, "%s", err.text);
		return -1;
	}
	if (slice)
		*((struct command *)job)->cgroup_manager = "systemd";
	return 0;
}

void command_add(struct command *command, const char *word)
{
	if (command->n < JOB_MAX_ARGS - 1)
		command->job.argv[command->n++] = word;
}

void command_add_process(struct command *command)
{
	const struct stdio *io = &command->process->io;

	command->job.after_fd = io->ready_fd;
	command->job.registers = true;
	command_add(command, "--pid-file");
	command_add(command, command->pid_file);
	if (io->console) {
		command_add(command, "--console-socket");
		command_add(command, strrchr(io->console, '/') + 1);
	}
}

static void start_when_read(struct timer *timer)
{
	struct command *command = (void *)((char *)timer - offsetof(struct command, look));
	struct process *process = command->process;
	const bool anyway = loop_now() >= command->look_by || process->container->ending ||
			    (command->call && call_is_over(command->call));
	char text[JOB_TEXT];
	const int r = stdio_open_fifos(&process->io, anyway, text);

	if (r == 0) {
		loop_set(timer, LOOK_MS);
		return;
	}
	if (r < 0) {
		command->job.done(&command->job, 126, text);
		task_reap(); /* as below */
		return;
	}
	if (command->job.registers)
		memcpy(command->job.fds, process->io.given, sizeof(command->job.fds));
	/* No end was looked at while the process was busy, and no child's end makes up for it. */
	if (!job_start(&command->job))
		task_reap();
	else if (command->job.registers)
		stdio_given(&process->io);
}

void command_start(struct command *command)
{
	if (command->n > 0)
		command_add(command, command->process->container->id);
	command->process->busy = true;
	command->look.due = start_when_read;
	command->look_by = loop_now() + READER_MS;
	start_when_read(&command->look);
}

void command_free(struct command *command)
{
	if (command->file)
		(void)unlink(command->file);
	free(command->file);
	free(command->log);
	free(command->pid_file);
	message_free(command->create);
	free(command);
}

pid_t command_read_pid(const char *file)
{
	char text[32];
	long pid;

	(void)small_file_read(AT_FDCWD, file, text, sizeof(text)); /* "" is not a pid */
	pid = strtol(text, NULL, 10);
	return pid > 0 && pid <= 4194304 ? (pid_t)pid : -1;
}

static int undo_create(struct job *job, char text[static JOB_TEXT])
{
	const struct container *c = ((struct command *)job)->process->container;

	return task_undo_create(c->root, c->id, c->bundle, text);
}

struct command *command_undo_new(
	struct process *process, void (*done)(struct job *job, int status, const char *error))
{
	struct command *command = command_new(process, NULL, done);

	if (command)
		command->job.before = undo_create;
	return command;
}
