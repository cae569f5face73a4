/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PROFILES_H
#define NACRE_PROFILES_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/rules.h"

/* Profiles as data: which rules apply, and with what values. The rules are the table of rules.h. */

/* From the loosest to the tightest, each at least as tight as the one before. A further profile is
 * a line here and a row of profiles.c. */
enum profile_level {
	PROFILE_OCI,
	PROFILE_NESTED,
	PROFILE_AGENT,
	PROFILE_STRICT,
};

#define RULE_ID(id, ...) RULE_##id,
enum profile_rule {
	PROFILE_RULES(RULE_ID) N_PROFILE_RULES,
};
#undef RULE_ID

enum profile_flag {
	PROFILE_NOEXEC_TMPFS = 1 << 0, /* mount-flags: noexec on tmpfs and /dev/shm */
	PROFILE_NOEXEC_WRITABLE = 1 << 1, /* and on every mount that can be written */
	PROFILE_DEFAULT_DEVICES = 1 << 2, /* devices: not even those of linux.devices */
	PROFILE_FRESH_PROC = 1 << 3, /* hidden-paths: nothing in /proc for a user namespace */
	PROFILE_OOM_GROUP = 1 << 4, /* resources: out of memory kills the whole container */
};

/* What rules read; a member whose rule does not apply is not set. Lists end with NULL. */
struct profile {
	const char *name;
	const char *summary;
	uint32_t flags; /* enum profile_flag */
	const char *const *capabilities; /* the ceiling of all five sets */
	const char *const *masked_paths;
	const char *const *readonly_paths;
	uint64_t pids_limit;
	uint64_t memory_limit;
	unsigned memory_share; /* of the host's RAM: at most 1 / memory_share */
	unsigned cpus; /* 0: no limit */
	uint64_t pids_ceiling; /* of what the config asks for; 0: the host's */
	unsigned memory_ceiling; /* the same, as a share of the host's RAM */
};

/* By enum profile_level; ends with a NULL name. */
extern const struct profile profiles[];

/* NULL: there is none of this NAME. */
const struct profile *profile_find(const char *name);

bool profile_has(const struct profile *profile, enum profile_rule rule);

/* Whether PROFILE has any rule at all: "oci" has none. */
bool profile_hardens(const struct profile *profile);

/* Whether A is as tight as B or tighter. */
bool profile_covers(const struct profile *a, const struct profile *b);

/* Of a caller that names none. */
#define PROFILE_DEFAULT "agent"

#endif
