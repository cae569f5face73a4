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

/* What the files behind container.h share. */

/* What JSON_MAX_BYTES of a config can become: an array of empty objects is the worst. */
#define ARENA_LIMIT ((size_t)1024 * 1024 * 1024)

struct receipt;

struct nacre {
	struct container_callbacks callbacks;
	int root_fd;
	uint64_t timeout_ms;
	char *workspaces; /* heap; NULL: the caller's own place */
	unsigned lock_flags; /* enum state_lock_flags */
	bool untrusted;
};

/* open.c: the directory that holds the states where the caller named none. MAKE: the one in /tmp,
 * if it is that, is made, or judged to be the caller's alone. */
int open_default_root(bool make, char ret_path[PATH_MAX], struct nacre_error *err);

#define OWN_PLACE_SIZE sizeof("/tmp/nacre-4294967295")

/* The directory in /tmp in which a user's states lie where no login made another place. What shares
 * /tmp may neither read it nor put states there, also if the caller has another place now. */
int open_own_place(bool make, char ret_path[OWN_PLACE_SIZE], struct nacre_error *err);

/* Container ID with nothing in it but what every call needs. */
int container_begin(
	struct nacre *nacre, const char *id, struct container *c, struct nacre_error *err);

enum container_lock {
	CONTAINER_UNLOCKED,
	CONTAINER_LOCKED,
	CONTAINER_SEIZED, /* locked, and a command that hangs with the lock is killed */
};

/* A container, opened, and locked; what start, delete, exec and the others begin with. */
int container_open(struct nacre *nacre, const char *id, enum container_lock lock,
	struct container *c, enum container_status *ret_status, struct nacre_error *err);

int container_look_at_status(
	const struct container *c, enum container_status *ret_status, struct nacre_error *err);

/* The condition that says who made the cgroup: SYSTEMD or CGROUPFS. */
uint64_t container_cgroup_driver(const struct container_record *record);

/* Reads the tightened config of an opened container into c->config. */
int container_load_config(struct container *c, struct nacre_error *err);

/* The same, and its process as what runs in L. */
int container_load_process(struct life *l, struct nacre_error *err);

/* Fills in of RECEIPT what the report of its creation has: receipt_plan.h, receipt_read_report. */
int container_load_report(
	const struct container *c, struct receipt *receipt, struct nacre_error *err);

/* Stores CONFIG, which was made from c->config. */
int container_save_config(
	const struct container *c, const struct oci_config *config, struct nacre_error *err);

/* Whether the container of RECORD is held by the rule user-namespace for certain: it got ids of
 * its own, or somebody required the rule, so that it was not made without. */
bool container_has_rule_of_ids(const struct container_record *record);

/* What an opened container was hardened with, to harden what comes later. */
int container_request(
	const struct container *c, struct harden_request *ret_request, struct nacre_error *err);

/* Opens the cgroup of a container that is running. -ESRCH: it is gone. */
int container_open_cgroup(struct container *c, struct nacre_error *err);

/* The pids of an opened container's processes; *RET_PIDS: heap. -ESRCH: there are none. */
int container_pids(struct container *c, pid_t **ret_pids, size_t *ret_n, struct nacre_error *err);

/* The state document of a container, with runc's members; memory of RECORD and ARENA. */
struct oci_state container_state(
	const struct container_record *record, enum container_status status, struct arena *arena);

/* prepare.c: fills L for a new container from OPTIONS and their bundle, up to the first row of a
 * table. */
int prepare_container(
	struct life *l, const struct nacre_create_options *options, struct nacre_error *err);
/* prepare_guard.c: what no mount's source may be: l->guard, once it was made for the config. */
int prepare_guard_state(struct life *l, struct nacre_error *err);
/* WAITS: for nacre_start. */
struct life_options prepare_life_options(const struct nacre_create_options *options, bool waits);

/* prepare_cgroup.c: chooses the cgroup of a new container. *RET_PATH: memory of the container; NULL
 * if it has none, or none yet. REQUEST: what is required cannot be gone without. */
int prepare_cgroup(struct life *l, const struct nacre_create_options *options,
	const struct harden_request *request, const char **ret_path, struct nacre_error *err);

/* create.c: records what came of create, RESULT. */
int create_audit(struct life *l, int result, struct nacre_error *err);

/* checkpoint_begin.c: the part of a run of criu that checkpoint and restore have in common. MAKE:
 * the directory of the images may be missing. RET_RUN is the caller's to release, in any case. */
struct criu_run;
int checkpoint_begin(const struct container *c, const struct nacre_criu_options *options, bool make,
	struct criu_run *ret_run, struct nacre_error *err);

/* trace.c: makes ready what --trace-denials needs, once l->own_filter and the
 * conditions of its record are settled. What the policy asks for and cannot be had is a warning. */
int trace_create(struct life *l, bool asked, bool by_policy, struct nacre_error *err);
int trace_exec(struct life *l, bool container_is_traced, struct nacre_error *err);

/* container.c: init runs C code in a forked copy of the caller: a lock held by another thread would
 * stay locked there for ever. -EBUSY if the caller has threads. */
int container_refuse_threads(struct nacre_error *err);

/* prepare.c: the rules of runc for terminals, in its words, which callers match. */
int prepare_check_terminal(
	bool terminal, bool detach, const char *console_socket, struct nacre_error *err);

#endif
