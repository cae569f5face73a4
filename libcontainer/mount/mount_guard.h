/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_GUARD_H
#define NACRE_MOUNT_GUARD_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "specs/harden.h"

/*
 * The rule mount-sources on what is really opened. harden() has judged the sources of the config as
 * text; here a source is opened first and then judged by where it lies, what it is, and which
 * filesystem it is on. A symlink, a hard link or a second mount of a forbidden place is no way
 * around the rule, and what is judged is what is mounted: the caller clones from the same fd.
 */

struct mount_guard {
	struct arena *arena;
	const struct harden_request *request; /* NULL: guards nothing, as under profile oci */
	const char *own; /* a source of nacre's own, by its address: not judged; NULL: none */
	struct stat state; /* directory of all states */
	char state_path[PATH_MAX];
};

/* Of a container whose states lie in STATE_FD. Costs nothing if there is nothing to judge. */
int mount_guard_init(struct mount_guard *guard, struct arena *arena,
	const struct harden_request *request, int state_fd, struct nacre_error *err);

/* Whether the rules of a profile hold for what is opened. GUARD may be NULL. */
bool mount_guard_judges(const struct mount_guard *guard);

/* Where that is so: opens the source of MOUNT, number INDEX of the config, for
 * open_tree(2) with AT_EMPTY_PATH. Returns an O_PATH fd; -EPERM if the rule refuses it. NOFOLLOW: a
 * symlink itself. */
int mount_guard_open(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	bool nofollow, struct nacre_error *err);

/* The judgement alone, on the source opened as FD. 0, or -EPERM. */
int mount_guard_judge(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	int fd, struct nacre_error *err);

/* The same for what the kernel opens by itself: the layers of an overlay. It walks the path once
 * more. For a disk see mount_disk.h. */
int mount_guard_filesystem(const struct mount_guard *guard, const struct oci_mount *mount,
	size_t index, struct nacre_error *err);

#endif
