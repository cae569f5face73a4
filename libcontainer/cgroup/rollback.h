/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_ROLLBACK_H
#define NACRE_ROLLBACK_H

#include <stddef.h>

#include "specs/error.h"

/* What the files of a cgroup held before limits were written to them, so that a change that fails
 * half way can be undone. The values are read from the kernel, not from a config, which has no
 * value for a limit that was not set. */
struct rollback {
	struct rollback_entry *entries;
	size_t n;
};

/* Notes what FILE of the cgroup at CGROUP_FD holds, before VALUE is written to it. A file that does
 * not exist, or is not readable, is not restored. Returns 0 or why it could not be read, as -ENOMEM
 * or -EMFILE. */
int rollback_note(struct rollback *rollback, int cgroup_fd, const char *file, const char *value);

/* Writes back what was noted, last first. Goes on after a failure and returns the first one. */
int rollback_restore(const struct rollback *rollback, int cgroup_fd, struct nacre_error *err);

void rollback_done(struct rollback *rollback); /* takes {0} */

#endif
