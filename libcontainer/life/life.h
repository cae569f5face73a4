/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LIFE_H
#define NACRE_LIFE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "libcontainer/life/start_pipe.h"
#include "libcontainer/mount/mount_guard.h"
#include "libcontainer/namespace/namespaces.h"
#include "libcontainer/process/caps.h"
#include "libcontainer/process/hooks.h"
#include "libcontainer/process/program.h"
#include "libcontainer/process/terminal.h"
#include "libcontainer/record/container.h"
#include "libcontainer/seccomp/seccomp.h"
#include "libcontainer/seccomp/seccomp_own.h"
#include "specs/conditions.h"
#include "specs/spec.h"
#include "specs/state.h"

/*
 * The life of a container: tables of steps that two processes walk.
 *
 * RUNTIME is the command (nacre create, start, run, exec). INIT is its child, pid 1 of the
 * container, and becomes the user's program. Both walk the same table. Each performs its own rows
 * and skips the others. When the owner changes from one active row to the next, the old owner
 * passes the turn with one message (sync.h), and the new one waits for it; nothing else ever waits.
 * The active rows are chosen before the fork (plan.h), so both sides agree without a message.
 */

enum owner {
	RUNTIME,
	INIT,
};

struct life;
struct restore;

enum step_flags {
	STEP_SPAWN = 1 << 0, /* spawns INIT: from here on there are two processes */
	STEP_OVERLAP = 1 << 1, /* RUNTIME passes the turn first, and performs the row while INIT
				* continues */
	STEP_EXEC = 1 << 2, /* success has no message: close-on-exec ends the socket */
	STEP_LAST_TO_GO = 1 << 3, /* if the undo of a row below failed, this row and those above are
				   * not undone */
	STEP_BIRTH = 1 << 4, /* from here on a child of INIT is INIT */
};

struct step {
	enum owner owner;
	const char *name;
	uint64_t when; /* enum condition: the row is active if all of these hold for the container
			*/
	int (*perform)(struct life *l, struct nacre_error *err);
	/* Undoes the step, for a container of an earlier command too. It ignores what is gone
	 * already, so that a failed undo can be repeated. */
	int (*undo)(struct life *l, struct nacre_error *err);
	unsigned flags;
};

extern const struct step life_create_steps[];
extern const struct step life_process_steps[]; /* follow those of create and exec */
extern const struct step life_start_steps[];
extern const struct step life_exec_steps[]; /* exec: instead of life_create_steps */
extern const struct step life_restore_steps[]; /* restore: instead of the create and process steps;
						* INIT becomes criu */

/*
 * The version of life_start_steps and of the messages by which two processes walk it (sync.h). An
 * INIT that waits for `start` is code of the nacre that created it, and has the table of that
 * nacre. The record has its version, and RUNTIME walks the table of that version.
 *
 * If you change or move a row of life_start_steps, increase the version and keep the old table for
 * life_start_steps_of. The old table needs no functions for INIT's rows. INIT does not know the
 * rows after "exec".
 */
#define START_VERSION 5
/* Up to this version INIT listened on a socket, and had yet to walk all of life_process_steps. */
#define START_VERSION_OF_SOCKET 4
/* NULL: this nacre does not know the version. */
const struct step *life_start_steps_of(uint32_t version);

/* The options of container.h that the steps need. */
struct life_options {
	const char *console_socket;
	const char *pid_file;
	const char *pidfd_socket;
	unsigned preserve_fds;
	bool preserve_gaps;
	bool no_pivot;
	bool no_new_keyring;
	const char *cgroup; /* exec: cgroup below the container's that was asked for; NULL: none */
	bool exec_cgroup; /* exec: a cgroup of its own */
	bool exec_cgroup_asked; /* asked for: if it cannot be made, that is an error */
	bool kill_on_exit; /* exec: with exec_cgroup_asked; run: with a reaper */
	struct oci_console_size window; /* if the config has no size; 0: unknown */
	bool bare_newlines; /* the caller serves the terminal, and its output goes to no screen */
	bool notify; /* the program gets NOTIFY_SOCKET */
	bool waits_for_start; /* create: INIT waits for `start`; false: run */
	bool late; /* INIT also waits for the process that it is to run */
	bool systemd_cgroup;
	bool limits_others; /* rlimits_may_limit_others */
	bool attach; /* see the condition ATTACH */
};

/* Shifted ids: the resources of RUNTIME for the rule user-namespace. */
struct life_shift {
	uint32_t first_id; /* first id of the block on the host; 0: no block */
	int claim_fd; /* claim of id_block.h, until the state directory owns it */
	int userns_fd; /* user namespace with the container's mappings */
	int pod_fd; /* the user namespace of another container, which this one joins; -1: none */
	int rootfs_fd; /* root directory, until the guard has judged it */
	int root_fd; /* id-mapped tree of the root */
};

#define LIFE_SHIFT_NONE       \
	((struct life_shift){ \
		.claim_fd = -1, .userns_fd = -1, .pod_fd = -1, .rootfs_fd = -1, .root_fd = -1})

/* Closes the fds, and drops a claim that no container owns yet. */
void life_shift_done(struct life_shift *shift);

/* A workspace that this command has made. */
struct life_workspace {
	size_t mount; /* index of its mount */
	int source_fd;
	int upper_fd; /* -1: form direct */
	int work_fd;
	struct oci_strings protect; /* form direct: paths in it that are read-only */
	struct oci_strings around; /* form direct: the directories around these paths */
	bool user_xattr;
	bool by_init; /* INIT mounts the overlay, since RUNTIME may not */
};

