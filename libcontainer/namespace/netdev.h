/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_NETDEV_H
#define NACRE_NETDEV_H

#include "specs/spec.h"

/* Sets the loopback device of the caller's network namespace up. */
int netdev_loopback_up(struct nacre_error *err);

/* Moves devices for linux.netDevices, all or none, from the caller's network namespace to NETNS_FD,
 * where they have their new names, keep their permanent global addresses, and are up. The companion
 * nacre-netdev does it (companion.h), since it needs netlink. RET_MOVED is for netdev_restore;
 * heap, the caller's to free. */
int netdev_move(int netns_fd, const struct oci_net_device *devices, size_t n, char **ret_moved,
	struct nacre_error *err);
/* Moves them back to the caller's namespace, with their old names and states. */
int netdev_restore(int netns_fd, const char *moved, struct nacre_error *err);

#endif
