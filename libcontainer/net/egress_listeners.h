/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_LISTENERS_H
#define NACRE_EGRESS_LISTENERS_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/egress_sockets.h"

/* What of egress rules lies in the container's network namespace (specs/egress_names.h,
 * egress_sockets.h), which the caller is in while it makes it; it is served from outside. */

/* A socket that listens on lo alone (SO_BINDTODEVICE: a neighbour that routes those addresses here
 * reaches nothing). AT NULL: on any address of IPv4, since which one was meant is the name, and at
 * a port that the kernel chooses, so that none is taken from the program. UDP: a datagram socket.
 * Returns an fd. */
int egress_listener_open(
	const struct egress_socket *at, bool udp, uint16_t *ret_port, struct nacre_error *err);

#endif
