/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stdin_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "specs/error.h"

enum {
	/* One page: such a pipe takes more only when all that is in it was read. */
	ROOM = 4096,
	/* Whoever has read as much reads all, which goes faster in larger pieces. */
	EXACT = 1024 * 1024,
	LARGE = 64 * 1024,
};

const struct stdin_pipe stdin_pipe_none = {.caller = -1, .program = -1, .null = -1};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void close_all(struct stdin_pipe *pipe)
{
	close_fd(&pipe->program);
	close_fd(&pipe->caller);
	close_fd(&pipe->null);
}

static int replace(struct stdin_pipe *pipe)
{
	int ends[2], r = 0;

	pipe->caller = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	pipe->null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (pipe->caller < 0 || pipe->null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pipe->program = ends[1];
	if (fcntl(ends[1], F_SETPIPE_SZ, ROOM) < 0 || dup2(ends[0], STDIN_FILENO) < 0)
		r = -errno;
	(void)close(ends[0]);
	return r;
}

int stdin_pipe_open(struct stdin_pipe *pipe, struct nacre_error *err)
{
	const int flags = fcntl(STDIN_FILENO, F_GETFL);
	struct stat st;
	int r;

	*pipe = stdin_pipe_none;
	if (flags < 0 || fstat(STDIN_FILENO, &st) < 0)
		return fail_errno(err, errno, "stat stdin");
	if (!S_ISFIFO(st.st_mode) || (flags & O_ACCMODE) == O_WRONLY)
		return 0;
	r = replace(pipe);
	if (r < 0) {
		close_all(pipe);
		return fail_errno(err, r, "make a pipe for stdin");
	}
	return 0;
}

void stdin_pipe_restore(const struct stdin_pipe *pipe)
{
	if (pipe->caller >= 0)
		(void)dup2(pipe->caller, STDIN_FILENO); /* both are open: it cannot fail */
}

/* Takes N of the bytes that are ahead from the caller's pipe. If somebody else took them, it does
 * not wait for others. */
static void take(struct stdin_pipe *pipe, size_t n)
{
	pipe->ahead -= n;
	while (n > 0) {
		ssize_t taken = splice(pipe->caller, NULL, pipe->null, NULL, n, SPLICE_F_NONBLOCK);

		if (taken <= 0)
			return;
		n -= (size_t)taken;
	}
}

/* Takes what the program has read, and passes nothing on any more. */
static void end(struct stdin_pipe *pipe)
{
	int left = 0;

	if (pipe->program < 0)
		return;
	if (ioctl(pipe->program, FIONREAD, &left) == 0 && (size_t)left < pipe->ahead)
		take(pipe, pipe->ahead - (size_t)left);
	close_fd(&pipe->program);
}

struct pollfd stdin_pipe_event(const struct stdin_pipe *pipe)
{
	if (pipe->program < 0)
		return (struct pollfd){.fd = -1};
	return pipe->ahead > 0 || pipe->full
		       ? (struct pollfd){.fd = pipe->program, .events = POLLOUT}
		       : (struct pollfd){.fd = pipe->caller, .events = POLLIN};
}

static ssize_t pass_exactly(struct stdin_pipe *pipe)
{
	ssize_t n = tee(pipe->caller, pipe->program, ROOM, SPLICE_F_NONBLOCK);

	pipe->ahead = n > 0 ? (size_t)n : 0;
	return n;
}

/* Takes from the caller's pipe what goes into the program's. */
static ssize_t pass_fast(struct stdin_pipe *pipe)
{
	if (!pipe->large) /* a failure leaves it small and slow: a user's pipes have a quota */
		(void)fcntl(pipe->program, F_SETPIPE_SZ, LARGE);
	pipe->large = true;
	return splice(pipe->caller, NULL, pipe->program, NULL, LARGE, SPLICE_F_NONBLOCK);
}

void stdin_pipe_relay(struct stdin_pipe *pipe)
{
	struct pollfd program = {.fd = pipe->program, .events = POLLOUT};
	ssize_t n;

	(void)poll(&program, 1, 0);
	if (program.revents & POLLERR) { /* nobody can read it any more */
		end(pipe);
		return;
	}
	pipe->full = !(program.revents & POLLOUT);
	if (pipe->full)
		return;
	take(pipe, pipe->ahead);
	n = pipe->passed < EXACT ? pass_exactly(pipe) : pass_fast(pipe);
	if (n > 0)
		pipe->passed += (size_t)n;
	else if (n == 0 || errno != EAGAIN)
		end(pipe);
}

void stdin_pipe_close(struct stdin_pipe *pipe)
{
	end(pipe);
	close_all(pipe);
}
