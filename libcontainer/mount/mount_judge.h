/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_JUDGE_H
#define NACRE_MOUNT_JUDGE_H

#include <limits.h>

#include "libcontainer/mount/mount_guard.h"

/* Judges one source for mount_guard.c. */

struct mount_source {
	const struct mount_guard *guard;
	const char *place; /* in the config */
	const char *given;
	bool written; /* what is written to it is written to the host */
	bool devices; /* its device nodes can be opened */
	/* Filled in by mount_judge: */
	struct mount_identity identity;
	char path[PATH_MAX]; /* its path, for messages */
};

/* Judges what is open as FD. -EPERM if a rule refuses it. */
int mount_judge(struct mount_source *source, int fd, struct nacre_error *err);

/* Refuses the source unless a grant allows it. The error text says that the source has RELATION
 * ("contains") to PATH, a host object that is WHAT; PATH NULL: that the source itself is WHAT.
 * ENGINE: the grant engine-socket allows it as well. */
int mount_judge_refuse(const struct mount_source *source, bool engine, const char *relation,
	const char *path, const char *what, struct nacre_error *err);

#endif
