/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_LISTENERS_H
#define NACRE_EGRESS_LISTENERS_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/error.h"

/* What of names lies in the container's network namespace (specs/egress_names.h), which the caller
 * is in while it makes it; it is served from outside. */

/* Has the namespace take the addresses of names for its own: a route of type local to lo. One that
 * is there already, as another container of a pod has made it, will do. */
int egress_route_add(struct nacre_error *err);

/* Whether the namespace has an interface that is up besides lo. Those that the kernel makes in
 * each, as of tunnels, are down. */
int egress_network_look(bool *ret_wired, struct nacre_error *err);

/* A socket that listens on lo alone (SO_BINDTODEVICE: a neighbour that routes those addresses here
 * reaches nothing), on any address: which one was meant is the name. The kernel chooses its port,
 * so that none is taken from the program. UDP: a datagram socket. Returns an fd. */
int egress_listener_open(bool udp, uint16_t *ret_port, struct nacre_error *err);

#endif
