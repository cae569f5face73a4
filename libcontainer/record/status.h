/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_STATUS_H
#define NACRE_STATUS_H

#include "specs/state.h"

/* The status of a container: runtime.md, State; "paused" is runc's. It is never stored. The kernel
 * is asked each time: the process (pid and start time), the freezer, the start pipe. */
enum container_status {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED,
};
const char *status_name(enum container_status status);

/* What status_read needs, opened once for any number of containers. */
struct status_view {
	int root_fd; /* directory of all states; not owned */
	int cgroup_fd; /* mount of cgroup2; -1: there is none */
};

int status_view_open(int root_fd, struct status_view *ret_view, struct nacre_error *err);
void status_view_close(struct status_view *view);

int status_read(const struct status_view *view, const struct container_record *record,
	enum container_status *ret_status, struct nacre_error *err);

#endif
