/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LINKS_H
#define NACRE_LINKS_H

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>

#include "specs/error.h"

/* Network devices and their addresses, through rtnetlink(7) and libmnl. */

/* A network namespace, and a socket that was made in it. */
struct network {
	int fd; /* of the namespace */
	struct mnl_socket *socket;
	unsigned sequence;
	const char *where; /* for error texts: "on the host", "in the container" */
};

struct link {
	int index;
	bool up;
};

/* Opens the caller's network namespace. FD, which refers to the same namespace, stays the
 * caller's. */
int network_open(int fd, const char *where, struct network *ret_network, struct nacre_error *err);
void network_close(struct network *network);

/* -ENODEV: no device has this name. */
int link_find(
	struct network *network, const char *name, struct link *ret_link, struct nacre_error *err);

/* Sets the device up, or down. */
int link_set_up(struct network *network, int index, bool up, struct nacre_error *err);

/* Moves the device to another namespace under a new name, in one request. The kernel takes it down
 * and removes its addresses. */
int link_move(struct network *from, int index, const struct network *to, const char *new_name,
	struct nacre_error *err);

/* Addresses that a device keeps when it moves. */
struct addresses {
	struct address *items; /* heap */
	size_t n;
};

/* Reads the permanent addresses of global scope. */
int addresses_read(struct network *network, int index, struct addresses *ret_addresses,
	struct nacre_error *err);
int addresses_add(struct network *network, int index, const struct addresses *addresses,
	struct nacre_error *err);

#endif
