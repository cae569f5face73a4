/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_NAMESPACES_H
#define NACRE_NAMESPACES_H

#include <stdbool.h>
#include <sys/types.h>

#include "specs/harden.h"

/* namespaces(7): one row per type of config-linux.md. */
struct namespace_type {
	const char *name; /* "network" */
	const char *proc_name; /* "net", as in /proc/PID/ns */
	int clone_flag;
};
extern const struct namespace_type namespace_types[]; /* ends with a NULL name */

/* The clone_flag of a type's NAME; 0: there is no such type. */
int namespaces_flag(const char *type);

/* How init is born. */
struct namespace_plan {
	int new_flags; /* CLONE_NEW*: made by clone3, all at once; without CLONE_NEWCGROUP, which
			  init unshares once it is in its cgroup (clone3 would root it at the
			  parent's) */
	int join_flags; /* namespaces that have a path */
	int own_flags; /* those of them that the caller is in already */
	int host_flags; /* those of them that the caller or pid 1 is in */
	int join_fds[8]; /* by the order of namespace_types; -1: none */
	/* With CLONE_NEWPID in join_flags: init stays outside of that, and is the one that calls
	 * namespaces_enter. Its children are inside. */
	bool outside;
	const struct oci_time_offsets *time_offsets; /* NULL: none */
	int cgroup_fd; /* -1: stay in the caller's cgroup */
};

/* Reads linux.namespaces and opens the paths, checking with NS_GET_NSTYPE that each is of its type.
 */
int namespaces_plan(
	const struct oci_config *config, struct namespace_plan *ret_plan, struct nacre_error *err);
/* Whether NAMESPACE is joined by path and is the one that the caller or pid 1 is in. */
bool namespaces_own(const struct oci_namespace *namespace);

/* Opens the path of NAMESPACE, if it leads to one of its type. */
int namespaces_open(const struct oci_namespace *namespace, const struct namespace_type **ret_type,
	struct nacre_error *err);

/* Whether the open FD is the one that the caller is in; that the caller or pid 1 is in. 1, 0 or an
 * error. */
int namespaces_is_own(const struct namespace_type *type, int fd, struct nacre_error *err);
int namespaces_is_host(const struct namespace_type *type, int fd, struct nacre_error *err);

/* The ids of the host's root as the caller sees them; -1: its user namespace does not have them. */
int namespaces_host_root(int64_t *ret_uid, int64_t *ret_gid, struct nacre_error *err);
/* Whether an id in an open user namespace is the host's root. 1, 0 or an error. */
int namespaces_maps_root(int userns_fd, struct nacre_error *err);

/* Fills in what harden() needs to know about linux.namespaces. namespaces_plan reports a path that
 * leads nowhere. */
int namespaces_look(struct arena *arena, const struct oci_config *config, struct harden_host *host,
	struct nacre_error *err);
/* The user namespace that is joined by its path; -1: none. Borrowed. */
int namespaces_joined_user(const struct namespace_plan *plan);
/* The pid namespace that is joined by its path; -1: none. Borrowed. */
int namespaces_joined_pid(const struct namespace_plan *plan);
void namespaces_plan_done(struct namespace_plan *plan);

/*
 * fork(2) into the plan: returns 0 in init, its pid in the caller (and its pidfd in *RET_PIDFD).
 * With nothing to join this is one clone3. Else a short-lived middle process joins first and makes
 * init with CLONE_PARENT, so that init is the caller's child all the same: setns(CLONE_NEWPID) and
 * time offsets only act on children, and the caller itself must stay where hooks expect it.
 */
pid_t namespaces_spawn(const struct namespace_plan *plan, int *ret_pidfd, struct nacre_error *err);

/* Lets init stay outside of a pid namespace that others are in, see life.c. That needs a procfs
 * made from outside: Linux 6.17 and root. */
int namespaces_stay_outside(struct namespace_plan *plan, struct nacre_error *err);

/* Joins and makes the namespaces of the plan, in an init that is outside. */
int namespaces_enter(const struct namespace_plan *plan, struct nacre_error *err);

/* Gives init a cgroup namespace rooted at its own cgroup. */
int namespaces_unshare_cgroup(struct nacre_error *err);

/* Joins the namespaces FLAGS of the process behind PIDFD, in one setns(2). CLONE_NEWPID acts
 * only on children: join it before making the process that joins the rest. */
int namespaces_join_process(int pidfd, int flags, struct nacre_error *err);

/* Does ACT, which gets DATA, while the calling thread is in the namespace of TYPE ("network",
 * "ipc", "uts") behind FD, a namespace or a pidfd of who is in it; an error of ACT, or of the way
 * there and back, is returned. */
int namespaces_visit(const char *type, int fd, int (*act)(void *data, struct nacre_error *err),
	void *data, struct nacre_error *err);

/* The namespace of TYPE that is joined by its path; -1: none. Borrowed. */
int namespaces_joined(const struct namespace_plan *plan, const char *type);

/* CLONE_NEW* flags of the namespaces in which process PID is not where the caller is. */
int namespaces_differ(pid_t pid, int *ret_flags, struct nacre_error *err);

/* The network namespace of a child that was not reaped, which must not be the caller's own. */
int namespaces_open_network(pid_t pid, struct nacre_error *err);

int namespaces_set_hostname(const char *hostname, const char *domainname, struct nacre_error *err);

#endif
