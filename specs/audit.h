/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPECS_AUDIT_H
#define NACRE_SPECS_AUDIT_H

#include "specs/spec.h"

/*
 * One line of the audit file: nacre-policy(5), AUDIT. A reader must ignore unknown members;
 * AUDIT_VERSION is raised if one of these changes its meaning or is removed.
 */

#define AUDIT_VERSION 1

/* In place of a file's name: the journal of systemd. */
#define AUDIT_JOURNAL "journal"

struct audit_grant {
	const char *grant;
	const char *by; /* see policy.h */
};

struct audit_event {
	uint32_t version;
	const char *time; /* RFC 3339, UTC */
	const char *event; /* create start exec kill update exit delete denied */
	const char *id;
	uint32_t uid; /* of the caller */
	const char *bundle; /* create */
	int64_t pid; /* on the host; 0: none */
	const char *profile;
	const char *config_sha256; /* of config.json as it was given */
	struct audit_grant *grants; /* create */
	size_t n_grants;
	struct oci_strings egress; /* create, update: the rules of egress.h that hold */
	struct oci_strings workspaces; /* create: workspace_words */
	struct oci_strings left_out; /* create: rules that could not be had, and why */
	struct oci_strings args; /* create, exec */
	struct oci_i32 signal; /* kill */
	bool all; /* kill */
	struct oci_i32 exit_status; /* exit: 128 + n if signal n ended it */
	struct oci_u64 memory_peak; /* exit, delete: bytes, of the whole container */
	struct oci_u64 cpu_usec; /* likewise */
	const char *error; /* it failed, and why */

	/* denied */
	const char *command; /* /proc/PID/comm: a hint, since the program chooses it */
	const char *syscall;
	struct oci_strings arguments; /* registers, hexadecimal */
	struct oci_strings decoded; /* filter_decode.h */
	const char *errno_name; /* what the caller got */
	const char *rule;
	const char *reason;
	const char *allowed_by; /* the grant */
	const char *destination; /* of connections, as a rule of egress.h has it */
	uint64_t count; /* of these, since the start */
	uint64_t suppressed; /* lines left out before this one */
};

/* One line with its newline. Heap; the caller's to free. */
int audit_event_encode(const struct audit_event *event, char **ret_line, struct nacre_error *err);

#endif
