/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/record/record.h"

/*
 * Checks whether the process of a record exists. Only three answers of the kernel mean that it does
 * not: its pidfd reports the end, the pidfd is of another process, or there is no such pid. A check
 * that fails is an error.
 *
 * A reused pid is detected by the inode of the pidfd if the kernel has pidfs, otherwise by the
 * start time.
 */

static int open_proc(struct nacre_error *err)
{
	int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail_errno(err, errno, "open /proc") : fd;
}

int record_identify_process(struct container *c, struct nacre_error *err)
{
	struct container_record *record = &c->record;
	cleanup_close int proc_fd = open_proc(err);
	char state;
	int r;

	if (proc_fd < 0)
		return proc_fd;
	record->pid = c->pid;
	r = procfs_stat(proc_fd, c->pid, &record->start_time, &state);
	if (r < 0)
		return fail_errno(err, r, "read /proc/%d/stat", (int)c->pid);
	r = pidfd_identity(c->pidfd, &record->pidfd_id);
	if (r < 0)
		return fail_errno(err, r, "stat the pidfd of process %d", (int)c->pid);
	return r > 0 ? 0 : procfs_start_offset(proc_fd, &record->start_offset, err);
}

/* Whether R means that no process has the pid; EINVAL: a thread has it (pidfd_open(2)). */
static bool is_gone(int r)
{
	return r == -ESRCH || r == -ENOENT || r == -EINVAL;
}

/* Each time namespace rounds its offset to whole ticks, so start times may differ by one. */
static bool is_same_start(
	const struct container_record *record, uint64_t start_time, int64_t offset)
{
	uint64_t now = start_time - (uint64_t)offset;
	uint64_t then = record->start_time - (uint64_t)record->start_offset;

	/* A record without an offset may be from an old nacre that did not store it. */
	if (start_time == record->start_time &&
		(offset == record->start_offset || record->start_offset == 0))
		return true;
	return offset != record->start_offset && now - then + 1 <= 2;
}

/* Compares the start time. PIDFD: the process had not ended a moment ago. Returns 1, 0 or -errno.
 */
static int check_start(const struct container_record *record, int pidfd, struct nacre_error *err)
{
	cleanup_close int proc_fd = open_proc(err);
	uint64_t start_time;
	int64_t offset;
	char state;
	int r;

	if (proc_fd < 0)
		return proc_fd;
	r = procfs_stat(proc_fd, (pid_t)record->pid, &start_time, &state);
	if (r == -ESRCH && pidfd_wait_end(pidfd, 0) == 1)
		return 0;
	if (r < 0)
		return fail_errno(err, r, "read /proc/%d/stat%s", (int)record->pid,
			r == -ESRCH ? " (is /proc of another pid namespace, or does it hide "
				      "processes?)"
				    : "");
	r = procfs_start_offset(proc_fd, &offset, err);
	return r < 0 ? r : is_same_start(record, start_time, offset);
}

/* Whether the process behind PIDFD is the one of the record. Returns 1, 0 or -errno. */
static int check_identity(const struct container_record *record, int pidfd, struct nacre_error *err)
{
	uint64_t identity;
	int r = record->pidfd_id ? pidfd_identity(pidfd, &identity) : 0;

	if (r < 0)
		return fail_errno(err, r, "stat the pidfd of process %d", (int)record->pid);
	return r > 0 ? identity == record->pidfd_id : check_start(record, pidfd, err);
}

int record_open_pidfd(const struct container_record *record, struct nacre_error *err)
{
	cleanup_close int pidfd = record->pid > 0 ? sys_pidfd_open((pid_t)record->pid) : -ESRCH;
	int r;

	if (is_gone(pidfd))
		return -ESRCH;
	if (pidfd < 0)
		return fail_errno(err, pidfd, "container \"%s\": open process %d", record->id,
			(int)record->pid);
	r = pidfd_wait_end(pidfd, 0);
	if (r < 0)
		return fail_errno(err, r, "container \"%s\": look at process %d", record->id,
			(int)record->pid);
	if (r > 0)
		return -ESRCH;
	r = check_identity(record, pidfd, err);
	if (r < 0)
		return fail_prefix(err, "container \"%s\"", record->id);
	return r > 0 ? fd_steal(&pidfd) : -ESRCH;
}

int record_process_is_stopped(pid_t pid, struct nacre_error *err)
{
	cleanup_close int proc_fd = open_proc(err);
	uint64_t start_time;
	char state;
	int r;

	if (proc_fd < 0)
		return proc_fd;
	r = procfs_stat(proc_fd, pid, &start_time, &state);
	if (r < 0)
		return fail_errno(err, r, "read /proc/%d/stat", (int)pid);
	return state == 'T' || state == 't'; /* proc(5) */
}
