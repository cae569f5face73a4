/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/base/child_group.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"

#define CHUNK_SIZE 4096 /* PIPE_BUF: a pipe that poll(2) finds writable takes so many bytes */
#define DRAIN_LIMIT (1024 * 1024) /* what is still read from a pipe once the program has ended */
#define NS_PER_SECOND 1000000000LL

enum {
	OUTPUT,
	ERROR,
	STREAMS
};

/* The child's pid and process group, and the parent's ends of its pipes. */
struct running {
	pid_t pid;
	struct child_group group; /* .leader 0: the child leads its own */
	int pidfd;
	int ends[STREAMS]; /* -1: no pipe, or closed at end of file */
	int64_t start;
};

int64_t child_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_SECOND + ts.tv_nsec;
}

int child_left_ms(int64_t start, int64_t timeout, int64_t deadline)
{
	int64_t end = deadline, left;

	if (timeout > 0 && timeout <= (INT64_MAX - start) / NS_PER_SECOND &&
		(end == 0 || start + timeout * NS_PER_SECOND < end))
		end = start + timeout * NS_PER_SECOND;
	if (end == 0)
		return -1;
	left = (end - child_now() + 999999) / 1000000;
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static int make_pipe(int *ret_read, int *ret_write, struct nacre_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, errno, "pipe");
	*ret_read = ends[0];
	*ret_write = ends[1];
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		return fail_errno(err, errno, "pipe");
	return 0;
}

