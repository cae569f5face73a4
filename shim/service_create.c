/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/command.h"
#include "shim/log.h"
#include "shim/oom.h"
#include "shim/options.h"
#include "shim/publish.h"
#include "shim/rootfs.h"
#include "shim/service.h"
#include "shim/task_cgroup.h"

/* Keeps why a creation failed until its leftovers are removed. */
struct failure {
	struct call *call;
	char text[JOB_TEXT];
};

static void publish_create(const struct container *c, const Wire__CreateRequest *request)
{
	Wire__TaskCreate event = WIRE__TASK_CREATE__INIT;
	Wire__TaskIO io = WIRE__TASK_IO__INIT;

	io.input = request->input;
	io.output = request->output;
	io.error = request->error;
	io.terminal = request->terminal;
	event.container_id = c->id;
	event.bundle = c->bundle;
	event.n_rootfs = request->n_rootfs;
	event.rootfs = request->rootfs;
	event.io = &io;
	event.checkpoint = request->checkpoint;
	event.pid = (uint32_t)c->init.pid;
	publish("/tasks/create", "TaskCreate", &event);
}

static void undone(struct job *job, int status, const char *error)
{
	struct command *command = (struct command *)job;
	struct failure *failure = job->data;

	if (status != 0)
		log_warning("%s: clean up after a failed create: %s",
			command->process->container->id, error);
	call_fail(failure->call, CALL_UNKNOWN, "%s", failure->text);
	task_remove(command->process->container);
	command_free(command);
	free(failure);
	service_unused();
}

static void undo_create(struct process *process, struct call *call, const char *error)
{
	struct failure *failure = calloc(1, sizeof(*failure));
	struct command *command;

	if (!failure) {
		call_fail(call, CALL_UNKNOWN, "%s", error);
		return; /* containerd's delete action removes the leftovers */
	}
	failure->call = call;
	(void)snprintf(failure->text, sizeof(failure->text), "%s", error);
	command = command_undo_new(process, undone);
	if (!command) {
		call_fail(call, CALL_UNKNOWN, "%s", error);
		free(failure);
		return;
	}
	command->job.data = failure;
	command_start(command);
}

static void created(struct job *job, int status, const char *error)
{
	struct command *command = (struct command *)job;
	struct process *process = command->process;
	struct container *c = process->container;
	char text[JOB_TEXT];
	Wire__PidResponse answer = WIRE__PID_RESPONSE__INIT;

	(void)snprintf(text, sizeof(text), "OCI runtime create failed: %s", error);
	process->busy = false;
	if (status == 0)
		process->pid = command_read_pid(command->pid_file);
	if (status == 0 && process->pid < 0)
		(void)snprintf(text, sizeof(text), "nacre did not write the pid file");
	/* The client is gone or was told that the call failed: it takes the container for not
	 * made. */
	if (call_is_over(command->call))
		(void)snprintf(text, sizeof(text), "the call ended before the container was ready");
	if (status != 0 || process->pid < 0 || call_is_over(command->call) ||
		stdio_begun(&process->io, text) < 0) {
		process->pid = 0;
		undo_create(process, command->call, text);
		command_free(command);
		return;
	}
	process->state = PROCESS_CREATED;
	oom_watch(c);
	answer.pid = (uint32_t)process->pid;
	publish_create(c, command->create);
	call_answer(command->call, &answer);
	command_free(command);
}

/* Answers when the root is mounted: a restored container has nothing else before its start. */
static void mounted(struct job *job, int status, const char *error)
{
	struct command *command = (struct command *)job;
	struct process *process = command->process;
	Wire__PidResponse answer = WIRE__PID_RESPONSE__INIT;

	process->busy = false;
	if (status != 0 || call_is_over(command->call)) {
		undo_create(process, command->call, error);
	} else {
		process->state = PROCESS_CREATED;
		publish_create(process->container, command->create);
		call_answer(command->call, &answer);
	}
	command_free(command);
}

