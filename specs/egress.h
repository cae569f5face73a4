/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_H
#define NACRE_EGRESS_H

#include "specs/arena.h"
#include "specs/error.h"
#include "specs/spec_types.h"

/*
 * Rules on what a container may connect to: nacre-profiles(7). A rule is one word:
 *
 *	none			nothing; stands alone
 *	open			everything, private networks too; alone or beside "private"
 *	private			names may have answers in egress_private
 *	NAME[:PORTS]		TLS or HTTP to this host, without PORTS to 443
 *	*.NAME[:PORTS]		to each host below it
 *	tcp:NAME:PORTS		TCP to this host, whatever is spoken
 *	CIDR[:PORTS]		TCP to these addresses, without PORTS to all; IPv6 in brackets
 *	udp:CIDR[:PORTS]	UDP to them
 *
 * PORTS are numbers and ranges with commas between: 80,8000-8010. Behind a name @CIDR,... leaves
 * only those of its addresses that lie in one of the networks: tcp:db.corp:5432@10.0.0.0/8.
 *
 * A list without rules leaves all connections free. What is in egress_metadata is never reached by
 * a rule, see struct oci_hardened.
 */

enum {
	EGRESS_RULES_MAX = 256,
	EGRESS_PORTS_MAX = 8, /* of a rule: numbers and ranges */
	EGRESS_WITHIN_MAX = 32,
	EGRESS_NAME_PORTS_MAX = 64, /* different ones of all names: each has a listener */
	EGRESS_NAME_MAX = 253, /* RFC 1123, 2.1 */
	EGRESS_TEXT_MAX = 2048,
};

enum egress_kind {
	EGRESS_ADDRESS,
	EGRESS_NAME,
};

struct egress_port_range {
	uint16_t first, last; /* first <= last, neither is 0 */
};

struct egress_network {
	uint8_t address[16]; /* of IPv4 the first four bytes; zero behind the prefix */
	uint8_t prefix; /* in bits */
	bool v6;
};

struct egress_rule {
	const char *text; /* canonical: lower case, ports in order, nothing twice */
	enum egress_kind kind;
	bool udp; /* EGRESS_ADDRESS: UDP in place of TCP */
	bool unchecked; /* EGRESS_NAME: tcp:NAME, neither SNI nor Host is looked at */
	bool wildcard; /* *.NAME: names below NAME, not NAME itself */
	const char *name; /* lower case, without a dot at the end; NULL for an address */
	struct egress_network network; /* of an address */
	struct egress_network *within; /* EGRESS_NAME: see above; none: any */
	size_t n_within;
	/* In order, none next to another. None: every port, of an address alone. */
	struct egress_port_range ports[EGRESS_PORTS_MAX];
	size_t n_ports;
};

struct egress_policy {
	bool open; /* there are no rules then */
	bool private_answers;
	struct egress_rule *rules;
	size_t n_rules; /* 0 and not open: nothing can be reached */
	struct oci_strings names; /* egress_names_assign */
};

/* Reads TEXT, one rule with an address or a name. Everything lives in ARENA. -EINVAL with what is
 * wrong and what to write in its place, -E2BIG past a bound above, -ENOMEM. */
int egress_rule_parse(struct arena *arena, const char *text, struct egress_rule *ret_rule,
	struct nacre_error *err);

/* Reads a list of at least one word; a rule that is there twice is taken once. The same errors. */
int egress_policy_parse(struct arena *arena, const struct oci_strings *words,
	struct egress_policy *ret_policy, struct nacre_error *err);

/* The canonical words of POLICY, in its order. -ENOMEM. */
int egress_policy_words(struct arena *arena, const struct egress_policy *policy,
	struct oci_strings *ret_words, struct nacre_error *err);

/* Settles what somebody ASKED for who may only tighten what is HELD: the canonical words of ASKED.
 * A name that only CIDR rules of HELD allow is limited to addresses in them. HELD without words is
 * open. -EPERM names the word of ASKED that would allow more, -EINVAL as egress_policy_parse. */
int egress_policy_tighten(struct arena *arena, const struct oci_strings *held,
	const struct oci_strings *asked, struct oci_strings *ret_words, struct nacre_error *err);

/* Whether the LENGTH bytes at NAME, in lower case and without a dot at the end, are a host name of
 * RFC 1123, or one with "_", as engines give to containers, whose last label is no number. */
bool egress_is_name(const char *name, size_t length);

/* Whether RULE is for NAME, lower case and without a dot at the end. Ports are not looked at. */
bool egress_rule_names(const struct egress_rule *rule, const char *name);
/* Whether PORT is one of RULE. */
bool egress_rule_has_port(const struct egress_rule *rule, uint16_t port);

/* Whether ADDRESS, of 4 bytes or, if V6, of 16, lies in NETWORK. */
bool egress_network_has(const struct egress_network *network, const uint8_t *address, bool v6);
/* Whether all of INNER lies in OUTER. */
bool egress_network_within(const struct egress_network *inner, const struct egress_network *outer);

/* IPv6 networks whose addresses have one of IPv4 inside, from byte AT on, and are judged by that.
 * The first is ::ffff:0:0/96, which connect(2) takes for it (RFC 4291, 2.5.5.2); the others are
 * tunnels: 64:ff9b::/96 (RFC 6052, 2.1) and 2002::/16 (RFC 3056, 2). */
struct egress_embedding {
	struct egress_network network;
	unsigned at;
};
extern const struct egress_embedding egress_embeddings[];
extern const size_t egress_n_embeddings;
/* Whether the IPv6 ADDRESS is such a one; RET_INSIDE: what it is judged by. */
bool egress_address_inside(const uint8_t address[16], uint8_t ret_inside[4]);

/* Addresses where clouds give out credentials and settings of the machine. */
extern const struct egress_network egress_metadata[];
extern const size_t egress_n_metadata;
/* Networks that are not of the internet: IANA's registries of special-purpose addresses, those that
 * are not globally reachable, multicast, and addresses out of use. */
extern const struct egress_network egress_private[];
extern const size_t egress_n_private;
/* Networks that the relay never connects to, whatever a rule says: of no other machine, or not of
 * one machine. */
extern const struct egress_network egress_nowhere[];
extern const size_t egress_n_nowhere;

#endif