/* The process that INIT gets to run: late_process.h. */
struct claim {
	const char *bytes;
	size_t length;
	size_t n_args;
};

/* Everything that the steps of one command share. INIT has a copy of it, by fork. */
struct life {
	struct container container;
	const struct life_options *options; /* NULL in start and delete */
	const struct oci_process *process; /* process to run: config->process, or the process of
					    * exec */
	const struct harden_request *hardened_by; /* create and run */
	const char *config_given; /* text of config.json in the bundle */
	char *report; /* JSON, heap */
	char *receipt; /* receipt_plan.h as JSON, heap; NULL: no receipt */

	bool state_owned; /* this command may remove the state directory: it made or locked it */
	bool cgroup_made; /* this command made the cgroup, or knows that it is the container's */
	bool relay_cgroup_made; /* the same for the relay's cgroup */
	struct cgroup exec_cgroup; /* exec: cgroup of the new process */
	uint64_t oom_kills; /* count in the container's cgroup before this process was in it or,
			     * with start, began its program */
	struct namespace_plan namespaces;
	int join_flags; /* exec: CLONE_NEW* to join */
	int rootfs_fd;
	int proc_fd; /* procfs of the container, see procfs.h */
	struct mount_guard guard;
	const struct oci_strings *granted; /* grants in the report; NULL: do not warn of grants */
	const struct oci_strings *left_out; /* rules that this host cannot enforce; NULL: do not
					     * warn of them */
	int nodes_fd; /* mount with the nodes of linux.devices, see devices_make_nodes */
	int *source_fds; /* one per mount */
	bool dev_filled; /* one of them is the tmpfs on /dev, with its nodes */
	struct life_workspace *workspaces; /* memory of the container's arena */
	size_t n_workspaces;
	bool workspaces_of_others; /* the existing workspaces belong to another container, and stay
				    */
	struct mount_made *made; /* INIT: one per mount, from "mounts" to "read-only root and
				  * mounts" */
	int map_fd; /* user namespace with the mappings of the container, for id-mapped mounts */
	struct life_shift shift;
	int console_socket;
	struct start_pipe start_pipe; /* INIT: where it waits; start: RUNTIME's ends */
	int notify_socket; /* where the caller receives sd_notify(3) messages */
	struct egress_relay *egress_relay; /* NULL: no names in egress rules, or not planned yet */
	int sync; /* this side's end; once it is closed the start pipe replaces it */

	int init_pidfd; /* exec: pidfd of the container's first process */
	struct terminal terminal;
	struct hook_output hook_output;
	int resctrl_fd; /* the root of resctrl */
	bool resctrl_made; /* like cgroup_made */
	int netns_fd; /* network namespace of the container, while network devices may have to go
		       * back */
	char *moved_devices; /* result of netdev_move, heap; NULL: none */
	struct restore *restore; /* steps_restore.h; NULL: this is no restore */
	struct seccomp_own traced_filter; /* INIT: used instead of own_filter with TRACE */
	struct birth *birth; /* with FOREIGN_PIDNS */
	int own_proc_fd; /* INIT's own procfs, if proc_fd shows a pid namespace that INIT is not in;
			  * otherwise -1 */
	struct capability_sets capabilities; /* sets of INIT after it has set them */
	uint64_t capabilities_beyond; /* capabilities that INIT has only for loading the filters */
	int held_listener; /* listener that is sent after the birth */
	int listener; /* fd number in INIT of the listener of a filter with SCMP_ACT_NOTIFY */
	const struct claim *claim; /* start of a LATE container; NULL: no process is sent */
	bool started; /* the program runs: a later failure ends the container */
	int turn_ahead; /* INIT: step of a turn that came early; -1: none */
	bool announced; /* INIT has announced that exec is next */
	bool cwd_entered; /* INIT entered the cwd as root; false: it tries again as the user */
	struct seccomp_own own_filter;
	struct seccomp_program *seccomp; /* shared memory */
	struct program program;
};

void life_init(struct life *l);
void life_done(struct life *l); /* closes and frees, including the container; kills nothing */

/* Returns the fds of L that INIT needs in its rows, for fd_close_all_except; some may be -1. They
 * do not include those that the caller passes on (options->preserve_fds). *RET_FDS: heap. -ENOMEM.
 */
int life_kept_fds(const struct life *l, int **ret_fds, size_t *ret_n);

/* RUNTIME's side of each command. A failure undoes everything. */
int life_create(struct life *l, struct nacre_error *err);
int life_run(struct life *l, struct nacre_error *err);
/* Call it before life_start, whose failure kills INIT. -ENOTSUP: this nacre does not know the
 * version of INIT, or a condition of the container. */
int life_may_start(const struct life *l, struct nacre_error *err);
int life_start(struct life *l, struct nacre_error *err);
int life_exec(struct life *l, struct nacre_error *err);
int life_restore(struct life *l, struct nacre_error *err);
/* Undoes life_create_steps, last first, for a container of an earlier command. */
int life_delete(struct life *l, struct nacre_error *err);
/* Undoes life_exec: kills the process, and everything in its own cgroup if it has one. */
int life_exec_undo(struct life *l, struct nacre_error *err);

/* INIT's side, which the child enters right after the fork. */
_Noreturn void life_init_main(struct life *l, const struct step *first_table);

#endif
