/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_RECORD_H
#define NACRE_WORKSPACE_RECORD_H

#include "specs/arena.h"
#include "specs/error.h"
#include "specs/spec.h"

/*
 * The record of a workspace in its directory (libcontainer/workspace/store.h), written once, by
 * rename, before its container starts. It outlives the nacre that wrote it: rules as for struct
 * container_record.
 */
#define WORKSPACE_VERSION 1

struct workspace_record {
	uint32_t version; /* WORKSPACE_VERSION of the writer */
	const char *id; /* of the container */
	const char *root; /* the directory that has its state: absolute */
	const char *source; /* absolute path of the directory on the host, without links */
	uint64_t source_dev, source_ino; /* which directory that was: apply refuses another one */
	uint64_t source_fs; /* statfs(2) f_fsid of it, for a mount with another device number, as
			       after a reboot; 0: unknown */
	const char *destination; /* in the container */
	const char *form; /* WORKSPACE_COW...; an "ro" one leaves nothing and has no record */
	bool user_xattr; /* overlay's attributes are user.overlay.*; else trusted.overlay.* */
	int64_t created_sec; /* the kernel's coarse clock, as for ctime, when it was made: an entry
				of the source whose ctime is */
	uint32_t created_nsec; /* not before is a conflict, and so is a clock that was set back */
	uint64_t bytes; /* limit of the upper; 0: none */
	uint64_t inodes; /* likewise */
	bool tmpfs; /* the upper is in memory: ends with the machine */
	struct oci_strings present; /* form direct: paths of protected entries that were there */
	struct oci_strings protect; /* the policy's protected names, beside those of
				       workspace_rules.h */
};

/* CREATED_... in nanoseconds. */
int64_t workspace_record_time(const struct workspace_record *record);

/* One line. Heap; the caller's to free. */
int workspace_record_encode(
	const struct workspace_record *record, char **ret_text, struct nacre_error *err);

/* *RET_RECORD: of ARENA. */
int workspace_record_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct workspace_record **ret_record, struct nacre_error *err);

#endif
