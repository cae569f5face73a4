/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_ROUTES_H
#define NACRE_EGRESS_ROUTES_H

#include "specs/egress.h"

/* Where the addresses of the container's network namespace lead, which the caller is in. */

/* Has the namespace take the addresses of NETWORK for its own: a route of type local to lo. One
 * that is there already, as another container of a pod has made it, will do. */
int egress_route_add(const struct egress_network *network, struct nacre_error *err);

/* From here on what is not for the namespace itself is refused with EACCES, whatever routes it has
 * or gets: a rule of ip-rule(8) between its own addresses and all others. */
int egress_close_routes(struct nacre_error *err);

/* -ENOTEMPTY: an interface other than lo is up. */
int egress_check_alone(struct nacre_error *err);

#endif
