/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stdin_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "specs/error.h"

enum {
	/* One page: such a pipe takes more only when all that is in it was read. */
	ROOM = 4096,
	/* Whoever has read as much reads all, which goes faster in larger pieces. */
	EXACT = 1024 * 1024,
	LARGE = 64 * 1024,
	END_WAIT_MS = 1000,
};

/* What the process that relays has. */
struct relay {
	int caller; /* the caller's pipe */
	int program; /* the end of the program's pipe that is written to; -1: closed */
	int null;
	bool full; /* the program has filled its pipe itself */
	bool large; /* the program's pipe is no longer of one page */
	size_t passed; /* bytes, in all */
	size_t ahead; /* bytes that were passed on and that the caller's pipe still has */
};

const struct stdin_pipe stdin_pipe_none = {.caller = -1, .relay = -1};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Takes N of the bytes that are ahead from the caller's pipe. If somebody else took them, it does
 * not wait for others. */
static void take(struct relay *pipe, size_t n)
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
static void end(struct relay *pipe)
{
	int left = 0;

	if (pipe->program < 0)
		return;
	if (ioctl(pipe->program, FIONREAD, &left) == 0 && (size_t)left < pipe->ahead)
		take(pipe, pipe->ahead - (size_t)left);
	close_fd(&pipe->program);
}

/* The event that pass waits for. */
static struct pollfd event_of(const struct relay *pipe)
{
	return pipe->ahead > 0 || pipe->full
		       ? (struct pollfd){.fd = pipe->program, .events = POLLOUT}
		       : (struct pollfd){.fd = pipe->caller, .events = POLLIN};
}

static ssize_t pass_exactly(struct relay *pipe)
{
	ssize_t n = tee(pipe->caller, pipe->program, ROOM, SPLICE_F_NONBLOCK);

	pipe->ahead = n > 0 ? (size_t)n : 0;
	return n;
}

/* Takes from the caller's pipe what goes into the program's. */
static ssize_t pass_fast(struct relay *pipe)
{
	if (!pipe->large) /* a failure leaves it small and slow: a user's pipes have a quota */
		(void)fcntl(pipe->program, F_SETPIPE_SZ, LARGE);
	pipe->large = true;
	return splice(pipe->caller, NULL, pipe->program, NULL, LARGE, SPLICE_F_NONBLOCK);
}

static void pass(struct relay *pipe)
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

/* Relays until the program has closed its pipe, or CONTROL tells that it has ended. */
static void relay(struct relay *pipe, int control)
{
	while (pipe->program >= 0) {
		struct pollfd polls[] = {{.fd = control, .events = POLLIN}, event_of(pipe)};

		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			return;
		if (polls[0].revents)
			end(pipe);
		else if (polls[1].revents)
			pass(pipe);
	}
}

/* Makes the program's pipe, and the process that relays. ENDS: the pipe; CONTROL: a connection. */
static int begin(struct stdin_pipe *pipe, const int ends[2], const int control[2])
{
	struct relay own = {.caller = pipe->caller, .program = ends[1]};

	own.null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (own.null < 0 || fcntl(ends[1], F_SETPIPE_SZ, ROOM) < 0 || (pipe->pid = fork()) < 0) {
		const int r = -errno;

		close_fd(&own.null);
		return r;
	}
	if (pipe->pid == 0) {
		(void)close(ends[0]);
		(void)close(control[0]);
		relay(&own, control[1]);
		_exit(0);
	}
	(void)close(own.null);
	return dup2(ends[0], STDIN_FILENO) < 0 ? -errno : 0;
}

static int replace(struct stdin_pipe *pipe)
{
	int ends[2] = {-1, -1}, control[2] = {-1, -1}, r;

	pipe->caller = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (pipe->caller < 0 || pipe2(ends, O_CLOEXEC) < 0 ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
		r = -errno;
	else
		r = begin(pipe, ends, control);
	pipe->relay = control[0];
	close_fd(&control[1]);
	close_fd(&ends[0]);
	close_fd(&ends[1]);
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
	return r < 0 ? fail_errno(err, r, "make a pipe for stdin") : 0;
}

void stdin_pipe_restore(const struct stdin_pipe *pipe)
{
	if (pipe->caller >= 0)
		(void)dup2(pipe->caller, STDIN_FILENO); /* both are open: it cannot fail */
}

void stdin_pipe_close(struct stdin_pipe *pipe)
{
	struct pollfd ended = {.fd = pipe->relay, .events = POLLIN};

	close_fd(&pipe->caller);
	if (pipe->pid > 0) {
		(void)shutdown(pipe->relay, SHUT_WR);
		/* A program that could not be killed may still keep it from ending. */
		(void)poll(&ended, 1, END_WAIT_MS);
		(void)waitpid(pipe->pid, NULL, ended.revents ? 0 : WNOHANG);
	}
	pipe->pid = 0;
	close_fd(&pipe->relay);
}
