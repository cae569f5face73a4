/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_TASK_H
#define NACRE_SHIM_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/call.h"
#include "shim/stdio.h"

/* The containers of this shim and their processes. */

struct wait {
	struct call *call;
	struct wait *next;
};

enum process_state {
	PROCESS_ADDED, /* nacre has not made it; only its creation knows such a container */
	PROCESS_CREATED,
	PROCESS_RUNNING,
	PROCESS_STOPPED,
};

struct process {
	struct container *container;
	const char *exec_id; /* "": the container's first process */
	enum process_state state;
	bool busy; /* a command of nacre works on it: its end is not looked at before that ends */
	pid_t pid; /* 0: not known yet; a child of the shim until it has STOPPED */
	uint32_t exit_status;
	Wire__Time exited_at;
	struct stdio io;
	char *spec; /* of an exec: its process object as JSON */
	int cgroup_fd; /* the exec's own cgroup; -1: none */
	struct wait *waits;
	bool deleting; /* a deletion of it is on its way, which frees its execs as well: */
	struct wait *deletions; /* later calls for the same, which wait for its end */
	struct process *next; /* the next exec of the container */
};

struct container {
	char *id, *bundle;
	char *root; /* directory of nacre's states */
	char *checkpoint; /* directory of the images that its start restores; NULL: none */
	bool systemd_cgroup;
	bool paused;
	bool ending; /* the first process is a zombie, and the other processes are killed */
	struct process init;
	struct process *execs;
	/* That of its first process when that was made; -1: not open, as for oom. */
	int cgroup_fd;
	struct source oom; /* its memory.events */
	uint64_t oom_kills;
	struct container *next;
};

/* Set by main before anything else. */
extern const char *task_namespace;
extern const char *task_profile; /* NULL: nacre's default */
extern const char *task_nacre; /* the program, by the name that selects that profile */

/* Returns the first container, to iterate over "next". */
struct container *task_first(void);
/* Each returns NULL if there is none. */
struct container *task_find(const char *id);
struct process *task_find_exec(const struct container *container, const char *exec_id);
/* Each returns NULL if there is none that was created, and has then answered CALL with that. */
struct container *task_container(struct call *call, const char *id);
struct process *task_process(struct call *call, const char *id, const char *exec_id);

/* Answers and frees all of WAITS. */
void task_fail_waits(struct wait **waits, enum call_code code, const char *error);

/* Adds a new container to the list. Returns NULL without memory. */
struct container *task_add(const char *id, const char *bundle, const char *root);
void task_remove(struct container *container);
/* Adds an exec likewise. */
struct process *task_add_exec(struct container *container, const char *exec_id);
void task_remove_exec(struct process *process);

/* Handles all children that have ended. */
void task_reap(void);

/* Returns whether an exec of CONTAINER runs or is starting. */
bool task_has_exec(const struct container *container);

/* Each concerns an exec that begins. */
bool task_wants_own_cgroup(void);
void task_find_own_cgroup(struct process *process);

/* Sets the state to STOPPED, at the present time, and answers the calls that wait. */
void task_stop(struct process *process, uint32_t status);
/* Does the same and publishes the exit, for a process that had begun. */
void task_exited(struct process *process, uint32_t status);

Wire__Time task_now(void);

#endif
