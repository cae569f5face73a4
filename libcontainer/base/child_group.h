/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CHILD_GROUP_H
#define NACRE_CHILD_GROUP_H

#include <sys/types.h>

/*
 * A process group that ends, with all that is in it, when this process does, however that ends. Its
 * leader is a child that waits for that: not PR_SET_PDEATHSIG, which reaches no grandchildren and
 * which posix_spawn(3) cannot set. Who leaves the group (setsid(2)) leaves this as well.
 */
struct child_group {
	pid_t leader; /* the process group's number */
	int fd; /* what the leader reads the end of */
};

/* Returns 0 or -errno. */
int child_group_start(struct child_group *ret_group);

/* The leader ends alone: whoever is still in the group goes on. */
void child_group_leave(struct child_group *group);

#endif
