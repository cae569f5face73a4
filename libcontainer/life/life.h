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
 * The life of a container: tables of steps, walked by both processes that take part.
 *
 * RUNTIME is the command (nacre create, start, run, exec). INIT is its child, pid 1 of the
 * container, and becomes the user's program. Each walks the same table. It runs the rows that are
 * its own and skips the others; when the owner changes from one active row to the next, the old
 * owner hands over the turn with one message (sync.h) and the new one waits for it. Nothing else
 * ever waits. Which rows are active was settled before the fork (plan.h), so both sides agree
 * without asking.
 */

enum owner {
	RUNTIME,
	INIT,
};

struct life;
struct restore;

enum step_flags {
	STEP_SPAWN = 1 << 0, /* from here on there are two processes */
	STEP_OVERLAP = 1 << 1, /* RUNTIME hands the turn on first and works while INIT goes on */
	STEP_EXEC = 1 << 2, /* success is silence: the end of the socket by close-on-exec */
	STEP_LAST_TO_GO = 1 << 3, /* it and the rows above are not undone if one below has failed */
	STEP_BIRTH = 1 << 4, /* a child of INIT is INIT from here on */
};

struct step {
	enum owner owner;
	const char *name;
	uint64_t when; /* enum condition: all of these must hold for the container */
	int (*perform)(struct life *l, struct nacre_error *err);
	/* Takes back the step, also for a container of an earlier command; what is gone already is
	 * no error, so that one that failed is done again. */
	int (*undo)(struct life *l, struct nacre_error *err);
	unsigned flags;
};

extern const struct step life_create_steps[];
extern const struct step life_process_steps[]; /* after those of create and exec */
extern const struct step life_start_steps[];
extern const struct step life_exec_steps[]; /* exec, in place of life_create_steps */
extern const struct step life_restore_steps[]; /* in place of both others: INIT becomes criu */

/*
 * Of life_start_steps, and of the messages by which two processes walk it (sync.h). The INIT that
 * waits for `start` is the code of the nacre that created it, and has the table of that: its number
 * stands in the record, and RUNTIME walks the table with that number.
 *
 * Who changes a row of life_start_steps, or its place, raises the number and keeps the old table
 * for life_start_steps_of. What INIT does needs no function there. INIT knows of no row behind
 * "exec".
 */
#define START_VERSION 5
/* Until that version INIT listened on a socket, and had all of life_process_steps still before it.
 */
#define START_VERSION_OF_SOCKET 4
/* NULL: this nacre does not know it. */
const struct step *life_start_steps_of(uint32_t version);

/* How the command wants it; what life needs of container.h's options. */
struct life_options {
	const char *console_socket;
	const char *pid_file;
	const char *pidfd_socket;
	unsigned preserve_fds;
	bool preserve_gaps;
	bool no_pivot;
	bool no_new_keyring;
	const char *cgroup; /* exec: asked for by name, below the container's; NULL: none */
	bool exec_cgroup; /* exec */
	bool exec_cgroup_asked; /* not the profile's default, which may give way */
	bool kill_on_exit; /* exec, exec_cgroup_asked; run with a reaper */
	struct oci_console_size window; /* where the config has none; 0: unknown */
	bool bare_newlines; /* the caller serves the terminal, and its output is none */
	bool notify; /* the program gets NOTIFY_SOCKET */
	bool waits_for_start; /* create; not run */
	bool late; /* and for the process that is to run */
	bool systemd_cgroup;
	bool limits_others; /* rlimits_may_limit_others */
	bool attach; /* see the condition ATTACH */
};

/* Shifted ids: what RUNTIME has got for the rule user-namespace. */
struct life_shift {
	uint32_t first_id; /* of the block of the host; 0: there is none */
	int claim_fd; /* of id_block.h, until the state directory has it */
	int userns_fd; /* with the container's mappings */
	int rootfs_fd; /* the directory, until it is judged */
	int root_fd; /* a mapped tree of it */
};

#define LIFE_SHIFT_NONE \
	((struct life_shift){.claim_fd = -1, .userns_fd = -1, .rootfs_fd = -1, .root_fd = -1})

/* Closes it; a claim that no container has got is taken back. */
void life_shift_done(struct life_shift *shift);

/* A workspace of the form cow that this command has made. */
struct life_workspace {
	size_t mount; /* its index */
	int source_fd;
	int upper_fd; /* -1: form direct */
	int work_fd;
	struct oci_strings protect; /* form direct: what is read-only in it */
	struct oci_strings around; /* form direct: the directories of these */
	bool user_xattr;
	bool by_init; /* RUNTIME may not mount an overlay */
};

/* What INIT is sent to run: late_process.h. */
struct claim {
	const char *bytes;
	size_t length;
	size_t n_args;
};

