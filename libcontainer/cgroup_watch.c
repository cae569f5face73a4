/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/cgroup_own.h"
#include "libcontainer/cleanup.h"
#include "libcontainer/files.h"
#include "libcontainer/sys.h"

/* Whose end is waited for, and the cgroup's own. A pidfd is taken before the fork, so that no pid
 * that is used again can be meant. */
struct watch {
	int command; /* pidfd */
	int parent; /* pidfd; -1: outside of this pid namespace */
	int events; /* cgroup.events */
};

/* Reading it is what makes the next change visible to poll(2). */
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

/* Holds nothing of the command: whoever reads its stdout waits for the end of it. */
static _Noreturn void watch_main(const struct cgroup *own, const struct watch *watch)
{
	const int keep[] = {watch->command, watch->parent, watch->events, own->fd, own->mount_fd};
	struct cgroup cgroup = *own;
	struct nacre_error ignored; /* there is nobody to tell */

	(void)prctl(PR_SET_NAME, "nacre-watch");
	(void)setsid();
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	(void)close(STDERR_FILENO);
	(void)close_all_except(keep, sizeof(keep) / sizeof(keep[0]));
	if (wait_for_end(watch))
		(void)cgroup_destroy(&cgroup, &ignored);
	_exit(0);
}

/* The child in between ends at once, so that the watcher is no child that a caller would have to
 * wait for. */
static int fork_watcher(const struct cgroup *own, const struct watch *watch)
{
	sigset_t all, before;
	pid_t between;

	/* No signal of the terminal may end it, and no handler of the caller may run in it. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	between = fork();
	if (between == 0) {
		pid_t watcher = fork();

		if (watcher == 0)
			watch_main(own, watch);
		_exit(watcher < 0 ? errno : 0);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return between < 0 ? -errno : between;
}

static int reap(pid_t between)
{
	int status;

	while (waitpid(between, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

int cgroup_own_watch(const struct cgroup *own, struct nacre_error *err)
{
	cleanup_close int command = sys_pidfd_open(getpid());
	const pid_t parent_pid = getppid();
	cleanup_close int parent = parent_pid > 0 ? sys_pidfd_open(parent_pid) : -1;
	cleanup_close int events = openat(
		own->fd, "cgroup.events", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	const struct watch watch = {command, parent, events};
	int r = events < 0 ? -errno : command < 0 ? command : 0;

	if (r == 0 && parent_pid > 0 && (parent < 0 || getppid() != parent_pid))
		return fail(err, ESRCH, "--kill-on-exit: the caller, process %d, has ended",
			(int)parent_pid);
	if (r == 0) {
		(void)has_processes(events);
		r = fork_watcher(own, &watch);
	}
	if (r > 0)
		r = reap(r);
	return r < 0 ? fail_errno(err, r, "start the watcher of cgroup %s", own->path) : 0;
}
