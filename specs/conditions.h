/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CONDITIONS_H
#define NACRE_CONDITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What holds for a container, or for a process of exec: the conditions of the rows of a life
 * (libcontainer/life/life.h). Of a container they are kept in its record, as words, since `start`
 * and `delete` walk the tables later, and may be those of another version.
 *
 * A row has one if both sides must know whether it is done, since the turn depends on it, or if a
 * later command must. Any other row looks at the config itself and returns early.
 *
 * The order is free. A word stands for the same thing in every version: it is never changed, and
 * not used again for another.
 */
/* clang-format off */
#define LIFE_CONDITIONS(X)                                                                                               \
	X(RUNS_AT_ONCE, "runs at once")                                                                                  \
	X(WAITS_FOR_START, "waits for start")           /* created, not run: INIT listens for `start` */                 \
	X(LATE, "late")                                 /* INIT waits for a process from `start`, too */                 \
	X(NEW_USERNS, "new userns")                                                                                      \
	X(IN_USERNS, "in userns")                       /* new or joined */                                              \
	X(SHIFTED_IDS, "shifted ids")                   /* a block of ids, by the rule user-namespace */                 \
	X(NEW_CGROUPNS, "new cgroupns")                                                                                  \
	X(NEW_NETNS, "new netns")                                                                                        \
	X(OTHERS_NETNS, "netns of others")              /* joined, and neither the caller's nor pid 1's: its loopback is the container's */ \
	X(NEW_PIDNS, "new pidns")                                                                                        \
	X(REAPER, "reaper")                             /* INIT stays pid 1, and the program is its child */             \
	X(FOREIGN_PIDNS, "foreign pidns")               /* INIT is outside of it, and its last child inside */              \
	X(NEW_MNTNS, "new mntns")                                                                                        \
	X(CGROUPFS, "cgroupfs")                         /* the cgroup is a directory that nacre makes and removes */     \
	X(SYSTEMD, "systemd")                           /* it is a unit of systemd */                                    \
	X(ATTACH, "attach")                             /* exec: systemd moves the process, since the caller may not */  \
	X(EXEC_CGROUP, "own cgroup")                    /* exec: in a cgroup of its own below the container's */         \
	X(KILL_ON_EXIT, "kill on exit")                 /* exec: which is killed when the command or its parent ends */  \
	X(DELEGATE_CGROUP, "delegate cgroup")           /* run.oci.delegate-cgroup */                                    \
	X(RESCTRL, "resctrl")                           /* linux.intelRdt */                                             \
	X(NET_DEVICES, "net devices")                                                                                    \
	X(EGRESS, "egress")                             /* rules on what the container may connect to */                 \
	X(EGRESS_BY_RELAY, "egress by relay")           /* the same, by a network that leads nowhere but to the relay */ \
	X(HOST_SOURCES, "host sources")                 /* a mount source must be opened by RUNTIME */                   \
	X(WORKSPACES, "workspaces")                     /* a mount that is one: what is written to it outlives the container */ \
	X(DISKS, "disks")                               /* a mount for which the kernel opens a device */                \
	X(TERMINAL, "terminal")                                                                                          \
	X(EGRESS_NAMES, "egress names")                 /* a relay, and for names its resolver */                        \
	X(NOTIFY, "notify")                             /* sd_notify(3): a socket for the program */                     \
	X(PID_FILE, "pid file")                                                                                          \
	X(PIDFD_SOCKET, "pidfd socket")                                                                                  \
	X(LIMITS, "limits")                             /* process.rlimits: INIT sets them */                            \
	X(LIMITS_FROM_OUTSIDE, "limits from outside")   /* in a user namespace INIT may raise none: RUNTIME, if it may */ \
	X(SCHEDULER_LAST, "scheduler last")             /* FOREIGN_PIDNS, and fork(2) would take process.scheduler back */ \
	X(LIMIT_OF_PROCESSES, "limit of processes")     /* RLIMIT_NPROC and FOREIGN_PIDNS: RUNTIME sets that one last, if it may */ \
	X(LSM, "lsm")                                                                                                    \
	X(LANDLOCK, "landlock")                                                                                          \
	X(SECCOMP, "seccomp")                           /* in config.json; the next two are of nacre's filter as well */ \
	X(SECCOMP_PRIVILEGED, "seccomp privileged")     /* without no_new_privs a filter needs CAP_SYS_ADMIN to load */  \
	X(SECCOMP_LAST, "seccomp last")                 /* with it, nothing */                                           \
	X(SECCOMP_NOTIFY, "seccomp notify")                                                                              \
	X(TRACE, "trace")                               /* --trace-denials: the listener of nacre's own filter */        \
	X(HOOKS_CREATE_RUNTIME, "hooks create runtime") /* prestart or createRuntime */                                  \
	X(HOOKS_START_CONTAINER, "hooks start container")                                                                \
	X(HOOKS_POSTSTART, "hooks poststart")                                                                            \
	X(HOOKS_POSTSTOP, "hooks poststop")
/* clang-format on */

/* Each has a bit of its own, by its place in the list. */
enum condition_place {
#define PLACE(name, word) name##_PLACE,
	LIFE_CONDITIONS(PLACE)
#undef PLACE
	N_CONDITIONS,
};

enum condition {
	ALWAYS = 0,
#define BIT(name, word) name = 1LL << name##_PLACE,
	LIFE_CONDITIONS(BIT)
#undef BIT
};

/* The word at PLACE, below N_CONDITIONS. */
const char *condition_word(size_t place);

/* The bit of a word; 0: this version does not know it, or needs it no more. */
uint64_t condition_bit(const char *word);

/* Whether an earlier version had WORD, for a row that now looks at the config itself. */
bool condition_is_retired(const char *word);

#endif