/* Everything that the steps of one command share. INIT has a copy of it, by fork. */
struct life {
	struct container container;
	const struct life_options *options; /* NULL in start and delete */
	const struct oci_process *process; /* what is to run: config->process, or that of exec */
	const struct harden_request *hardened_by; /* create and run */
	const char *config_given; /* text as in the bundle */
	char *report; /* JSON, heap */
	char *receipt; /* receipt_plan.h as JSON, heap; NULL: there will be none */

	bool state_owned; /* the state directory is this command's to remove: made by it, or locked
			   */
	bool cgroup_made; /* by this command, or known to be the container's */
	bool relay_cgroup_made; /* the same of the relay's */
	struct cgroup exec_cgroup; /* exec: of the new process */
	uint64_t oom_kills; /* exec: in the container's cgroup, before it */
	struct namespace_plan namespaces;
	int join_flags; /* exec: CLONE_NEW* to join */
	int rootfs_fd;
	int proc_fd; /* procfs of the container, see procfs.h */
	struct mount_guard guard;
	const struct oci_strings *granted; /* of the report; NULL: nobody is told of grants */
	const struct oci_strings *left_out; /* likewise: rules that cannot be had here */
	int nodes_fd; /* of linux.devices, see devices_make_nodes */
	int *source_fds; /* one a mount */
	struct life_workspace *workspaces; /* of the container's arena */
	size_t n_workspaces;
	bool workspaces_of_others; /* what is there is not of this container, and stays */
	struct mount_made *made; /* INIT: one a mount, from "mounts" to "read-only root and mounts"
				  */
	int map_fd; /* user namespace with the mappings of the container, for id-mapped mounts */
	struct life_shift shift;
	int console_socket;
	struct start_pipe start_pipe; /* where INIT waits; in start: RUNTIME's ends */
	int notify_socket; /* where the caller does */
	struct egress_relay *egress_relay; /* NULL: no names, or not planned */
	int sync; /* this side's end; the start pipe is used in its place once it is there */

	int init_pidfd; /* exec: of the container's first process */
	struct terminal terminal;
	struct hook_output hook_output;
	int resctrl_fd; /* the root of resctrl */
	bool resctrl_made; /* as with cgroup_made */
	int netns_fd; /* of the container, while network devices may have to go back */
	char *moved_devices; /* what netdev_move answered, heap; NULL: none */
	struct restore *restore; /* steps_restore.h; NULL: this is no restore */
	struct seccomp_own traced_filter; /* INIT: in place of own_filter, with TRACE */
	struct birth *birth; /* FOREIGN_PIDNS */
	int own_proc_fd; /* INIT's, where proc_fd is of a pid namespace that it is not in; else -1
			  */
	struct capability_sets capabilities; /* INIT's, once they are set */
	uint64_t capabilities_beyond; /* which it has for the filters alone */
	int held_listener; /* which is sent after the birth */
	int listener; /* of a seccomp filter with SCMP_ACT_NOTIFY: fd number in INIT */
	const struct claim *claim; /* start of a LATE container; NULL: no other process */
	bool started; /* the program runs: what fails now ends the container */
	int turn_ahead; /* INIT: step of a turn that came before its time; -1: none */
	bool announced; /* INIT said that exec is next */
	bool cwd_entered; /* as root; else once more as the user */
	struct seccomp_own own_filter;
	struct seccomp_program *seccomp; /* shared memory */
	struct program program;
};

void life_init(struct life *l);
void life_done(struct life *l); /* closes and frees, the container as well; kills nothing */

/* The fds of L that INIT needs in its rows, -1 among them, for fd_close_all_except. Those that the
 * caller passes on (options->preserve_fds) are not among them. *RET_FDS: heap. -ENOMEM. */
int life_kept_fds(const struct life *l, int **ret_fds, size_t *ret_n);

/* RUNTIME's side of each command. On failure everything is taken back. */
int life_create(struct life *l, struct nacre_error *err);
int life_run(struct life *l, struct nacre_error *err);
/* To be asked before life_start, which kills INIT if it fails. -ENOTSUP: INIT, or a condition of
 * the container, is of a version of nacre that is not known here. */
int life_may_start(const struct life *l, struct nacre_error *err);
int life_start(struct life *l, struct nacre_error *err);
int life_exec(struct life *l, struct nacre_error *err);
int life_restore(struct life *l, struct nacre_error *err);
/* Undoes life_create_steps, last first, on a container of an earlier command. */
int life_delete(struct life *l, struct nacre_error *err);
/* Undoes life_exec: ends the process, and with it all in its own cgroup if it has one. */
int life_exec_undo(struct life *l, struct nacre_error *err);

/* INIT's side, entered in the child right after the fork. */
_Noreturn void life_init_main(struct life *l, const struct step *first_table);

#endif
