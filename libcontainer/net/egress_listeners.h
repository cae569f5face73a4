/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_LISTENERS_H
#define NACRE_EGRESS_LISTENERS_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/egress_sockets.h"

/* The sockets of egress rules in the container's network namespace (specs/egress_names.h,
 * egress_sockets.h). The caller is in that namespace while it makes them; they are served from
 * outside. */

/* Opens a socket that listens on lo alone (SO_BINDTODEVICE: a neighbour that routes those addresses
 * here reaches nothing). AT NULL: on any IPv4 address, since the address that a program connected
 * to stands for the name, and at a port that the kernel chooses, so that none is taken from the
 * program; a TCP connection must then have EGRESS_MARK, which those have that the filter redirects:
 * one of another container in this network gets no answer. UDP: a datagram socket. Returns an fd.
 */
int egress_listener_open(
	const struct egress_socket *at, bool udp, uint16_t *ret_port, struct nacre_error *err);

#endif
