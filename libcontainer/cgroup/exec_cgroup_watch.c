/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/cgroup/exec_cgroup.h"

/* The processes whose end the watcher waits for, and the cgroup. Each pidfd is opened before the
 * fork, so that no reused pid can be meant. */
struct watch {
	int command; /* pidfd */
	int parent; /* pidfd; -1: outside of this pid namespace */
	int events; /* cgroup.events */
	const struct cgroup *own;
};

/* poll(2) reports the next change only after this read. */
static bool has_processes(int events)
{
	char text[256];
	ssize_t n = pread(events, text, sizeof(text) - 1, 0);

	if (n < 0)
		return false; /* removed */
	text[n] = '\0';
	return !strstr(text, "populated 0");
}

/* Returns true when the command or its parent has ended, false when the cgroup has emptied. */
static bool wait_for_end(const struct watch *watch)
{
	struct pollfd polls[] = {
		{.fd = watch->command, .events = POLLIN},
		{.fd = watch->parent, .events = POLLIN},
		{.fd = watch->events, .events = POLLPRI},
	};

	for (;;) {
		if (poll(polls, sizeof(polls) / sizeof(polls[0]), -1) < 0) {
			if (errno == EINTR)
				continue;
			return true;
		}
		if (polls[0].revents || polls[1].revents)
			return true;
		if (polls[2].revents && !has_processes(watch->events))
			return false;
	}
}

static void watch_main(void *data)
{
	const struct watch *watch = data;
	struct cgroup cgroup = *watch->own;
	struct nacre_error ignored; /* nobody waits for a report */

	if (wait_for_end(watch))
		(void)cgroup_destroy(&cgroup, &ignored);
}

int exec_cgroup_watch(const struct cgroup *own, struct nacre_error *err)
{
	cleanup_close int command = sys_pidfd_open(getpid());
	const pid_t parent_pid = getppid();
	cleanup_close int parent = parent_pid > 0 ? sys_pidfd_open(parent_pid) : -1;
	cleanup_close int events = openat(
		own->fd, "cgroup.events", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct watch watch = {command, parent, events, own};
	const int keep[] = {command, parent, events, own->fd, own->mount_fd};
	const struct child_detached watcher = {
		"nacre-watch", keep, sizeof(keep) / sizeof(keep[0]), watch_main, &watch, -1};
	int r = events < 0 ? -errno : command < 0 ? command : 0;

	if (r == 0 && parent_pid > 0 && (parent < 0 || getppid() != parent_pid))
		return fail(err, ESRCH, "--kill-on-exit: the caller, process %d, has ended",
			(int)parent_pid);
	if (r == 0) {
		(void)has_processes(events);
		r = child_detach(&watcher);
	}
	return r < 0 ? fail_errno(err, r, "start the watcher of cgroup %s", own->path) : 0;
}
