/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_ATTEMPTS_H
#define NACRE_TEST_ATTEMPTS_H

#include "tests/ways/ways.h"

/* The calls by which an address may be reached; as struct way has them. */

int way_tcp(const struct way *way);
int way_bound(const struct way *way);
int way_sendto(const struct way *way);
int way_sendmsg(const struct way *way);
int way_sendmmsg(const struct way *way);
int way_udp_connect(const struct way *way);
int way_connected_sendto(const struct way *way);
int way_connect_again(const struct way *way);
int way_connect_after_unspec(const struct way *way);
int way_sendto_unspec(const struct way *way);
int way_fast_open(const struct way *way);
int way_fast_open_connect(const struct way *way);
int way_v6_socket(const struct way *way);
int way_source_route(const struct way *way);
int way_socket(const struct way *way);
int way_raw(const struct way *way);
int way_ping(const struct way *way);
int way_packet(const struct way *way);
int way_io_uring(const struct way *way);
int way_passed(const struct way *way);
int way_inherited(const struct way *way);
int way_cgroup(const struct way *way);
int way_clone_into_cgroup(const struct way *way);

/* The number of a way that makes a socket alone. */
#define SOCKET(family, type, protocol) ((family) << 16 | (type) << 12 | (protocol))

#endif
