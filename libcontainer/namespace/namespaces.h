/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_NAMESPACES_H
#define NACRE_NAMESPACES_H

#include <stdbool.h>
#include <sys/types.h>

#include "specs/harden.h"
#include "specs/harden_userns.h"

/* namespaces(7): one row per type of config-linux.md. */
struct namespace_type {
	const char *name; /* "network" */
	const char *proc_name; /* "net", as in /proc/PID/ns */
	int clone_flag;
};
extern const struct namespace_type namespace_types[]; /* ends with a NULL name */

/* Returns the clone_flag of the type NAME; 0: there is no such type. */
int namespaces_flag(const char *type);

/* The plan by which init is made. */
struct namespace_plan {
	int new_flags; /* CLONE_NEW*, made by clone3 at once; without CLONE_NEWCGROUP, which init
			  unshares when it is in its cgroup (clone3 would use the parent's as the
			  root) */
	int late_flags; /* those of new_flags that init makes when it is root of its user namespace:
			   root of an ipc namespace's message queues is who makes it */
	int join_flags; /* namespaces with a path */
	int own_flags; /* those of join_flags that the caller is already in */
	int host_flags; /* those of join_flags that the caller or pid 1 is in */
	int join_fds[8]; /* in the order of namespace_types; -1: none */
	/* With CLONE_NEWPID in join_flags: init itself stays outside of that namespace and calls
	 * namespaces_enter. Its children are inside. */
	bool outside;
	const struct oci_time_offsets *time_offsets; /* NULL: none */
	int cgroup_fd; /* -1: stay in the caller's cgroup */
};

/* Reads linux.namespaces, opens the paths, and checks with NS_GET_NSTYPE that each has its type. */
int namespaces_plan(
	const struct oci_config *config, struct namespace_plan *ret_plan, struct nacre_error *err);
/* Returns whether NAMESPACE has a path that leads to the namespace of the caller or of pid 1. */
bool namespaces_own(const struct oci_namespace *namespace);

/* Opens the path of NAMESPACE. Fails if it does not lead to a namespace of its type. */
int namespaces_open(const struct oci_namespace *namespace, const struct namespace_type **ret_type,
	struct nacre_error *err);

/* Returns whether FD is the namespace of the caller; and whether it is the namespace of the caller
 * or of pid 1. 1, 0 or -errno. */
int namespaces_is_own(const struct namespace_type *type, int fd, struct nacre_error *err);
int namespaces_is_host(const struct namespace_type *type, int fd, struct nacre_error *err);

/* Finds the ids of the host's root in the caller's user namespace; -1: it does not map them. */
int namespaces_host_root(int64_t *ret_uid, int64_t *ret_gid, struct nacre_error *err);
/* Returns whether a user namespace maps an id to the host's root. 1, 0 or -errno. */
int namespaces_maps_root(int userns_fd, struct nacre_error *err);

/* Reads the mappings of a user namespace, with ids as the caller has them. From ARENA. */
int namespaces_read_maps(
	struct arena *arena, int userns_fd, struct harden_maps *ret_maps, struct nacre_error *err);

/* The user namespace that owns the ipc, uts and pid namespaces with a path in CONFIG. */
struct namespaces_owner {
	int userns_fd; /* the caller closes it; -1: none has a path, or the caller's own owns them
			*/
	bool of_pid; /* it owns the pid namespace */
	bool differ; /* there is another one, which owns others of them */
};

/* Asks the kernel for it, NS_GET_USERNS. A namespace that the caller's user namespace owns is
 * passed over. */
int namespaces_find_owner(const struct oci_config *config, struct namespaces_owner *ret_owner,
	struct nacre_error *err);

/* Whether the caller's user namespace is the parent of USERNS_FD. Returns 1, 0 or -errno. */
int namespaces_is_child(int userns_fd, struct nacre_error *err);

/* Asks once more, of the namespaces that PLAN has opened: USERNS_FD must be the user namespace that
 * PLAN joins, and the owner. -EPERM: it is not, for a path leads elsewhere by now. */
int namespaces_check_owner(
	const struct namespace_plan *plan, int userns_fd, struct nacre_error *err);

/* Fills in what harden() needs to know about linux.namespaces. A path that cannot be opened is
 * skipped: namespaces_plan reports it. */
int namespaces_look(struct arena *arena, const struct oci_config *config, struct harden_host *host,
	struct nacre_error *err);
/* Returns the user namespace that is joined by its path; -1: none. Borrowed. */
int namespaces_joined_user(const struct namespace_plan *plan);
/* Returns the pid namespace that is joined by its path; -1: none. Borrowed. */
int namespaces_joined_pid(const struct namespace_plan *plan);
void namespaces_plan_done(struct namespace_plan *plan);

/*
 * Makes init by the plan, as fork(2) does: returns 0 in init, and its pid in the caller (with its
 * pidfd in *RET_PIDFD). If nothing is to be joined this is one clone3. Otherwise a short-lived
 * middle process joins first, and makes init with CLONE_PARENT, so that init is still the caller's
 * child: setns(CLONE_NEWPID) and time offsets act only on children, and the caller itself must stay
 * where hooks expect it.
 */
pid_t namespaces_spawn(const struct namespace_plan *plan, int *ret_pidfd, struct nacre_error *err);

/* Lets init stay outside of a pid namespace that other processes are in, see life.c, if possible:
 * that needs a procfs made from outside, which takes Linux 6.17 and root. */
int namespaces_stay_outside(struct namespace_plan *plan, struct nacre_error *err);

/* Joins and makes the namespaces of the plan, in an init that is outside. */
int namespaces_enter(const struct namespace_plan *plan, struct nacre_error *err);

/* Tries whether the caller, UNPRIVILEGED: without its capabilities, can make a user namespace and
 * has capabilities in it. Returns 0 or -errno, and names the sysctl that may be the reason. Nothing
 * is left of it. */
int namespaces_probe_user(bool unprivileged, struct nacre_error *err);

/* Makes the namespaces late_flags, in init. */
int namespaces_make_late(const struct namespace_plan *plan, struct nacre_error *err);

/* Gives init a cgroup namespace rooted at its own cgroup. */
int namespaces_unshare_cgroup(struct nacre_error *err);

/* Joins the namespaces FLAGS of the process PIDFD, with one setns(2). CLONE_NEWPID acts only on
 * children: join it before making the process that joins the rest. */
int namespaces_join_process(int pidfd, int flags, struct nacre_error *err);

/* Calls ACT with DATA while the calling thread is in the namespace of TYPE ("network", "ipc",
 * "uts") of FD, a namespace or a pidfd of a process in it. Returns an error of ACT, or of the
 * change there and back. */
int namespaces_visit(const char *type, int fd, int (*act)(void *data, struct nacre_error *err),
	void *data, struct nacre_error *err);

/* Returns the namespace of TYPE that is joined by its path; -1: none. Borrowed. */
int namespaces_joined(const struct namespace_plan *plan, const char *type);

/* Finds the CLONE_NEW* flags of the namespaces in which process PID and the caller differ. */
int namespaces_differ(pid_t pid, int *ret_flags, struct nacre_error *err);

/* Opens the network namespace of a child that was not reaped. It must not be the caller's own. */
int namespaces_open_network(pid_t pid, struct nacre_error *err);

int namespaces_set_hostname(const char *hostname, const char *domainname, struct nacre_error *err);

#endif
