/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_NACRE_H
#define NACRE_NACRE_H

#include <limits.h>

#include "libcontainer/container.h"
#include "libcontainer/life/life.h"
#include "libcontainer/record/container.h"
#include "libcontainer/record/record.h"
#include "libcontainer/record/state.h"
#include "libcontainer/record/status.h"
#include "specs/harden.h"

/* Shared by the files behind container.h. */

/* Limit of the memory that a config of JSON_MAX_BYTES can need: an array of empty objects is the
 * worst case. */
#define ARENA_LIMIT ((size_t)1024 * 1024 * 1024)

struct receipt;

struct nacre {
	struct container_callbacks callbacks;
	int root_fd;
	uint64_t timeout_ms;
	char *workspaces; /* heap; NULL: the caller's default */
	unsigned lock_flags; /* enum state_lock_flags */
	bool untrusted;
};

/* open.c: finds the default directory of states. MAKE: if it is the one in /tmp, creates it, or
 * checks that it belongs only to the caller. */
int open_default_root(bool make, char ret_path[PATH_MAX], struct nacre_error *err);

#define OWN_PLACE_SIZE sizeof("/tmp/nacre-4294967295")

/* Finds the directory in /tmp for a user's states, used if no login has made another place.
 * Containers that share /tmp may neither read it nor put states there, even if the caller has
 * another place now. */
int open_own_place(bool make, char ret_path[OWN_PLACE_SIZE], struct nacre_error *err);

/* Initialises container ID with what every call needs. */
int container_begin(
	struct nacre *nacre, const char *id, struct container *c, struct nacre_error *err);

enum container_lock {
	CONTAINER_UNLOCKED,
	CONTAINER_LOOKED_AT, /* not locked; its lock is not opened either: STATE_LOCK_UNOPENED */
	CONTAINER_LOCKED,
	CONTAINER_SEIZED, /* locked; kills a command that hangs while it holds the lock */
};

/* Opens and locks a container, as start, delete, exec and others do first. */
int container_open(struct nacre *nacre, const char *id, enum container_lock lock,
	struct container *c, enum container_status *ret_status, struct nacre_error *err);

int container_look_at_status(
	const struct container *c, enum container_status *ret_status, struct nacre_error *err);

/* Returns the condition for the kind of cgroup: SYSTEMD or CGROUPFS. */
uint64_t container_cgroup_driver(const struct container_record *record);

/* Reads the hardened config of an opened container into c->config. */
int container_load_config(struct container *c, struct nacre_error *err);

/* Reads the config, and takes its process as the process of L. */
int container_load_process(struct life *l, struct nacre_error *err);

/* Fills in RECEIPT from the report of the container's creation: receipt_plan.h,
 * receipt_read_report. */
int container_load_report(
	const struct container *c, struct receipt *receipt, struct nacre_error *err);

/* Stores CONFIG, a modified copy of c->config. */
int container_save_config(
	const struct container *c, const struct oci_config *config, struct nacre_error *err);

/* Whether the rule user-namespace certainly applies to the container of RECORD: it has shifted ids,
 * or the rule was required. */
bool container_has_rule_of_ids(const struct container_record *record);

/* Returns the request that an opened container was hardened with, to harden later changes. */
int container_request(
	const struct container *c, struct harden_request *ret_request, struct nacre_error *err);

/* Opens the cgroup of a running container. -ESRCH: it is gone. */
int container_open_cgroup(struct container *c, struct nacre_error *err);

/* Returns the pids of an opened container's processes; *RET_PIDS: heap. -ESRCH: there are none. */
int container_pids(struct container *c, pid_t **ret_pids, size_t *ret_n, struct nacre_error *err);

/* Returns the state document of a container, with runc's members; borrows from RECORD and ARENA. */
struct oci_state container_state(
	const struct container_record *record, enum container_status status, struct arena *arena);

/* prepare.c: prepares L for a new container from OPTIONS and their bundle, up to the first row of a
 * table. */
int prepare_container(
	struct life *l, const struct nacre_create_options *options, struct nacre_error *err);
/* prepare_guard.c: adds to l->guard, which was made for the config, the places that no mount source
 * may be. */
int prepare_guard_state(struct life *l, struct nacre_error *err);
/* WAITS: the container waits for nacre_start. */
struct life_options prepare_life_options(const struct nacre_create_options *options, bool waits);

/* prepare_cgroup.c: chooses the cgroup of a new container. *RET_PATH: memory of the container;
 * NULL: it has no cgroup, or none yet. REQUEST: a required rule that needs a cgroup is an error
 * without one. */
int prepare_cgroup(struct life *l, const struct nacre_create_options *options,
	const struct harden_request *request, const char **ret_path, struct nacre_error *err);

/* create.c: records RESULT, the result of create. */
int create_audit(struct life *l, const char *event_name, int result, struct nacre_error *err);

/* checkpoint_begin.c: prepares a run of criu, for checkpoint and restore. MAKE: the directory of
 * the images may be missing. The caller releases RET_RUN, even after an error. */
struct criu_run;
int checkpoint_begin(const struct container *c, const struct nacre_criu_options *options, bool make,
	struct criu_run *ret_run, struct nacre_error *err);

/* trace.c: prepares --trace-denials, after l->own_filter and the conditions of the record are set.
 * If the policy asks for it and it is impossible, that is a warning. */
int trace_create(struct life *l, bool asked, bool by_policy, struct nacre_error *err);
int trace_exec(struct life *l, bool container_is_traced, struct nacre_error *err);

/* container.c: init runs C code in a forked copy of the caller, where a lock that another thread
 * held stays locked for ever. -EBUSY: the caller has threads. */
int container_refuse_threads(struct nacre_error *err);

/* prepare.c: runc's rules for terminals, with runc's messages, which callers match. */
int prepare_check_terminal(
	bool terminal, bool detach, const char *console_socket, struct nacre_error *err);

#endif
