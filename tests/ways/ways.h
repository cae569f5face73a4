/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_WAYS_H
#define NACRE_TEST_WAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The ways by which a program can reach an address, and what the rules WAYS_RULES say to each. */

#define WAYS_RULES "10.1.2.0/24:443,8000-8002", "udp:10.1.2.3:5353", "[fd77::/64]:443"

#define WAYS_OWN_PORT 8080 /* one that needs no capability */

enum way_verdict {
	WAY_ALLOWED,
	WAY_BY_FILTER, /* allowed; without root: UDP, which rules are not given for then, and IPv6
			  with an IPv4 address inside, which leads nowhere */
	WAY_DENIED, /* EPERM */
	WAY_METADATA, /* the same, and also without rules where metadata is refused */
	WAY_NO_SOCKET, /* no socket of its kind: EPERM; another errno where the kernel has none */
	WAY_BESIDE, /* not seen by the egress filter: a profile's filter or capabilities refuse it
		     */
};

struct way {
	const char *name;
	int (*attempt)(const struct way *way); /* 0: reached; else an errno */
	enum way_verdict verdict;
	const char *address;
	uint16_t port;
	int number; /* protocol, or what the attempt says */
};

extern const struct way ways[];
extern const size_t n_ways;

/* A server on this port of its own loopback; 0, or -1 with errno. EADDRINUSE: there is one. */
int ways_serve_loopback(void);

/* Whether ADDRESS is one of the network namespace that the caller is in. */
bool ways_address_is_own(const char *address);

/* Enters a network namespace of its own in which every address is this machine, with a TCP server
 * on the ports that the ways use. Returns 0, or -1 with errno. */
int ways_enter_world(void);

#endif
