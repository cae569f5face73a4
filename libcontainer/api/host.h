/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_HOST_H
#define NACRE_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/utsname.h>

#include "libcontainer/cgroup/cgroup_controllers.h"
#include "specs/error.h"

/* What this host has of everything that nacre needs or uses. It is found by reading and by trying;
 * nothing is changed. */
struct host {
	struct utsname kernel;
	bool kernel_is_new; /* Linux 5.14 or newer */
	bool is_root; /* CAP_SYS_ADMIN in the initial user namespace */
	bool cgroup2;
	bool hybrid; /* cgroup2 is at /sys/fs/cgroup/unified, beside controllers of version 1 */
	char controllers[CGROUP_CONTROLLERS_MAX]; /* those of cgroup2, separated by spaces */
	char device_filter[160]; /* reason that none can be loaded; "": it can */
	char egress[160]; /* reason that egress rules cannot be enforced; "": they can */
	char seccomp_actions[160]; /* separated by spaces; "": no seccomp */
	char seccomp_logged[160];
	int landlock; /* ABI; 0: the kernel has none, or it is not enabled */
	char modules[160]; /* security modules, separated by commas; "": securityfs is not mounted
			    */
	bool apparmor;
	bool selinux;
	bool no_keys; /* the kernel has no keyrings(7), which show claims of ids */
	/* Of host_try_user_namespaces: */
	char user_namespaces[256]; /* reason that the caller cannot use one; "": it can */
	char unprivileged_userns[256]; /* reason that a process without capabilities cannot */
};

void host_look(struct host *ret_host);

/* Adds whether user namespaces can be used, for which two child processes make one each: a
 * container's receipt, which needs the rest, goes without. */
void host_try_user_namespaces(struct host *host);

#endif
