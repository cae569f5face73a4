/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_SHIFT_WORKSPACE_H
#define NACRE_MOUNT_SHIFT_WORKSPACE_H

#include "libcontainer/mount/mount_shift.h"
#include "libcontainer/mount/mount_workspace.h"

/* Does what mount_workspace_build does, for a container whose ids are shifted: the source and the
 * directories of the copy are id-mapped, so that the files of the copy have, on disk, the owners
 * that the source's files have. UPPER and WORK: names of those directories, which lie beside each
 * other. */
int mount_shift_workspace(const struct mount_workspace *workspace, const struct mount_shift *shift,
	const char *upper, const char *work, struct nacre_error *err);

#endif
