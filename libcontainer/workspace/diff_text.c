/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/diff_text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"

enum {
	SECONDS = 10,
	HUNKS_MAX = 8 * LINE_DIFF_BYTES, /* both texts, with a sign for each line, and headers */
	FAILED = 16, /* beside enum line_diff_result */
};

struct text {
	char bytes[LINE_DIFF_BYTES + 1]; /* one more: it is too large */
	size_t n;
};

struct work {
	struct text old_text, new_text;
	struct line_diff memory;
	int pipe_fd;
	bool failed;
};

/* The functions below run in the child, which has no other system calls than read, write and
 * exit. */

static bool read_text(int fd, struct text *text)
{
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && text->n < sizeof(text->bytes)) {
		n = read(fd, text->bytes + text->n, sizeof(text->bytes) - text->n);
		text->n += n > 0 ? (size_t)n : 0;
	}
	return n >= 0;
}

static void put(void *data, const char *bytes, size_t n)
{
	struct work *work = data;

	while (n > 0 && !work->failed) {
		ssize_t written = write(work->pipe_fd, bytes, n);

		work->failed = written <= 0;
		bytes += written > 0 ? written : 0;
		n -= written > 0 ? (size_t)written : 0;
	}
}

static int work_in_child(struct work *work, int old_fd, int new_fd)
{
	enum line_diff_result result;

	if (!read_text(old_fd, &work->old_text) || !read_text(new_fd, &work->new_text))
		return FAILED;
	result = line_diff(&work->memory, work->old_text.bytes, work->old_text.n,
		work->new_text.bytes, work->new_text.n, put, work);
	return work->failed ? FAILED : (int)result;
}

static void be_child(struct work *work, int old_fd, int new_fd)
{
	const int keep[] = {old_fd, new_fd, work->pipe_fd};
	/* The soft limit sends SIGXCPU; seccomp sends SIGKILL. */
	const struct rlimit limit = {SECONDS, SECONDS + 1};
	sigset_t of_limit;

	(void)sigemptyset(&of_limit);
	(void)sigaddset(&of_limit, SIGXCPU);
	if (sys_default_signal(SIGXCPU) < 0 || sigprocmask(SIG_UNBLOCK, &of_limit, NULL) < 0 ||
		fd_close_all_except(keep, sizeof(keep) / sizeof(keep[0])) < 0 ||
		setrlimit(RLIMIT_CPU, &limit) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) < 0)
		_exit(FAILED);
	sys_exit(work_in_child(work, old_fd, new_fd));
}

static int wait_for(pid_t pid, enum line_diff_result *ret_result, struct nacre_error *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(err, errno, "wait for the diff of a file");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		*ret_result = LINE_DIFF_LARGE;
	else if (WIFEXITED(status) && WEXITSTATUS(status) <= LINE_DIFF_LARGE)
		*ret_result = (enum line_diff_result)WEXITSTATUS(status);
	else
		return fail(err, EIO, "the diff of a file failed");
	return 0;
}

int diff_text_run(int old_fd, int new_fd, char **ret_hunks, size_t *ret_length,
	enum line_diff_result *ret_result, struct nacre_error *err)
{
	cleanup_free struct work *work = calloc(1, sizeof(*work));
	cleanup_close int read_fd = -1, write_fd = -1;
	cleanup_free char *hunks = NULL;
	int ends[2], r, waited;
	struct nacre_error why;
	size_t length = 0;
	pid_t pid;

	if (!work)
		return fail_errno(err, ENOMEM, "the diff of a file");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, errno, "pipe2");
	read_fd = ends[0];
	work->pipe_fd = write_fd = ends[1];
	pid = child_fork_blocked();
	if (pid < 0)
		return fail_errno(err, (int)pid, "fork");
	if (pid == 0)
		be_child(work, old_fd, new_fd);
	fd_close(&write_fd);
	r = file_read_fd(read_fd, "the diff of a file", HUNKS_MAX, &hunks, &length, &why);
	fd_close(&read_fd); /* a child that still writes ends by that */
	waited = wait_for(pid, ret_result, r < 0 ? &(struct nacre_error){0} : &why);
	if (r < 0 || waited < 0) {
		*err = why;
		return r < 0 ? r : waited;
	}
	*ret_hunks = steal_ptr(hunks);
	*ret_length = length;
	return 0;
}
