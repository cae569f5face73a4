/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECORD_CONTAINER_H
#define NACRE_RECORD_CONTAINER_H

#include <sys/types.h>

#include "libcontainer/cgroup/cgroup.h"
#include "specs/annotations.h"
#include "specs/arena.h"
#include "specs/state.h"

/* The caller's callbacks and wishes, from struct nacre_options. */
struct container_callbacks {
	void (*warn)(void *data, const char *text);
	void (*debug)(void *data, const char *text); /* NULL: no debug messages */
	void *data;
	bool reviews; /* the caller reports workspaces that are kept */
};

/* One from the policy and one from --audit. */
#define CONTAINER_AUDIT_FILES 2

/*
 * A container, as every call of container.h holds it. A call opens only the parts that it needs;
 * the others are NULL or -1.
 */
struct container {
	const struct container_callbacks *callbacks;
	int root_fd; /* the directory of all states; borrowed */
	const char *workspaces; /* the directory of all workspaces; NULL: the caller's own; borrowed
				 */
	const char *id; /* borrowed */
	struct arena *arena;
	int state_fd; /* its state directory; -1: not open */
	int lock_fd; /* -1: not locked by this command */
	unsigned lock_flags; /* how it is locked: enum state_lock_flags */
	int64_t deadline; /* child_now() at which waiting for INIT and for hooks ends; 0: never */
	struct container_record record;
	struct oci_config *config; /* hardened; NULL: not read */
	struct run_annotations annotations; /* of config */
	int audit_fds[CONTAINER_AUDIT_FILES]; /* see audit.h */
	struct cgroup cgroup;
	pid_t pid; /* pid of its first process, or of the process that exec starts; 0: not known */
	int pidfd; /* its pidfd */
};

void container_init(struct container *c);
void container_done(struct container *c); /* closes and frees; ends no process */

void container_warn(const struct container *c, const char *text);

/* Ignores a warning: for callers that only look at a config, or that nobody listens to. */
void container_drop_warning(void *data, const char *text);

#endif
