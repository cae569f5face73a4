/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_IDMAP_H
#define NACRE_IDMAP_H

#include <stdbool.h>
#include <sys/types.h>

#include "specs/spec.h"

/* User and group id mappings: user_namespaces(7). */

/* Writes uid_map and gid_map of PID, and setgroups if the caller is unprivileged. */
int idmap_write(pid_t pid, const struct oci_id_mapping *uids, size_t n_uids,
	const struct oci_id_mapping *gids, size_t n_gids, struct nacre_error *err);

/* Returns 1 if the caller is in the initial user namespace, 0 if not, or -errno. */
int idmap_is_initial(struct nacre_error *err);
/* Returns likewise whether it is also root there. */
int idmap_is_host_root(struct nacre_error *err);

/* Makes init root of its user namespace, after its maps are written, and drops its groups unless
 * KEEP_GROUPS. */
int idmap_become_root(bool keep_groups, struct nacre_error *err);

/* Opens a user namespace with these mappings, for MOUNT_ATTR_IDMAP. A short-lived process holds the
 * namespace until the fd is open. */
int idmap_userns(const struct oci_id_mapping *uids, size_t n_uids,
	const struct oci_id_mapping *gids, size_t n_gids, struct nacre_error *err);

/* Does the same for ids that no other namespace shall use, and announces them. While the namespace
 * exists, its root has IDMAP_SHOWN_KEYS keys, which /proc/key-users shows to every process in the
 * parent namespace, whatever its other namespaces are. A process that has made such a namespace
 * looks there afterwards: either it is the only one, or both see that they are not. -ENOSYS: the
 * kernel has no keys. */
#define IDMAP_SHOWN_KEYS 2
int idmap_userns_shown(const struct oci_id_mapping *uids, size_t n_uids,
	const struct oci_id_mapping *gids, size_t n_gids, struct nacre_error *err);

#endif
