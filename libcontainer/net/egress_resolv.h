/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_RESOLV_H
#define NACRE_EGRESS_RESOLV_H

#include <stdbool.h>

#include "specs/resolv_conf.h"
#include "specs/spec.h"

#define EGRESS_RESOLV_FILE "resolv.conf" /* in the state directory */

/* The resolv.conf that the container would have from outside: the one that CONFIG binds, as engines
 * do, or the host's. Never that of the image. Its name servers are those of the network that the
 * relay is in: INSIDE, of the container's, or the host's. Who chooses them says where names lead.
 * RESOLVERS: addresses, those of a container's network that CONFIG binds none of; none: the host's.
 */
int egress_resolv_read(const struct oci_config *config, bool inside,
	const struct oci_strings *resolvers, struct resolv_conf *ret_conf, struct nacre_error *err);

/* RESOLVERS in place of the name servers of CONF. */
void egress_resolv_take(struct resolv_conf *conf, const struct oci_strings *resolvers);

/* Leaves out of DATA, a struct resolv_conf, the name servers that are in the network namespace of
 * the caller, which is the container's: a program inside could be them, and say where names lead.
 * For namespaces_visit. There may be none left. */
int egress_resolv_drop_own(void *data, struct nacre_error *err);

/* Writes TEXT into the state directory. Returns a read-only mount of it, which is nowhere yet; or
 * the file opened by its path where the caller may not clone mounts, for egress_resolv_mount to do
 * so in a user namespace. */
int egress_resolv_make(int state_fd, const char *text, bool *ret_cloned, struct nacre_error *err);

/* Covers /etc/resolv.conf below ROOTFS_FD with what that returned. */
int egress_resolv_mount(int rootfs_fd, int fd, bool cloned, struct nacre_error *err);

#endif
