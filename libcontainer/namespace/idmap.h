/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_IDMAP_H
#define NACRE_IDMAP_H

#include <stdbool.h>
#include <sys/types.h>

#include "specs/spec.h"

/* user_namespaces(7). */

/* Writes uid_map, gid_map and, where the caller is unprivileged, setgroups of PID. */
int idmap_write(pid_t pid, const struct oci_id_mapping *uids, size_t n_uids,
	const struct oci_id_mapping *gids, size_t n_gids, struct nacre_error *err);

/* Whether the caller is in the user namespace that the kernel started with: 1, 0 or -errno. */
int idmap_is_initial(struct nacre_error *err);
/* Whether it is root there, too: the same. */
int idmap_is_host_root(struct nacre_error *err);

/* Makes init, once the maps are written, root of its user namespace, without groups unless
 * KEEP_GROUPS. */
int idmap_become_root(bool keep_groups, struct nacre_error *err);

/* Opens a user namespace with these mappings, for MOUNT_ATTR_IDMAP. A short-lived process holds the
 * namespace until the fd is open. */
int idmap_userns(const struct oci_id_mapping *uids, size_t n_uids,
	const struct oci_id_mapping *gids, size_t n_gids, struct nacre_error *err);

/* The same, with a root whose ids are to be nobody else's. While it is there, its root has
 * IDMAP_SHOWN_KEYS keys, and /proc/key-users of every process in the namespace above it says so,
 * whatever the others it is in: who has made one for ids looks there afterwards, and is alone, or
 * both know that they are not. -ENOSYS: the kernel has no keys. */
#define IDMAP_SHOWN_KEYS 2
int idmap_userns_shown(const struct oci_id_mapping *uids, size_t n_uids,
	const struct oci_id_mapping *gids, size_t n_gids, struct nacre_error *err);

#endif
