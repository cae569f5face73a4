/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_RESOLV_H
#define NACRE_EGRESS_RESOLV_H

#include <stdbool.h>

#include "specs/resolv_conf.h"
#include "specs/spec.h"

#define EGRESS_RESOLV_FILE "resolv.conf" /* in the state directory */

/* Reads the resolv.conf that the container would get from outside: the one that CONFIG binds, as
 * engines do, or the host's. It is never the image's, since the name servers decide where names
 * lead. They are those of the network that the relay is in: INSIDE, of the container's, or the
 * host's. RESOLVERS: the name servers of the container's network, if CONFIG binds no resolv.conf;
 * none: the host's. */
int egress_resolv_read(const struct oci_config *config, bool inside,
	const struct oci_strings *resolvers, struct resolv_conf *ret_conf, struct nacre_error *err);

/* Replaces the name servers of CONF by RESOLVERS. */
void egress_resolv_take(struct resolv_conf *conf, const struct oci_strings *resolvers);

/* Removes from DATA, a struct resolv_conf, the name servers that are addresses of the caller's
 * network namespace, which is the container's: a program inside could act as one, and decide where
 * names lead. For namespaces_visit. There may be none left. */
int egress_resolv_drop_own(void *data, struct nacre_error *err);

/* Writes TEXT into the state directory. Returns a detached read-only mount of that file. If the
 * caller may not clone mounts: an O_PATH fd of the file, which egress_resolv_mount clones in a user
 * namespace. */
int egress_resolv_make(int state_fd, const char *text, bool *ret_cloned, struct nacre_error *err);

/* Covers /etc/resolv.conf below ROOTFS_FD with what that returned. */
int egress_resolv_mount(int rootfs_fd, int fd, bool cloned, struct nacre_error *err);

#endif
