/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_ROUTES_H
#define NACRE_EGRESS_ROUTES_H

#include <net/if.h>

#include "specs/egress.h"

/* Changes and checks the routes of the container's network namespace, which the caller is in. */

/* Makes the addresses of NETWORK local to the namespace: a route of type local to lo. An existing
 * route, as of another container of a pod, is success. */
int egress_route_add(const struct egress_network *network, struct nacre_error *err);

/* Checks that lo is up. -ENETDOWN: it is down; egress_route_add does not notice that, but nothing
 * would arrive. */
int egress_check_loopback(struct nacre_error *err);

/* Refuses with EACCES all that is not for the namespace itself, whatever routes it has or gets: a
 * rule of ip-rule(8) between that of its own addresses and all others. */
int egress_close_routes(struct nacre_error *err);

/* Looks for interfaces besides lo. RET_INTERFACE: one that is up, or "". Those that the kernel
 * makes in each network namespace, as for tunnels, are down, and lead nowhere. */
int egress_network_look(char ret_interface[IF_NAMESIZE], struct nacre_error *err);
/* -ENOTEMPTY: there is such an interface. */
int egress_check_alone(struct nacre_error *err);

#endif
