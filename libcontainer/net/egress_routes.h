/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_ROUTES_H
#define NACRE_EGRESS_ROUTES_H

#include <net/if.h>

#include "specs/egress.h"

/* Where the addresses of the container's network namespace lead, which the caller is in. */

/* Has the namespace take the addresses of NETWORK for its own: a route of type local to lo. One
 * that is there already, as another container of a pod has made it, will do. */
int egress_route_add(const struct egress_network *network, struct nacre_error *err);

/* -ENETDOWN: lo is down, which is not seen by who adds such a route: nothing would arrive. */
int egress_check_loopback(struct nacre_error *err);

/* From here on what is not for the namespace itself is refused with EACCES, whatever routes it has
 * or gets: a rule of ip-rule(8) between its own addresses and all others. */
int egress_close_routes(struct nacre_error *err);

/* RET_INTERFACE: one that is up besides lo, or "". Those that the kernel makes in each network
 * namespace, as of tunnels, are down, and lead nowhere. */
int egress_network_look(char ret_interface[IF_NAMESIZE], struct nacre_error *err);
/* -ENOTEMPTY: there is such a one. */
int egress_check_alone(struct nacre_error *err);

#endif
