/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/command.h"
#include "shim/publish.h"
#include "shim/service.h"
#include "shim/small_file.h"

/* Calls that change a running container or save it. */

static void finish_change(struct command *command, int status, const char *error)
{
	command->process->busy = false;
	if (status != 0)
		call_fail(command->call, CALL_UNKNOWN, "%s", error);
	else
		call_answer_empty(command->call);
	command_free(command);
}

static void paused(struct job *job, int status, const char *error)
{
	struct command *command = (struct command *)job;
	struct container *c = command->process->container;

	if (status == 0 && c->init.state == PROCESS_RUNNING) {
		c->paused = true;
		publish_named("/tasks/paused", "TaskPaused", c);
	}
	finish_change(command, status, error);
}

static void resumed(struct job *job, int status, const char *error)
{
	struct command *command = (struct command *)job;
	struct container *c = command->process->container;

	if (status == 0) {
		c->paused = false;
		publish_named("/tasks/resumed", "TaskResumed", c);
	}
	finish_change(command, status, error);
}

static void updated(struct job *job, int status, const char *error)
{
	finish_change((struct command *)job, status, error);
}

/* Returns NULL if CALL was answered. */
static struct command *change(struct call *call, const char *id,
	void (*done)(struct job *job, int status, const char *error), const char *word)
{
	struct process *process = task_process(call, id, "");

	if (!process)
		return NULL;
	if (process->busy || process->state == PROCESS_STOPPED) {
		call_fail(call, CALL_PRECONDITION, "%s: the container %s: failed precondition",
			word, process->busy ? "is changing" : "has stopped");
		return NULL;
	}
	if (process->state == PROCESS_CREATED && strcmp(word, "update") != 0) {
		call_fail(call, CALL_PRECONDITION,
			"%s: the container has not started: failed precondition", word);
		return NULL;
	}
	return command_new_nacre(process, call, done, word);
}

void service_pause(struct call *call, const void *message)
{
	struct command *command = change(
		call, ((const Wire__ProcessRequest *)message)->id, paused, "pause");

	if (command)
		command_start(command);
}

void service_resume(struct call *call, const void *message)
{
	struct command *command = change(
		call, ((const Wire__ProcessRequest *)message)->id, resumed, "resume");

	if (command)
		command_start(command);
}

void service_update(struct call *call, const void *message)
{
	const Wire__UpdateRequest *request = message;
	struct command *command = change(call, request->id, updated, "update");
	int r = -1;

	if (!command)
		return;
	if (asprintf(&command->file, "%s/update.json", command->process->container->bundle) < 0)
		command->file = NULL;
	if (request->resources && command->file)
		r = small_file_write(command->file, request->resources->value.data,
			request->resources->value.len);
	if (r < 0) {
		call_fail(call, CALL_INVALID,
			"update: the request has no resources, or they cannot be written to a "
			"file");
		command_free(command);
		return;
	}
	command_add(command, "--resources");
	command_add(command, command->file);
	command_start(command);
}

/* --- checkpoint --- */

static void checkpointed(struct job *job, int status, const char *error)
{
	finish_change((struct command *)job, status, error);
}

static void add_options(struct command *command, const Wire__CheckpointOptions *options)
{
	const struct {
		bool given;
		const char *word;
	} flags[] = {
		{!options->exit, "--leave-running"},
		{options->open_tcp, "--tcp-established"},
		{options->external_unix_sockets, "--ext-unix-sk"},
		{options->terminal, "--shell-job"},
		{options->file_locks, "--file-locks"},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (flags[i].given)
			command_add(command, flags[i].word);
	}
	if (options->cgroups_mode[0]) {
		command_add(command, "--manage-cgroups-mode");
		command_add(command, options->cgroups_mode);
	}
	for (size_t i = 0; i < options->n_empty_namespaces; i++) {
		command_add(command, "--empty-ns");
		command_add(command, options->empty_namespaces[i]);
	}
	command_add(command, "--work-path");
	command_add(command,
		options->work_path[0] ? options->work_path : command->process->container->bundle);
}

/* The child copies the words, so their buffers may be freed once it has begun. */
void service_checkpoint(struct call *call, const void *message)
{
	const Wire__CheckpointRequest *request = message;
	const Wire__Any *any = request->options;
	const ProtobufCBinaryData bytes = any ? any->value : (ProtobufCBinaryData){0};
	Wire__CheckpointOptions *options = message_read(
		&wire__checkpoint_options__descriptor, bytes.data, bytes.len);
	struct command *command;

	if (!options || options->n_empty_namespaces > 4 || request->path[0] != '/') {
		call_fail(call, CALL_INVALID,
			"checkpoint: expected an absolute path and valid options");
		message_free(options);
		return;
	}
	command = change(call, request->id, checkpointed, "checkpoint");
	if (command) {
		command_add(command, "--image-path");
		command_add(command, request->path);
		add_options(command, options);
		command_start(command);
	}
	message_free(options);
}
