/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_COMMAND_H
#define NACRE_SHIM_COMMAND_H

#include "shim/job.h"
#include "shim/task.h"

/* A child that works on a container's process, and answers a call at its end: by libnacre, or where
 * it forks into the container, by a command of nacre. */
struct command {
	struct job job; /* the first member */
	struct process *process;
	struct call *call; /* NULL: nobody asked */
	char *log, *pid_file; /* heap; NULL: none */
	char *file; /* heap: what it is given to read; removed at its end */
	size_t n; /* arguments so far */
	const char **cgroup_manager; /* the one that names it */
	Wire__CreateRequest *create; /* what is mounted */
	struct timer look; /* until the FIFOs of its process have readers, */
	int64_t look_by; /* which they may never have */
};

/* NULL: no memory, and CALL was answered so. DONE gets the job, and ends with command_free. What
 * the child does is set in the job. */
struct command *command_new(struct process *process, struct call *call,
	void (*done)(struct job *job, int status, const char *error));
/* Likewise, `nacre --root R --log F ... WORD`. */
struct command *command_new_nacre(struct process *process, struct call *call,
	void (*done)(struct job *job, int status, const char *error), const char *word);
/* A job's "before", in the bundle, of a command that makes the container's cgroup. Docker tells no
 * shim but runc's of its cgroup driver: the config does. */
int command_choose_manager(struct job *job, char text[static JOB_TEXT]);
/* One word more; borrowed. */
void command_add(struct command *command, const char *word);
/* What it says besides if it makes the process, which gets its stdio and is the shim's to reap:
 * nacre writes its pid to PID_FILE. */
void command_add_process(struct command *command);
/* The container's ID behind all of that, and off it goes, once what reads the process's output is
 * there. The process is busy until the end. */
void command_start(struct command *command);
void command_free(struct command *command);

/* The pid in the file. Returns it or -1. */
pid_t command_read_pid(const char *file);

/* One that undoes a creation, or what a killed one has left, and unmounts the root. Nobody is
 * answered by it. NULL: no memory. */
struct command *command_take_back_new(
	struct process *process, void (*done)(struct job *job, int status, const char *error));

#endif
