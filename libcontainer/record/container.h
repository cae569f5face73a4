/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECORD_CONTAINER_H
#define NACRE_RECORD_CONTAINER_H

#include <sys/types.h>

#include "libcontainer/cgroup/cgroup.h"
#include "specs/annotations.h"
#include "specs/arena.h"
#include "specs/state.h"

/* Who hears of what happens; from struct nacre_options. */
struct container_callbacks {
	void (*warn)(void *data, const char *text);
	void (*debug)(void *data, const char *text); /* NULL: nobody wants it */
	void *data;
	bool reviews; /* the caller tells of workspaces that are kept */
};

/* The policy's and that of --audit. */
#define CONTAINER_AUDIT_FILES 2

/*
 * A container, as every call of container.h holds it. A call opens as much of it as it needs; the
 * rest is NULL or -1.
 */
struct container {
	const struct container_callbacks *callbacks;
	int root_fd; /* the directory of all states; borrowed */
	const char *workspaces; /* the directory of all workspaces; NULL: the caller's own; borrowed
				 */
	const char *id; /* borrowed */
	struct arena *arena;
	int state_fd; /* its state directory */
	int lock_fd; /* -1: not locked by this command */
	unsigned lock_flags; /* how it is locked: enum state_lock_flags */
	int64_t deadline; /* when waiting for INIT and for hooks ends, child_now(); 0: never */
	struct container_record record;
	struct oci_config *config; /* tightened; NULL: not read */
	struct run_annotations annotations; /* of config */
	int audit_fds[CONTAINER_AUDIT_FILES]; /* audit.h */
	struct cgroup cgroup;
	pid_t pid; /* of its first process, or of the one that exec makes; 0: not known */
	int pidfd; /* the same */
};

void container_init(struct container *c);
void container_done(struct container *c); /* closes and frees; ends nothing */

void container_warn(const struct container *c, const char *text);

/* A callback for those who look at a config, or have nobody to tell: does nothing. */
void container_drop_warning(void *data, const char *text);

#endif
