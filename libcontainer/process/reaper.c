/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/reaper.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/process/wipe.h"
#include "specs/error.h"

static void reap(pid_t child)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == child)
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static _Noreturn void serve(pid_t child, const sigset_t *all)
{
	(void)prctl(PR_SET_NAME, "init");
	/* A reader of the program's output must see its end when the program closes it. */
	if (fd_close_all_except(NULL, 0) < 0)
		_exit(1);
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	(void)close(STDERR_FILENO);
	/* The program must not trace this process: a stopped pid 1 ends nothing and reaps nothing.
	 * So it stays undumpable, and even so its data of the host is wiped. */
	if (wipe_heap() < 0)
		_exit(1);
	wipe_stack();
	for (;;) {
		siginfo_t info;
		int sig = sigwaitinfo(all, &info);

		if (sig == SIGCHLD)
			reap(child);
		else if (sig > 0)
			(void)kill(child, sig);
		else if (errno != EINTR)
			_exit(1);
	}
}

int reaper_stay_behind(bool ends_with_parent, struct nacre_error *err)
{
	sigset_t all, before;
	pid_t child;
	int failure;

	if (ends_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return fail_errno(err, errno, "PR_SET_PDEATHSIG");
	(void)sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
		return fail_errno(err, errno, "block signals");
	child = fork();
	if (child > 0)
		serve(child, &all);
	failure = errno;
	if (sigprocmask(SIG_SETMASK, &before, NULL) < 0)
		return fail_errno(err, errno, "unblock signals");
	return child < 0 ? fail_errno(err, failure, "fork%s",
				   failure == EAGAIN ? ": is pids.max of the cgroup reached?" : "")
			 : 0;
}
