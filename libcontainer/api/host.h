/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_HOST_H
#define NACRE_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/utsname.h>

#include "libcontainer/cgroup/cgroup_controllers.h"
#include "specs/error.h"

/* What this host has of all that nacre needs or uses. Looked at and tried, nothing is changed. */
struct host {
	struct utsname kernel;
	bool kernel_is_new; /* 5.14 or newer */
	bool is_root; /* CAP_SYS_ADMIN in the initial user namespace */
	bool cgroup2;
	bool hybrid; /* cgroup2 is at /sys/fs/cgroup/unified, beside controllers of version 1 */
	char controllers[CGROUP_CONTROLLERS_MAX]; /* of cgroup2, names with spaces between */
	char device_filter[160]; /* why one cannot be loaded; "": it can */
	char egress[160]; /* why rules of egress cannot be enforced; "": they can */
	char seccomp_actions[160]; /* with spaces between; "": no seccomp */
	char seccomp_logged[160];
	int landlock; /* ABI; 0: there is none, or it is not enabled */
	char modules[160]; /* of security, with commas between; "": securityfs is not mounted */
	bool apparmor;
	bool selinux;
	bool no_user_namespaces; /* for nobody */
	bool user_namespaces; /* for a process without capabilities */
	char user_namespaces_why[160]; /* what stands against them */
	bool no_keys; /* keyrings(7), by which claims of ids are seen */
};

void host_look(struct host *ret_host);

#endif
