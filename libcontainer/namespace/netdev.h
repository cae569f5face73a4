/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_NETDEV_H
#define NACRE_NETDEV_H

#include "specs/spec.h"

/* Brings the loopback device of the caller's network namespace up. */
int netdev_loopback_up(struct nacre_error *err);

/* linux.netDevices: moves devices of the caller's network namespace into the one behind NETNS_FD,
 * where they have their new names and keep their permanent global addresses, and are up. All or
 * none. The companion nacre-netdev does it (companion.h), since netlink is needed. RET_MOVED is for
 * netdev_restore, heap, the caller's to free. */
int netdev_move(int netns_fd, const struct oci_net_device *devices, size_t n, char **ret_moved,
	struct nacre_error *err);
/* Moves them back to the caller's namespace, with their old names and state. */
int netdev_restore(int netns_fd, const char *moved, struct nacre_error *err);

#endif
