/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_STEPS_RESTORE_H
#define NACRE_STEPS_RESTORE_H

#include "libcontainer/life/criu.h"
#include "libcontainer/life/life.h"

/* What restore needs in addition to struct life. */
struct restore {
	struct criu_run *run;
	bool exec_cgroup; /* criu does not manage cgroups */
	const char *stdio[3]; /* criu's names of stdio in the images; "": nothing to give */
	const char *null_device; /* the one of stdio that was /dev/null, and stays so; NULL: none */
	const char *stage; /* directory with the bind mounts, in INIT's mount namespace */
	struct namespace_plan plan; /* namespaces of the config; the plan in struct life is criu's
				     * own */
	int its_socket;
	pid_t criu_pid; /* set once container.pid is the container's process */
	int criu_pidfd;
};
#define RESTORE_NONE ((struct restore){.plan.cgroup_fd = -1, .its_socket = -1, .criu_pidfd = -1})

/* The fds that criu inherits: /dev/null, then the namespaces that have a key. */
#define RESTORE_NULL_FD CRIU_FIRST_FD

/* How criu gets a namespace that the config joins by path. */
struct restored_namespace {
	const char *type; /* type in config-linux.md */
	const char *criu_name;
	const char *key; /* criu inherits it as an fd of this name; NULL: criu joins it by path */
};
extern const struct restored_namespace step_restored_namespaces[]; /* ends with a NULL type */

/* Returns an fd of the namespace that the config joins; -1: none. Borrowed. */
int step_restored_namespace_fd(const struct life *l, const struct restored_namespace *ns);

/* Whether MOUNT is made anew from its source, and is not in the images. */
bool step_restore_gives_mount(const struct container *c, const struct oci_mount *mount);

#endif
