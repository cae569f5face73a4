/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CHILD_GROUP_H
#define NACRE_CHILD_GROUP_H

#include <sys/types.h>

/*
 * A process group that is killed when this process ends, for whatever reason. Its leader is a child
 * that waits for that end. PR_SET_PDEATHSIG would not do: it does not reach grandchildren, and
 * posix_spawn(3) cannot set it. A process that leaves the group (setsid(2)) is not killed.
 */
struct child_group {
	pid_t leader; /* the process group's number */
	int fd; /* the leader reads end of file here when this process ends */
};

/* Returns 0 or -errno. */
int child_group_start(struct child_group *ret_group);

/* Ends the leader alone: other processes of the group continue. */
void child_group_leave(struct child_group *group);

#endif
