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
	PROCESS_ADDED, /* nacre has not made it; a container that no call but its creation knows */
	PROCESS_CREATED,
	PROCESS_RUNNING,
	PROCESS_STOPPED,
};

struct process {
	struct container *container;
	const char *exec_id; /* "": the container's first */
	enum process_state state;
	bool busy; /* a command of nacre is on its way: its end is not looked at before */
	pid_t pid; /* 0: not yet known; a child of the shim until it has STOPPED */
	uint32_t exit_status;
	Wire__Time exited_at;
	struct stdio io;
	char *spec; /* of an exec: the process as JSON */
	int cgroup_fd; /* that an exec alone is in; -1: none */
	struct wait *waits;
	struct process *next; /* exec of the container */
};

struct container {
	char *id, *bundle;
	char *root; /* of nacre's state */
	char *checkpoint; /* the images that its start restores; NULL: it is no such container */
	bool systemd_cgroup;
	bool paused;
	bool ending; /* the first process is a zombie, and what else ran is killed */
	bool deleting; /* nacre takes it back: with it all its execs are freed */
	struct process init;
	struct process *execs;
	int oom_fd; /* its cgroup; -1: not open, as the next */
	int oom_watch; /* of inotify(7) */
	uint64_t oom_kills;
	struct container *next;
};

/* Of the shim; set before anything else. */
extern const char *task_namespace;
extern const char *task_profile; /* NULL: nacre's own choice */
extern const char *task_nacre; /* the program by the name that means that profile */

/* All of them, for whoever looks at each. */
struct container *task_first(void);
/* NULL: there is none, as with the next. */
struct container *task_find(const char *id);
struct process *task_find_exec(const struct container *container, const char *exec_id);
/* NULL: there is none that was created, and CALL was answered so, as by the next. */
struct container *task_container(struct call *call, const char *id);
struct process *task_process(struct call *call, const char *id, const char *exec_id);

/* A new container that is in the list; NULL: no memory. */
struct container *task_add(const char *id, const char *bundle, const char *root);
void task_remove(struct container *container);
/* Likewise an exec. */
struct process *task_add_exec(struct container *container, const char *exec_id);
void task_remove_exec(struct process *process);

/* Sees to all children that have ended. */
void task_reap(void);

/* Whether an exec of it runs, or is about to. */
bool task_has_exec(const struct container *container);

/* Of an exec that begins. */
bool task_wants_own_cgroup(void);
void task_find_own_cgroup(struct process *process);

/* The state ends there, with now as its time; answers those who wait. */
void task_stop(struct process *process, uint32_t status);
/* Likewise, and tells it: it had begun. */
void task_exited(struct process *process, uint32_t status);

Wire__Time task_now(void);

#endif
