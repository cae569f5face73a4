/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PROFILES_H
#define NACRE_PROFILES_H

#include <stdbool.h>
#include <stdint.h>

/* Profiles as data: which rules of harden.c apply, and with what values. A further profile is a
 * row. */

enum profile_rule {
	RULE_HOST_NETWORK = 1 << 0,
	RULE_MOUNT_SOURCES = 1 << 1,
	RULE_NAMESPACES = 1 << 2,
	RULE_NO_NEW_PRIVILEGES = 1 << 3,
	RULE_CAPABILITY_CEILING = 1 << 4,
	RULE_READ_ONLY_ROOT = 1 << 5,
	RULE_MOUNT_FLAGS = 1 << 6,
	RULE_PROPAGATION = 1 << 7,
	RULE_HIDDEN_PATHS = 1 << 8,
	RULE_DEVICES = 1 << 9,
	RULE_RESOURCES = 1 << 10,
	RULE_RLIMITS = 1 << 11,
	RULE_OOM_SCORE = 1 << 12,
};

/* What rules read; a member whose rule does not apply is not set. Lists end with NULL. */
struct profile {
	const char *name;
	uint32_t rules;
	const char *const *capabilities; /* the ceiling of all five sets */
	const char *const *masked_paths;
	const char *const *readonly_paths;
	int64_t pids_limit;
	uint64_t memory_limit;
	unsigned memory_share; /* of the host's RAM: at most 1 / memory_share */
};

/* NULL: there is none of this NAME. */
const struct profile *profile_find(const char *name);

/* "oci, agent". */
#define PROFILE_NAMES "oci, agent"

#endif
