/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/cgroup/cgroup.h"
#include "libcontainer/record/record.h"

const char *status_name(enum container_status status)
{
	static const char *const names[] = {
		[STATUS_CREATING] = "creating",
		[STATUS_CREATED] = "created",
		[STATUS_RUNNING] = "running",
		[STATUS_PAUSED] = "paused",
		[STATUS_STOPPED] = "stopped",
	};

	return names[status];
}

int status_view_open(int root_fd, struct status_view *ret_view, struct nacre_error *err)
{
	struct nacre_error ignored; /* without cgroup2 nothing was ever frozen */
	int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (proc_fd < 0)
		return fail_errno(err, errno, "open /proc");
	*ret_view = (struct status_view){root_fd, proc_fd, cgroup_open_mount(&ignored)};
	return 0;
}

void status_view_close(struct status_view *view)
{
	fd_close(&view->proc_fd);
	fd_close(&view->cgroup_fd);
}

int status_read(const struct status_view *view, const struct container_record *record,
	enum container_status *ret_status, struct nacre_error *err)
{
	char start[NAME_MAX + 8];
	int frozen = 0;

	if (record->pid == 0 || !record_process_lives(view->proc_fd, record)) {
		*ret_status = record->pid == 0 ? STATUS_CREATING : STATUS_STOPPED;
		return 0;
	}
	if (record->cgroup && view->cgroup_fd >= 0)
		frozen = cgroup_is_frozen(view->cgroup_fd, record->cgroup, err);
	if (frozen < 0)
		return frozen;
	(void)snprintf(start, sizeof(start), "%s/start", record->id);
	if (frozen)
		*ret_status = STATUS_PAUSED;
	else if (faccessat(view->root_fd, start, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		*ret_status = STATUS_CREATED;
	else
		*ret_status = STATUS_RUNNING;
	return 0;
}
