/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_STEPS_RESTORE_H
#define NACRE_STEPS_RESTORE_H

#include "libcontainer/life/criu.h"
#include "libcontainer/life/life.h"

/* What restore has besides a life like that of `run`. */
struct restore {
	struct criu_run *run;
	bool exec_cgroup; /* criu leaves cgroups alone */
	const char *stdio[3]; /* what criu calls them; "": nothing to give */
	const char *null_device; /* the one of them that was /dev/null, and stays so; NULL: none */
	const char *stage; /* directory that holds the bind mounts, in INIT's mount namespace */
	struct namespace_plan plan; /* of the config; that in struct life is how criu is born */
	int its_socket;
	pid_t criu_pid; /* once container.pid is the container's process */
	int criu_pidfd;
};
#define RESTORE_NONE ((struct restore){.plan.cgroup_fd = -1, .its_socket = -1, .criu_pidfd = -1})

/* What criu inherits: /dev/null, and then the namespaces that have a key */
#define RESTORE_NULL_FD CRIU_FIRST_FD

/* How criu gets a namespace that the config joins by path. */
struct restored_namespace {
	const char *type; /* of config-linux.md */
	const char *criu_name;
	const char *key; /* as an fd of this name; NULL: criu joins it by path */
};
extern const struct restored_namespace step_restored_namespaces[]; /* ends with a NULL type */

/* The namespace that the config joins; -1: none. Borrowed. */
int step_restored_namespace_fd(const struct life *l, const struct restored_namespace *ns);

/* Whether MOUNT is not in the images, but made anew from its source. */
bool step_restore_gives_mount(const struct container *c, const struct oci_mount *mount);

#endif
