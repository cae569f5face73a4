/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_IDMAP_H
#define NACRE_MOUNT_IDMAP_H

#include "specs/spec.h"

/* crun's option of a bind mount that podman's --volume passes on (crun(1), idmap mount options):
 *
 *   idmap=uids=0-1000-1#1-2000-10;gids=@0-5-1
 *
 * Each triplet is an id of the file system, the id of the host that it becomes, and how many;
 * behind
 * "@" the second is one of the container, and that its user namespace makes it. "ridmap=" holds for
 * the mounts below, too.
 *
 * Turns such options into uidMappings and gidMappings and the plain word, in the config of ARENA.
 * Mappings that the mount has already stay. Returns 0 or -EINVAL. */
int mount_idmap_decode(struct arena *arena, struct oci_config *config, struct nacre_error *err);

#endif
