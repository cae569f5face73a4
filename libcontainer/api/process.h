/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_PROCESS_H
#define NACRE_API_PROCESS_H

#include "libcontainer/cgroup/cgroup.h"
#include "libcontainer/container.h"

struct life;

/* A process that run, start, exec or restore started, with its container's cgroup. */
struct nacre_process {
	pid_t pid;
	int pidfd;
	int console; /* master of its terminal; -1: none, or the caller took it */
	int notify; /* socket of its sd_notify(3) messages; -1: the same */
	bool audited;
	bool ended; /* the caller has waited for it and has its STATUS */
	int status;
	struct cgroup cgroup; /* cgroup of the container */
	struct cgroup own; /* cgroup of an exec; closed: it has none */
	bool is_container; /* it is the container's first process */
	bool killed;
	const char *limited_by; /* profile that set the memory limit; NULL: config.json did */
	uint64_t oom_kills; /* count of the container's cgroup before the process was started */
};

/* Allocates it on the heap; NULL: out of memory. Call it before a process exists that could be
 * lost. free() is enough while it is empty. */
struct nacre_process *process_new(void);

/* Moves what the caller of run, start, exec and restore gets from L to PROCESS. */
void process_take(struct nacre_process *process, struct life *l, bool is_container);

#endif
