/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_COMMAND_H
#define NACRE_SHIM_COMMAND_H

#include "shim/job.h"
#include "shim/task.h"

/* A child that works on a container's process and answers a call when it ends. It calls libnacre,
 * or runs a command of nacre for what forks into the container. */
struct command {
	struct job job; /* the first member */
	struct process *process;
	struct call *call; /* NULL: no call waits for it */
	char *log, *pid_file; /* heap; NULL: none */
	char *file; /* heap: an input file of the child, removed at its end */
	size_t n; /* arguments so far */
	const char **cgroup_manager; /* the argument that names it */
	Wire__CreateRequest *create; /* holds the root's mounts */
	struct timer look; /* set while the process's FIFOs have no readers, */
	int64_t look_by; /* until this time: they may never have any */
};

/* Returns NULL without memory, and has then answered CALL with that. DONE gets the job and ends
 * with command_free. The caller sets in the job what the child does. */
struct command *command_new(struct process *process, struct call *call,
	void (*done)(struct job *job, int status, const char *error));
/* Makes likewise a command `nacre --root R --log F ... WORD`. */
struct command *command_new_nacre(struct process *process, struct call *call,
	void (*done)(struct job *job, int status, const char *error), const char *word);
/* Serves as job.before, in the bundle, of a command that makes the container's cgroup: chooses the
 * cgroup driver by the config, because Docker names its driver to no shim but runc's. */
int command_choose_manager(struct job *job, char text[static JOB_TEXT]);
/* Adds an argument, which is borrowed. */
void command_add(struct command *command, const char *word);
/* Adds the options of a command that makes the process. The process gets the command's stdio, the
 * shim reaps it, and nacre writes its pid to PID_FILE. */
void command_add_process(struct command *command);
/* Adds the container's ID and starts the command once the readers of the process's output have
 * come. The process is busy until the command ends. */
void command_start(struct command *command);
void command_free(struct command *command);

/* Returns the pid in the file, or -1. */
pid_t command_read_pid(const char *file);

/* Makes a command that undoes a creation, or removes what a killed creation has left, and unmounts
 * the root. It answers no call. Returns NULL without memory. */
struct command *command_undo_new(
	struct process *process, void (*done)(struct job *job, int status, const char *error));

#endif
