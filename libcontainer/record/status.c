/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/base/sys.h"

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

static int open_proc(struct nacre_error *err)
{
	int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail_errno(err, errno, "open /proc") : fd;
}

int status_view_open(int root_fd, struct status_view *ret_view, struct nacre_error *err)
{
	struct nacre_error ignored; /* without cgroup2 nothing was ever frozen */
	int proc_fd = open_proc(err);

	if (proc_fd < 0)
		return proc_fd;
	*ret_view = (struct status_view){root_fd, proc_fd, cgroup_open_mount(&ignored)};
	return 0;
}

void status_view_close(struct status_view *view)
{
	fd_close(&view->proc_fd);
	fd_close(&view->cgroup_fd);
}

/* Whether the process of the record is there, and not a zombie nor a later one with its pid. */
static bool process_lives(int proc_fd, const struct container_record *record)
{
	uint64_t start_time;
	char state;

	return record->pid > 0 &&
	       procfs_stat(proc_fd, (pid_t)record->pid, &start_time, &state) == 0 &&
	       start_time == record->start_time && state != 'Z' && state != 'X';
}

int status_read(const struct status_view *view, const struct container_record *record,
	enum container_status *ret_status, struct nacre_error *err)
{
	char start[NAME_MAX + 8];
	int frozen = 0;

	if (record->pid == 0 || !process_lives(view->proc_fd, record)) {
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

int status_open_pidfd(const struct container_record *record)
{
	cleanup_close int pidfd = record->pid > 0 ? sys_pidfd_open((pid_t)record->pid) : -ESRCH;
	cleanup_close int proc_fd = -1;
	struct nacre_error ignored;

	if (pidfd < 0)
		return pidfd;
	proc_fd = open_proc(&ignored);
	/* In this order: a pid that is reused after the check cannot be behind a pidfd from before.
	 */
	if (proc_fd < 0 || !process_lives(proc_fd, record))
		return -ESRCH;
	return fd_steal(&pidfd);
}

int status_open_cgroup(
	const struct container_record *record, struct cgroup *ret_cgroup, struct nacre_error *err)
{
	struct cgroup cgroup;
	struct stat st;
	int result = record->cgroup ? cgroup_open(record->cgroup, &cgroup, err) : -ENOENT;

	if (result < 0)
		return result;
	if (record->cgroup_id && (fstat(cgroup.fd, &st) < 0 || st.st_ino != record->cgroup_id)) {
		cgroup_close(&cgroup);
		return -ENOENT;
	}
	*ret_cgroup = cgroup;
	return 0;
}

int status_identify(pid_t pid, struct container_record *record, struct nacre_error *err)
{
	cleanup_close int proc_fd = open_proc(err);
	char state;
	int result;

	if (proc_fd < 0)
		return proc_fd;
	result = procfs_stat(proc_fd, pid, &record->start_time, &state);
	if (result < 0)
		return fail_errno(err, result, "read /proc/%d/stat", pid);
	record->pid = pid;
	return 0;
}
