/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPECS_STATE_H
#define NACRE_SPECS_STATE_H

#include "specs/spec.h"

/*
 * runtime.md, State: what hooks read on stdin and what `state` prints, with runc's extensions; and
 * the record that a container leaves in its state directory.
 */

struct oci_state {
	const char *oci_version;
	const char *id;
	int64_t pid; /* 0 when stopped */
	const char *status; /* creating created running stopped; paused is runc's extension */
	const char *bundle;
	const char *rootfs; /* runc's extensions from here; NULL in the state given to hooks */
	const char *created; /* RFC 3339 with nanoseconds */
	struct oci_map annotations;
	const char *owner;
	const char *profile; /* nacre's extension: what the container was hardened with */
	struct oci_strings rules; /* those of that profile, and of ids of its own */
	uint32_t first_id; /* nacre's extension: of its block of ids on the host; 0: it has none */
	uint64_t oom_kills; /* nacre's extension: processes of it that the OOM killer has taken */
};

/*
 * What is needed to find a container again, written once, by rename.
 *
 * It outlives the nacre that wrote it, so every version reads the records of all others from 4 on:
 * a member never changes its name, type or meaning; one that is absent is zero, which means what
 * held before there was the member; one that is not known is passed over. RECORD_VERSION goes up
 * with a new member; tests/data/records has records of each version.
 */
struct container_record {
	uint32_t version; /* of the nacre that wrote it: RECORD_VERSION */
	const char *id;
	const char *bundle;
	const char *rootfs;
	const char *created;
	int64_t pid; /* 0: there was none yet; PID_VOID */
	uint64_t start_time; /* field 22 of /proc/PID/stat: tells a reused pid apart */
	uint64_t pidfd_id; /* the same for everybody: pidfd_identity; 0: the kernel has none */
	int64_t start_offset; /* without it: what the writer's time namespace has added to the start
				 time */
	const char *boot; /* the kernel's boot_id, where the state outlives a boot: pids and cgroups
			     of an earlier one are void; NULL: it ends with the boot */
	const char *cgroup; /* below the cgroup2 mount, begins with a slash; NULL: none */
	const char *unit; /* of systemd, whose cgroup it is; NULL: none */
	bool user_unit; /* of the user's own manager */
	uint64_t cgroup_id; /* its inode: tells a later cgroup of a unit with this name apart */
	uint64_t active; /* the conditions that hold for this container: enum condition */
	struct oci_strings unknown_conditions; /* those that this version has no bit for */
	uint32_t start_version; /* START_VERSION of its init, which is that nacre's code */
	uint32_t owner_uid;
	uint32_t first_id; /* of its block of ids, of the rule user-namespace; 0: none */
	const char *profile;
	struct oci_strings grants;
	struct oci_strings require; /* rules for which no grant counts */
	struct oci_strings audit; /* files, absolute paths, or AUDIT_JOURNAL */
	const char *config_sha256; /* only with an audit file */
	struct oci_map annotations;
};

/* 4: the conditions are a mask, "bootId" is 0, and the version stands for that of start as well;
 * 5: words; 6: "firstId". */
#define RECORD_VERSION 6

/* In place of the pid of an earlier boot. */
#define PID_VOID (-1)

/* One line. Heap; the caller's to free. */
int oci_state_encode(
	const struct oci_state *state, bool pretty, char **ret_text, struct nacre_error *err);
/* An array on one line, as `list --format json` prints it. */
int oci_states_encode(
	const struct oci_state *states, size_t n, char **ret_text, struct nacre_error *err);
int oci_state_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct oci_state **ret_state, struct nacre_error *err);

int container_record_encode(
	const struct container_record *record, char **ret_text, struct nacre_error *err);
int container_record_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct container_record **ret_record, struct nacre_error *err);

/* What a seccomp agent gets with the listener: config-linux.md, The Container Process State. */
int container_process_state_encode(const struct oci_state *state, const char *fd_name, int64_t pid,
	const char *metadata, char **ret_text, struct nacre_error *err);

#endif