static int mount_root(struct job *job, char text[static JOB_TEXT])
{
	const Wire__CreateRequest *request = ((struct command *)job)->create;

	return rootfs_mount(request->bundle, request->rootfs, request->n_rootfs, text);
}

static int prepare(struct job *job, char text[static JOB_TEXT])
{
	return command_choose_manager(job, text) < 0 ? -1 : mount_root(job, text);
}

/* Copies the request, which is freed when the call returns. */
static Wire__CreateRequest *copy_request(const Wire__CreateRequest *request)
{
	uint8_t *bytes;
	size_t n;
	Wire__CreateRequest *copy;

	if (message_write(request, 0, &bytes, &n) < 0)
		return NULL;
	copy = message_read(&wire__create_request__descriptor, bytes, n);
	free(bytes);
	return copy;
}

static void run_create(struct container *c, struct call *call, const Wire__CreateRequest *request,
	const struct options *options)
{
	struct command *command = c->checkpoint
					  ? command_new(&c->init, call, mounted)
					  : command_new_nacre(&c->init, call, created, "create");

	if (!command) {
		task_remove(c);
		return;
	}
	command->create = copy_request(request);
	if (!command->create || asprintf(&command->pid_file, "%s/init.pid", c->bundle) < 0) {
		command->pid_file = NULL;
		call_fail(call, CALL_INTERNAL, "out of memory");
		command_free(command);
		task_remove(c);
		return;
	}
	if (c->checkpoint) {
		command->job.before = mount_root;
		command_start(command);
		return;
	}
	command->job.before = prepare;
	if (task_profile) {
		command_add(command, "--profile");
		command_add(command, task_profile);
	}
	if (options->no_pivot)
		command_add(command, "--no-pivot");
	if (options->no_new_keyring)
		command_add(command, "--no-new-keyring");
	command_add(command, "--bundle");
	command_add(command, c->bundle);
	command_add_process(command);
	command_start(command);
}

/* Moves the shim of a pod when it makes the first container, as containerd's own does. */
static int enter_cgroup(const struct options *options, char text[static JOB_TEXT])
{
	const int r = options->shim_cgroup[0] && !task_first()
			      ? task_cgroup_enter(options->shim_cgroup)
			      : 0;

	if (r < 0)
		(void)snprintf(text, JOB_TEXT, "options: ShimCgroup: enter %.900s: %s",
			options->shim_cgroup, strerror(-r));
	return r;
}

void service_create(struct call *call, const void *message)
{
	const Wire__CreateRequest *request = message;
	struct options options;
	struct container *c;
	char text[JOB_TEXT] = "";
	const bool exists = task_find(request->id);

	if (exists || !request->id[0] || request->bundle[0] != '/') {
		call_fail(call, exists ? CALL_EXISTS : CALL_INVALID,
			"container \"%.200s\" in %.200s: %s", request->id, request->bundle,
			exists ? "already exists" : "expected an ID and a path");
		return;
	}
	if (options_read(request->options, &options, text) < 0 ||
		enter_cgroup(&options, text) < 0 ||
		options_keep(&options, request->bundle, text) < 0) {
		call_fail(call, CALL_INVALID, "%s", text);
		return;
	}
	c = task_add(request->id, request->bundle, options.root);
	if (!c || stdio_init(&c->init.io, request->terminal, request->input, request->output,
			  request->error) < 0) {
		call_fail(call, CALL_INTERNAL, "out of memory");
		if (c)
			task_remove(c);
		return;
	}
	c->systemd_cgroup = options.systemd_cgroup;
	c->checkpoint = request->checkpoint[0] ? strdup(request->checkpoint) : NULL;
	if (request->checkpoint[0] && !c->checkpoint) {
		call_fail(call, CALL_INTERNAL, "out of memory");
		task_remove(c);
		return;
	}
	if (stdio_open(&c->init.io, c->bundle, c->id, task_namespace, text) < 0) {
		call_fail(call, CALL_UNKNOWN, "%s", text);
		task_remove(c);
		return;
	}
	run_create(c, call, request, &options);
}
