/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LIFE_H
#define NACRE_LIFE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "libcontainer/mount/mount_guard.h"
#include "libcontainer/namespace/namespaces.h"
#include "libcontainer/process/hooks.h"
#include "libcontainer/process/program.h"
#include "libcontainer/process/terminal.h"
#include "libcontainer/record/container.h"
#include "libcontainer/seccomp/seccomp.h"
#include "libcontainer/seccomp/seccomp_own.h"
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

/*
 * Conditions of a row: all of its bits must hold for the container. A row has one if both sides
 * must know whether it is done, since the turn depends on it, or if a later command must. Any other
 * row looks at the config itself and returns early. They are kept in the state record, since
 * `start` and `delete` walk the tables later.
 */
/* clang-format off */
#define LIFE_CONDITIONS(X)                                                                         \
	X(RUNS_AT_ONCE)                                                                            \
	X(WAITS_FOR_START)        /* created, not run: INIT listens for `start` */                 \
	X(NEW_USERNS)                                                                              \
	X(IN_USERNS)              /* new or joined */                                              \
	X(NEW_CGROUPNS)                                                                            \
	X(NEW_NETNS)                                                                               \
	X(NEW_PIDNS)                                                                               \
	X(NEW_MNTNS)                                                                               \
	X(CGROUPFS)               /* the cgroup is a directory that nacre makes and removes */     \
	X(SYSTEMD)                /* it is a unit of systemd */                                    \
	X(ATTACH)                 /* exec: systemd moves the process, since the caller may not */  \
	X(EXEC_CGROUP)            /* exec: in a cgroup of its own below the container's */         \
	X(KILL_ON_EXIT)           /* exec: which is killed when the command or its parent ends */  \
	X(DELEGATE_CGROUP)        /* run.oci.delegate-cgroup */                                    \
	X(RESCTRL)                /* linux.intelRdt */                                             \
	X(NET_DEVICES)                                                                             \
	X(HOST_SOURCES)           /* a mount source must be opened by RUNTIME */                   \
	X(TERMINAL)                                                                                \
	X(NOTIFY)                 /* sd_notify(3): a socket for the program */                     \
	X(PID_FILE)                                                                                \
	X(PIDFD_SOCKET)                                                                            \
	X(LIMITS)                 /* process.rlimits: INIT sets them */                            \
	X(LIMITS_FROM_OUTSIDE)    /* in a user namespace INIT may raise none: RUNTIME does */      \
	X(LANDLOCK)                                                                                \
	X(SECCOMP)                /* in config.json; the next two are of nacre's filter as well */ \
	X(SECCOMP_PRIVILEGED)     /* without no_new_privs a filter needs CAP_SYS_ADMIN to load */  \
	X(SECCOMP_LAST)           /* with it, filters come last */                                 \
	X(SECCOMP_NOTIFY)                                                                          \
	X(TRACE)                  /* --trace-denials: the listener of nacre's own filter */        \
	X(HOOKS_CREATE_RUNTIME)   /* prestart or createRuntime */                                  \
	X(HOOKS_START_CONTAINER)                                                                   \
	X(HOOKS_POSTSTART)                                                                         \
	X(HOOKS_POSTSTOP)
/* clang-format on */

/* Each has a bit of its own, by its place in the list. */
enum condition_place {
#define PLACE(name) name##_PLACE,
	LIFE_CONDITIONS(PLACE)
#undef PLACE
};

enum condition {
	ALWAYS = 0,
#define BIT(name) name = 1LL << name##_PLACE,
	LIFE_CONDITIONS(BIT)
#undef BIT
};

struct life;
struct restore;

enum step_flags {
	STEP_SPAWN = 1 << 0, /* from here on there are two processes */
	STEP_OVERLAP = 1 << 1, /* RUNTIME hands the turn on first and works while INIT goes on */
	STEP_EXEC = 1 << 2, /* success is silence: the end of the socket by close-on-exec */
};

struct step {
	enum owner owner;
	const char *name;
	uint64_t when; /* enum condition */
	int (*perform)(struct life *l, struct nacre_error *err);
	/* Takes back the step, also for a container of an earlier command; what is gone already is
	 * no error. The first failure is reported, the rest goes on. */
	int (*undo)(struct life *l, struct nacre_error *err);
	unsigned flags;
};

extern const struct step life_create_steps[];
extern const struct step life_start_steps[];
extern const struct step life_exec_steps[]; /* exec, in place of life_create_steps */
extern const struct step life_restore_steps[]; /* in place of both others: INIT becomes criu */

/* How the command wants it; what life needs of container.h's options. */
struct life_options {
	const char *console_socket;
	const char *pid_file;
	const char *pidfd_socket;
	unsigned preserve_fds;
	bool no_pivot;
	bool no_new_keyring;
	const char *cgroup; /* exec: asked for by name, below the container's; NULL: none */
	bool exec_cgroup; /* exec */
	bool exec_cgroup_asked; /* not the profile's default, which may give way */
	bool kill_on_exit; /* exec, exec_cgroup_asked */
	struct oci_console_size window; /* where the config has none; 0: unknown */
	bool bare_newlines; /* the caller serves the terminal, and its output is none */
	bool notify; /* the program gets NOTIFY_SOCKET */
	bool waits_for_start; /* create; not run */
	bool systemd_cgroup;
	bool attach; /* see the condition ATTACH */
};

/* Everything that the steps of one command share. INIT has a copy of it, by fork. */
struct life {
	struct container container;
	const struct life_options *options; /* NULL in start and delete */
	const struct oci_process *process; /* what is to run: config->process, or that of exec */
	const struct harden_request *hardened_by; /* create and run */
	const char *config_given; /* text as in the bundle */
	char *report; /* JSON, heap */

	bool cgroup_made; /* by this command, or known to be the container's */
	struct cgroup exec_cgroup; /* exec: of the new process */
	uint64_t oom_kills; /* exec: in the container's cgroup, before it */
	struct namespace_plan namespaces;
	int join_flags; /* exec: CLONE_NEW* to join */
	int rootfs_fd;
	int proc_fd; /* procfs of the container, see procfs.h */
	struct mount_guard guard;
	int nodes_fd; /* of linux.devices, see devices_make_nodes */
	int *source_fds; /* one a mount */
	int map_fd; /* user namespace with the mappings of the container, for id-mapped mounts */
	int console_socket;
	int start_socket; /* where INIT listens */
	int notify_socket; /* where the caller does */
	int sync; /* this side's end */

	int init_pidfd; /* exec: of the container's first process */
	struct terminal terminal;
	struct hook_output hook_output;
	int resctrl_fd; /* the root of resctrl */
	bool resctrl_made; /* as with cgroup_made */
	int netns_fd; /* of the container, while network devices may have to go back */
	char *moved_devices; /* what netdev_move answered, heap; NULL: none */
	struct restore *restore; /* steps_restore.h; NULL: this is no restore */
	struct seccomp_own traced_filter; /* INIT: in place of own_filter, with TRACE */
	int listener; /* of a seccomp filter with SCMP_ACT_NOTIFY: fd number in INIT */
	bool started; /* the program runs: what fails now is a poststart hook */
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
int life_start(struct life *l, struct nacre_error *err);
int life_exec(struct life *l, struct nacre_error *err);
int life_restore(struct life *l, struct nacre_error *err);
/* Undoes life_create_steps, last first, on a container of an earlier command. */
int life_delete(struct life *l, struct nacre_error *err);

/* INIT's side, entered in the child right after the fork. */
_Noreturn void life_init_main(struct life *l, const struct step *first_table);

#endif
