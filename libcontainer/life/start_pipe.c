/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/life/start_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"

#define QUESTION "start"
/* Has the name of an interrupted write of "start", which `delete` of an older nacre removes too. A
 * version that removes regular files only reports that the directory is not empty. */
#define ANSWER ".start.0"

static int make_one(int state_fd, const char *name, int *ret_fd, struct nacre_error *err)
{
	if (mkfifoat(state_fd, name, 0600) < 0)
		return fail_errno(err, errno, "make %s", name);
	/* O_RDWR: the FIFO always has a reader and a writer (fifo(7)). */
	*ret_fd = openat(state_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return *ret_fd < 0 ? fail_errno(err, errno, "open %s", name) : 0;
}

int start_pipe_make(int state_fd, struct start_pipe *ret_pipe, struct nacre_error *err)
{
	struct start_pipe pipe = START_PIPE_CLOSED;
	int r = make_one(state_fd, QUESTION, &pipe.in, err);

	if (r == 0)
		r = make_one(state_fd, ANSWER, &pipe.out, err);
	if (r < 0)
		start_pipe_close(&pipe);
	else
		*ret_pipe = pipe;
	return r;
}

int start_pipe_open(int state_fd, struct start_pipe *ret_pipe, struct nacre_error *err)
{
	cleanup_close int in = -1, out = -1;

	/* Opened with O_NONBLOCK in this order, open(2) fails at once if the other side is gone. */
	in = openat(state_fd, ANSWER, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (in < 0)
		return fail_errno(err, errno, "open " ANSWER);
	out = openat(state_fd, QUESTION, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (out < 0)
		return fail_errno(err, errno, "open " QUESTION);
	if (fcntl(in, F_SETFL, 0) < 0 || fcntl(out, F_SETFL, 0) < 0)
		return fail_errno(err, errno, "flags of the start pipe");
	*ret_pipe = (struct start_pipe){fd_steal(&in), fd_steal(&out)};
	return 0;
}

int start_pipe_remove(int state_fd, struct nacre_error *err)
{
	if (unlinkat(state_fd, QUESTION, 0) < 0)
		return fail_errno(err, errno, "remove " QUESTION);
	return unlinkat(state_fd, ANSWER, 0) < 0 ? fail_errno(err, errno, "remove " ANSWER) : 0;
}

void start_pipe_close(struct start_pipe *pipe)
{
	fd_close(&pipe->in);
	fd_close(&pipe->out);
}
