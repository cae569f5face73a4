/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_NAMES_H
#define NACRE_EGRESS_NAMES_H

#include "specs/egress.h"

/*
 * Rules that have names (egress.h), as the relay applies them. A name is known inside of the
 * container by an address that means it and nothing else: a name that a rule spells out has its own
 * from the beginning, those below a wildcard get theirs as they are asked for. Addresses are in
 * host order.
 */

#define EGRESS_NAMES_NETWORK 0xc6120000U /* 198.18.0.0/15 (RFC 2544) */
#define EGRESS_NAMES_PREFIX 15
#define EGRESS_RESOLVER 0xc6120001U /* 198.18.0.1: the stub resolver, port 53 */
#define EGRESS_RESOLVER_PORT 53
#define EGRESS_RESOLVER_PORT_TAKEN                                                             \
	"egress rules: nacre's resolver uses port 53 of names inside the container; give the " \
	"address instead of the name"
#define EGRESS_FIRST_NAME 0xc6120010U /* 198.18.0.16 */
#define EGRESS_FIRST_BELOW 0xc6130000U /* 198.19.0.0: names below wildcards */
#define EGRESS_BELOW_PREFIX 16
#define EGRESS_NAMES_BELOW_MAX 16384

extern const struct egress_network egress_names_network; /* the same */

/* Whether a rule of POLICY has a name. */
bool egress_names_any(const struct egress_policy *policy);

/* The same of WORDS, which were parsed before. */
bool egress_names_in(const struct oci_strings *words);

#define EGRESS_NAMES_MAX 4096 /* that were ever spelled out for a container */

/* Gives an address to each name that a rule of POLICY spells out. BEFORE: those that have one, in
 * their order, which keep it, be there a rule or not: an address that would come to mean another
 * name could be used for both. -E2BIG past the bound above, -EINVAL if BEFORE has what is no name.
 */
int egress_names_assign(struct arena *arena, const struct oci_strings *before,
	struct egress_policy *policy, struct nacre_error *err);

/* The address that NAME was given; 0: none. */
uint32_t egress_names_address(const struct egress_policy *policy, const char *name);
/* And back. NULL: it is none of these. */
const char *egress_names_at(const struct egress_policy *policy, uint32_t address);

/* Whether a rule is for NAME, and for PORT of it; UNCHECKED: that says tcp:. */
bool egress_names_allow(const struct egress_policy *policy, const char *name);
bool egress_names_allow_port(
	const struct egress_policy *policy, const char *name, uint16_t port, bool unchecked);

/* The different ports of all names: each needs a listener. Returns how many;
 * EGRESS_NAME_PORTS_MAX + 1: too many, which no list has that was read. */
size_t egress_names_ports(
	const struct egress_policy *policy, uint16_t ret_ports[EGRESS_NAME_PORTS_MAX + 1]);

/* An address that the upstream resolver gave for a name. */
struct egress_answer {
	uint8_t address[16]; /* of IPv4 the first four bytes */
	bool v6;
};

/* By the address that it leads to: an IPv4 address inside of one of IPv6 in place of that. */
struct egress_answer egress_answer_inner(const struct egress_answer *answer);
bool egress_answer_in(
	const struct egress_answer *answer, const struct egress_network *networks, size_t n);

/* Whether a connection to PORT of NAME may go to ANSWER: it is not the host itself, its link or
 * what stands for names; not in egress_metadata, unless METADATA; not in egress_private, unless the
 * policy or the rule's networks say so; and in the rule's networks if it has some. UNCHECKED: only
 * rules with tcp: count. */
bool egress_names_allow_answer(const struct egress_policy *policy, bool metadata, const char *name,
	uint16_t port, bool unchecked, const struct egress_answer *answer);

#endif
