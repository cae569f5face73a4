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
	RULE_KERNEL_MOUNTS = 1 << 13,
	RULE_WRITABLE_BINDS = 1 << 14,
	RULE_JOINED_NETWORK = 1 << 15,
	RULE_OWN_FILTER = 1 << 16,
	RULE_ANNOTATIONS = 1 << 17,
	RULE_LANDLOCK = 1 << 18,
};

enum profile_flag {
	PROFILE_NOEXEC_TMPFS = 1 << 0, /* mount-flags: noexec on tmpfs and /dev/shm */
	PROFILE_NOEXEC_WRITABLE = 1 << 1, /* and on every mount that can be written */
	PROFILE_DEFAULT_DEVICES = 1 << 2, /* devices: not even those of linux.devices */
	PROFILE_FRESH_PROC = 1 << 3, /* hidden-paths: nothing in /proc for a user namespace */
};

/* What rules read; a member whose rule does not apply is not set. Lists end with NULL. */
struct profile {
	const char *name;
	const char *summary;
	uint32_t rules;
	uint32_t flags; /* enum profile_flag */
	const char *const *capabilities; /* the ceiling of all five sets */
	const char *const *masked_paths;
	const char *const *readonly_paths;
	int64_t pids_limit;
	uint64_t memory_limit;
	unsigned memory_share; /* of the host's RAM: at most 1 / memory_share */
	unsigned cpus; /* 0: no limit */
};

/* From the loosest to the tightest, each at least as tight as the one before; ends with a NULL
 * name. */
extern const struct profile profiles[];

/* NULL: there is none of this NAME. */
const struct profile *profile_find(const char *name);

/* Whether A is as tight as B or tighter. */
bool profile_covers(const struct profile *a, const struct profile *b);

/* Of a caller that names none. */
#define PROFILE_DEFAULT "agent"

#define PROFILE_NAMES "oci, nested, agent and strict"

#endif
