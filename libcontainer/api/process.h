/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_PROCESS_H
#define NACRE_API_PROCESS_H

#include "libcontainer/cgroup/cgroup.h"
#include "libcontainer/container.h"

struct life;

/* A process that run, start, exec or restore started, and what it is part of. */
struct nacre_process {
	pid_t pid;
	int pidfd;
	int console; /* master of its terminal; -1: none, or taken by the caller */
	int notify; /* the socket of its sd_notify(3) calls; likewise */
	bool audited;
	bool ended; /* the caller has waited for it, and got STATUS */
	int status;
	struct cgroup cgroup; /* of the container */
	struct cgroup own; /* of an exec; closed: it has none */
	bool is_container; /* it is the container's first process */
	bool killed;
	const char *limited_by; /* the profile that set the memory limit; NULL: config.json did */
	uint64_t oom_kills; /* in the container's cgroup, before it was started */
};

/* Heap; NULL: out of memory. To be had before there is a process that could be lost. With free() it
 * goes as long as it is empty. */
struct nacre_process *process_new(void);

/* What the caller of run, start, exec and restore gets, in place of L. */
void process_take(struct nacre_process *process, struct life *l, bool is_container);

#endif
