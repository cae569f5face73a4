/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CGROUP_JOURNAL_H
#define NACRE_CGROUP_JOURNAL_H

#include <stddef.h>

#include "specs/error.h"

/* What the files of a cgroup held before limits were written to them, so that a change that fails
 * half way can be taken back: from the kernel and not from a config, which says nothing of a limit
 * that was not set. */
struct cgroup_journal {
	struct cgroup_journal_entry *entries;
	size_t n;
};

/* Before VALUE is written to FILE of the cgroup at CGROUP_FD. A file that is not there is none to
 * restore. Returns 0 or -ENOMEM. */
int cgroup_journal_note(
	struct cgroup_journal *journal, int cgroup_fd, const char *file, const char *value);

/* Writes back what was noted, last first. Goes on after a failure and returns the first one. */
int cgroup_journal_restore(
	const struct cgroup_journal *journal, int cgroup_fd, struct nacre_error *err);

void cgroup_journal_done(struct cgroup_journal *journal); /* takes {0} */

#endif
