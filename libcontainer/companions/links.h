/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LINKS_H
#define NACRE_LINKS_H

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>

#include "specs/error.h"

/* rtnetlink(7), by libmnl: network devices and their addresses. */

/* A network namespace, seen from a socket that was made in it. */
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

/* The caller's network namespace. FD, of the same namespace, stays the caller's. */
int network_open(int fd, const char *where, struct network *ret_network, struct nacre_error *err);
void network_close(struct network *network);

/* -ENODEV: there is none with this name. */
int link_find(
	struct network *network, const char *name, struct link *ret_link, struct nacre_error *err);

/* Sets the device up (or down). */
int link_set_up(struct network *network, int index, bool up, struct nacre_error *err);

/* To another namespace under another name, in one request. The kernel takes the device down and its
 * addresses away. */
int link_move(struct network *from, int index, const struct network *to, const char *new_name,
	struct nacre_error *err);

/* The addresses that a device keeps when it moves. */
struct addresses {
	struct address *items; /* heap */
	size_t n;
};

/* The permanent ones of global scope. */
int addresses_read(struct network *network, int index, struct addresses *ret_addresses,
	struct nacre_error *err);
int addresses_add(struct network *network, int index, const struct addresses *addresses,
	struct nacre_error *err);

#endif
