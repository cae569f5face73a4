/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
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
	struct nacre_error why;
	int cgroup_fd = cgroup_open_mount(&why);
	int r = fail_except(cgroup_fd, ENOSYS, &why, err);

	if (r < 0)
		return r;
	*ret_view = (struct status_view){root_fd, cgroup_fd < 0 ? -1 : cgroup_fd};
	return 0;
}

void status_view_close(struct status_view *view)
{
	fd_close(&view->cgroup_fd);
}

static int is_frozen(const struct status_view *view, const struct container_record *record,
	struct nacre_error *err)
{
	int r;

	if (!record->cgroup)
		return 0;
	/* Fails with the same error again: what is missing. */
	r = view->cgroup_fd >= 0 ? cgroup_is_frozen(view->cgroup_fd, record->cgroup, err)
				 : cgroup_open_mount(err);
	return r < 0 ? fail_prefix(err, "container \"%s\"", record->id) : r;
}

/* Whether the process is still INIT: it has the start pipe open for reading, or the socket of an
 * older nacre is there. A `start` that was killed leaves the pipe as it is. */
static int waits_for_start(const struct status_view *view, const struct container_record *record,
	struct nacre_error *err)
{
	char start[NAME_MAX + 8];
	cleanup_close int fd = -1;
	struct stat st;

	(void)snprintf(start, sizeof(start), "%s/start", record->id);
	/* ENXIO: no reader (fifo(7)), or a socket (open(2)) */
	fd = openat(view->root_fd, start, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		return 1;
	if (errno == ENXIO && fstatat(view->root_fd, start, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISSOCK(st.st_mode);
	return errno == ENOENT ? 0
			       : fail_errno(err, errno, "container \"%s\": look at its start pipe",
					 record->id);
}

int status_read(const struct status_view *view, const struct container_record *record,
	enum container_status *ret_status, struct nacre_error *err)
{
	cleanup_close int pidfd = record_open_pidfd(record, err);
	int frozen, waits;

	if (pidfd == -ESRCH) {
		*ret_status = record->pid == 0 ? STATUS_CREATING : STATUS_STOPPED;
		return 0;
	}
	if (pidfd < 0)
		return pidfd;
	frozen = is_frozen(view, record, err);
	if (frozen < 0)
		return frozen;
	waits = frozen ? 0 : waits_for_start(view, record, err);
	if (waits < 0)
		return waits;
	*ret_status = frozen ? STATUS_PAUSED : waits ? STATUS_CREATED : STATUS_RUNNING;
	return 0;
}