/* WANTED: the fds that become 0, 1, 2, ... of the program; -1: left as it is. */
static int prepare_spawn(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, pid_t group,
	const int *wanted, size_t n)
{
	sigset_t all, none;
	int r;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	/* Not the caller's process group: a timeout ends what the program started as well. */
	r = posix_spawnattr_setflags(
		attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	r = r ? r : posix_spawnattr_setpgroup(attr, group);
	r = r ? r : posix_spawnattr_setsigdefault(attr, &all);
	r = r ? r : posix_spawnattr_setsigmask(attr, &none);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (wanted[i] >= 0)
			r = posix_spawn_file_actions_adddup2(actions, wanted[i], (int)i);
	return r ? r : posix_spawn_file_actions_addclosefrom_np(actions, (int)n);
}

/* posix_spawn(3) returns the errno of execve(2), and does not copy the caller's memory. */
static int spawn_with_fds(const struct child *child, pid_t group, const int *wanted, size_t n,
	pid_t *ret_pid, struct nacre_error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return fail_errno(err, r, "exec %s", child->path);
	r = posix_spawnattr_init(&attr);
	if (r == 0) {
		r = prepare_spawn(&actions, &attr, group, wanted, n);
		r = r ? r
		      : posix_spawn(
				ret_pid, child->path, &actions, &attr, child->argv, child->envp);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return r ? fail_errno(err, r, "exec %s", child->path) : 0;
}

static void kill_child(const struct running *running)
{
	/* The child is not reaped yet, so both numbers are still its own. */
	(void)kill(-(running->group.leader ? running->group.leader : running->pid), SIGKILL);
	(void)kill(running->pid, SIGKILL);
}

static int reap(const struct running *running, int *ret_status)
{
	while (waitpid(running->pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* The caller closes WANTED[0..2] and the ends in RUNNING, also after an error. */
static int make_streams(
	const struct child *child, int *wanted, struct running *running, struct nacre_error *err)
{
	int r;

	/* The caller's stdin may be the container's as well. A pipe would limit the length of the
	 * input, block on a program that does not read it, and raise SIGPIPE. */
	wanted[STDIN_FILENO] = file_in_memory("input", child->input, strlen(child->input), err);
	if (wanted[STDIN_FILENO] < 0)
		return wanted[STDIN_FILENO];
	if (child->output.take) {
		r = make_pipe(&running->ends[OUTPUT], &wanted[STDOUT_FILENO], err);
		if (r < 0)
			return r;
	} else {
		wanted[STDOUT_FILENO] = child->output_fd > 0
						? fcntl(child->output_fd, F_DUPFD_CLOEXEC, 0)
						: open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (wanted[STDOUT_FILENO] < 0)
			return fail_errno(err, errno, "stdout");
	}
	return make_pipe(&running->ends[ERROR], &wanted[STDERR_FILENO], err);
}

#define WANTED_MAX (STDERR_FILENO + 1 + CHILD_MAX_FDS)
#define WANTED_NONE ((int[WANTED_MAX]){-1, -1, -1, -1, -1, -1, -1})
_Static_assert(WANTED_MAX == 7, "see WANTED_NONE");

/* WANTED: the fds for stdio; closed on return. GROUP 0: a process group of its own. */
static int spawn_wanted(const struct child *child, pid_t group, int *wanted, pid_t *ret_pid,
	struct nacre_error *err)
{
	const size_t n = STDERR_FILENO + 1 + child->n_fds;
	int r = 0;

	/* Copies have numbers above all targets, so that no dup2 replaces one before its turn. */
	for (size_t i = 0; r == 0 && i < child->n_fds; i++) {
		int fd = fcntl(child->fds[i], F_DUPFD_CLOEXEC, (int)n);

		if (fd < 0)
			r = fail_errno(err, errno, "pass fd %d on", child->fds[i]);
		wanted[STDERR_FILENO + 1 + i] = fd;
	}
	if (r == 0)
		r = spawn_with_fds(child, group, wanted, n, ret_pid, err);
	for (size_t i = 0; i < n; i++)
		fd_close(&wanted[i]);
	return r;
}

int child_start(const struct child *child, pid_t *ret_pid, struct nacre_error *err)
{
	return spawn_wanted(child, 0, WANTED_NONE, ret_pid, err);
}

static int start(const struct child *child, struct running *running, struct nacre_error *err)
{
	int *wanted = WANTED_NONE;
	int r = make_streams(child, wanted, running, err);

	if (r == 0) {
		r = spawn_wanted(child, running->group.leader, wanted, &running->pid, err);
	} else {
		for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
			fd_close(&wanted[i]);
	}
	if (r < 0)
		return r;
	running->pidfd = sys_pidfd_open(running->pid);
	if (running->pidfd < 0) {
		r = fail_errno(err, running->pidfd, "pidfd_open");
		kill_child(running);
		(void)reap(running, &(int){0});
	}
	return r;
}

/* Returns the bytes read; 0: nothing is left for now, or end of file. */
static size_t read_stream(int *fd, const struct child_output *to)
{
	char chunk[CHUNK_SIZE];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n > 0) {
		to->take(to->data, chunk, (size_t)n);
		return (size_t)n;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		fd_close(fd);
	return 0;
}

static void drain(int *fd, const struct child_output *to)
{
	size_t drained = 0;
	size_t n;

	while (*fd >= 0 && drained < DRAIN_LIMIT && (n = read_stream(fd, to)) > 0)
		drained += n;
}

/* Returns 0 once the program has ended, or -ETIMEDOUT. A process that it left behind may hold a
 * pipe open, so the end of a pipe is not waited for. */
static int wait_for_end(const struct child *child, struct running *running)
{
	const struct child_output *const to[STREAMS] = {&child->output, &child->error};

	for (;;) {
		struct pollfd fds[] = {
			{.fd = running->ends[OUTPUT], .events = POLLIN},
			{.fd = running->ends[ERROR], .events = POLLIN},
			{.fd = running->pidfd, .events = POLLIN},
		};
		int ready = poll(
			fds, 3, child_left_ms(running->start, child->timeout, child->deadline));

		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready == 0)
			return -ETIMEDOUT;
		if (ready > 0 && fds[STREAMS].revents)
			break;
		for (int i = 0; ready > 0 && i < STREAMS; i++)
			if (fds[i].revents)
				(void)read_stream(&running->ends[i], to[i]);
		if (child_left_ms(running->start, child->timeout, child->deadline) == 0)
			return -ETIMEDOUT;
	}
	for (int i = 0; i < STREAMS; i++)
		drain(&running->ends[i], to[i]);
	return 0;
}

static int run(const struct child *child, struct running *running, int *ret_status,
	struct nacre_error *err)
{
	int status = 0;
	int r = start(child, running, err);
	int waited;

	if (r < 0)
		return r;
	waited = wait_for_end(child, running);
	if (waited < 0)
		kill_child(running);
	r = reap(running, &status);
	if (waited == -ETIMEDOUT && child->deadline && child_now() >= child->deadline)
		return fail(err, ETIMEDOUT, "ran past the timeout of the command and was killed");
	if (waited == -ETIMEDOUT)
		return fail(err, ETIMEDOUT, "ran past its timeout of %lld s and was killed",
			(long long)child->timeout);
	if (waited < 0)
		return fail_errno(err, waited, "poll");
	if (r < 0)
		return fail_errno(err, r, "wait (is SIGCHLD ignored?)");
	*ret_status = status;
	return 0;
}

int child_run(const struct child *child, int *ret_status, struct nacre_error *err)
{
	struct running running = {.pidfd = -1, .ends = {-1, -1}, .start = child_now()};
	int r = child->tied ? child_group_start(&running.group) : 0;

	if (r < 0)
		return fail_errno(err, r, "exec %s", child->path);
	r = run(child, &running, ret_status, err);
	if (running.group.leader)
		child_group_leave(&running.group);
	fd_close(&running.pidfd);
	for (int i = 0; i < STREAMS; i++)
		fd_close(&running.ends[i]);
	return r;
}

static _Noreturn void detached_main(const struct child_detached *detached)
{
	(void)prctl(PR_SET_NAME, detached->name);
	(void)setsid();
	(void)!chdir("/");
	/* A reader of the command's stdout waits until every copy of it is closed. */
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	(void)close(STDERR_FILENO);
	if (fd_close_all_except(detached->keep, detached->n_keep) == 0)
		detached->run(detached->data);
	_exit(0);
}

pid_t child_fork_blocked(void)
{
	sigset_t all, before;
	pid_t pid;
	int code;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	pid = fork();
	code = errno;
	if (pid != 0)
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid < 0 ? -code : pid;
}

/* Returns like fork(2), but -errno. Moving a process into a cgroup waits some 10 ms for RCU readers
 * in the kernel; creating it there does not. */
static pid_t fork_into(int cgroup_fd)
{
	struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	pid_t pid;

	if (cgroup_fd < 0) {
		pid = fork();
		return pid < 0 ? -errno : pid;
	}
	args.cgroup = (unsigned)cgroup_fd;
	return sys_clone3(&args);
}

/* The process in between ends at once, so nobody has to wait for the detached one. */
static pid_t fork_twice(const struct child_detached *detached)
{
	const pid_t between = child_fork_blocked();

	if (between == 0) {
		pid_t pid = fork_into(detached->cgroup_fd);

		if (pid == 0)
			detached_main(detached);
		_exit(pid < 0 ? -pid : 0);
	}
	return between;
}

int child_detach(const struct child_detached *detached)
{
	pid_t between = fork_twice(detached);
	int status;

	if (between < 0)
		return (int)between;
	while (waitpid(between, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}
