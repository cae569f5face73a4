/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_READING_H
#define NACRE_EGRESS_READING_H

#include <arpa/inet.h>

#include "specs/egress.h"

/* Between the files that read and write one rule. */

struct egress_reading {
	struct arena *arena;
	const char *text; /* the whole word */
	const char *at; /* what is not read yet */
	struct egress_rule rule;
	struct nacre_error *err;
};

/* Says WHY the rule is none. -EINVAL. */
int egress_refuse(const struct egress_reading *r, const char *why);

/* Goes past WORD if it stands there. */
bool egress_skip(struct egress_reading *r, const char *word);

/* Reads CIDR, IPv6 in brackets. -EINVAL. */
int egress_read_network(struct egress_reading *r, struct egress_network *ret_network);

#define EGRESS_NETWORK_TEXT (INET6_ADDRSTRLEN + sizeof("[/128]"))
/* The same as text. Returns RET_TEXT. */
const char *egress_network_text(
	const struct egress_network *network, char ret_text[static EGRESS_NETWORK_TEXT]);

/* Sets the canonical text of RULE. -E2BIG, -ENOMEM. */
int egress_rule_write(struct arena *arena, struct egress_rule *rule, struct nacre_error *err);

#endif
