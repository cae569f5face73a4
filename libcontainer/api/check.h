/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_CHECK_H
#define NACRE_API_CHECK_H

#include "libcontainer/api/host.h"
#include "specs/harden_rules.h"

#define CHECK_GAP 160

/* Describes what HOST cannot enforce of RULE under PROFILE; "": it can enforce everything. */
void check_rule(const struct host *host, const struct profile *profile, const char *rule,
	char ret_gap[CHECK_GAP]);

#endif
