/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "libcontainer/cleanup.h"
#include "libcontainer/files.h"
#include "libcontainer/sys.h"

#ifndef MFD_NOEXEC_SEAL /* Linux 6.3 */
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define TAIL_SIZE 400 /* of a hook's stderr, for the error text */
#define CHUNK_SIZE 4096 /* PIPE_BUF: written at once where poll says that a pipe takes it */
#define DRAIN_LIMIT (1024 * 1024) /* what is still read from the pipe once the hook has ended */
#define NS_PER_SECOND 1000000000LL
#define FOREVER INT64_MAX

struct running_hook {
	pid_t pid;
	int pidfd;
	int stderr_fd; /* read end; -1 after its end */
	int64_t deadline;
	char tail[TAIL_SIZE];
	size_t tail_length;
};

static int64_t now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_SECOND + ts.tv_nsec;
}

static int64_t deadline_of(const struct oci_hook *hook)
{
	const int64_t start = now();

	if (!hook->timeout.set || hook->timeout.value > (FOREVER - start) / NS_PER_SECOND)
		return FOREVER;
	return start + hook->timeout.value * NS_PER_SECOND;
}

/* For poll(2), rounded up; -1: no end. */
static int left_ms(int64_t deadline)
{
	int64_t left;

	if (deadline == FOREVER)
		return -1;
	left = (deadline - now() + 999999) / 1000000;
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

/* The state on stdin. A file in memory and not a pipe: a state of any length, a hook that does not
 * read it, and no SIGPIPE. */
static int make_stdin(const char *state_json, struct nacre_error *err)
{
	cleanup_close int fd = memfd_create("state.json", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	int r;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("state.json", MFD_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, errno, "memfd_create");
	r = write_all(fd, state_json, strlen(state_json));
	if (r < 0)
		return fail_errno(err, r, "write the state");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return fail_errno(err, errno, "rewind the state");
	return steal_fd(&fd);
}

static char **null_terminated(const struct oci_strings *strings)
{
	size_t n = strings ? strings->n : 0;
	char **list = calloc(n + 1, sizeof(*list));

	if (!list)
		return NULL;
	for (size_t i = 0; i < n; i++)
		list[i] = (char *)strings->items[i];
	return list;
}

/* A process group of its own, so that a timeout ends what the hook started as well; no signal
 * ignored or blocked; no fd of ours but stdio. */
static int prepare_spawn(
	posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, int stdin_fd, int stderr_fd)
{
	sigset_t all, none;
	int r;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	r = posix_spawnattr_setflags(
		attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	r = r ? r : posix_spawnattr_setpgroup(attr, 0);
	r = r ? r : posix_spawnattr_setsigdefault(attr, &all);
	r = r ? r : posix_spawnattr_setsigmask(attr, &none);
	r = r ? r : posix_spawn_file_actions_adddup2(actions, stdin_fd, STDIN_FILENO);
	r = r ? r : posix_spawn_file_actions_adddup2(actions, stderr_fd, STDERR_FILENO);
	return r ? r : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

/* posix_spawn(3) hands back why execve(2) failed, and does not copy our memory. */
static int spawn_with_fds(const struct oci_hook *hook, const struct oci_strings *env, int stdin_fd,
	int stderr_fd, pid_t *ret_pid, struct nacre_error *err)
{
	const char *just_path[] = {hook->path};
	const struct oci_strings path_only = {just_path, 1};
	cleanup_free char **argv = null_terminated(hook->args.n ? &hook->args : &path_only);
	cleanup_free char **envp = null_terminated(hook->env.n ? &hook->env : env);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r;

	if (!argv || !envp)
		return fail_errno(err, ENOMEM, "exec %s", hook->path);
	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return fail_errno(err, r, "exec %s", hook->path);
	r = posix_spawnattr_init(&attr);
	if (r == 0) {
		r = prepare_spawn(&actions, &attr, stdin_fd, stderr_fd);
		r = r ? r : posix_spawn(ret_pid, hook->path, &actions, &attr, argv, envp);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r)
		return fail_errno(err, r, "exec %s", hook->path);
	return 0;
}

static void kill_hook(const struct running_hook *running)
{
	/* Not reaped yet, so that both numbers are still its own. */
	(void)kill(-running->pid, SIGKILL);
	(void)kill(running->pid, SIGKILL);
}

static int reap_hook(const struct running_hook *running, int *ret_status)
{
	while (waitpid(running->pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int start_hook(const struct oci_hook *hook, const char *state_json,
	const struct oci_strings *env, struct running_hook *ret_running, struct nacre_error *err)
{
	struct running_hook running = {.pidfd = -1, .stderr_fd = -1, .deadline = deadline_of(hook)};
	cleanup_close int stdin_fd = make_stdin(state_json, err);
	cleanup_close int write_end = -1;
	cleanup_close int read_end = -1;
	int ends[2];
	int r;

	if (stdin_fd < 0)
		return stdin_fd;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, errno, "pipe");
	read_end = ends[0];
	write_end = ends[1];
	if (fcntl(read_end, F_SETFL, O_NONBLOCK) < 0)
		return fail_errno(err, errno, "pipe");
	r = spawn_with_fds(hook, env, stdin_fd, write_end, &running.pid, err);
	if (r < 0)
		return r;
	running.pidfd = sys_pidfd_open(running.pid);
	if (running.pidfd < 0) {
		r = fail_errno(err, running.pidfd, "pidfd_open");
		kill_hook(&running);
		(void)reap_hook(&running, &(int){0});
		return r;
	}
	running.stderr_fd = steal_fd(&read_end);
	*ret_running = running;
	return 0;
}

/* Only where poll(2) says that it will not block: the timeout holds over a stderr that nobody
 * reads. */
static void forward(const char *chunk, size_t length, int64_t deadline)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&out, 1, left_ms(deadline)) == 1 && out.revents == POLLOUT)
		(void)!write(STDERR_FILENO, chunk, length);
}

static void keep_tail(struct running_hook *running, const char *chunk, size_t length)
{
	size_t drop;

	if (length > TAIL_SIZE) {
		chunk += length - TAIL_SIZE;
		length = TAIL_SIZE;
	}
	drop = running->tail_length + length > TAIL_SIZE ? running->tail_length + length - TAIL_SIZE
							 : 0;
	running->tail_length -= drop;
	memmove(running->tail, running->tail + drop, running->tail_length);
	memcpy(running->tail + running->tail_length, chunk, length);
	running->tail_length += length;
}

/* Returns the bytes read; 0 if there is nothing (more). */
static size_t read_stderr(struct running_hook *running)
{
	char chunk[CHUNK_SIZE];
	ssize_t n = read(running->stderr_fd, chunk, sizeof(chunk));

	if (n > 0) {
		keep_tail(running, chunk, (size_t)n);
		forward(chunk, (size_t)n, running->deadline);
		return (size_t)n;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(&running->stderr_fd);
	return 0;
}

/* Returns 0 once the hook has ended, or -ETIMEDOUT. A process that it left behind may hold the pipe
 * open: that is not waited for. */
static int wait_for_hook(struct running_hook *running)
{
	size_t drained = 0;
	size_t n;

	for (;;) {
		struct pollfd fds[] = {
			{.fd = running->pidfd, .events = POLLIN},
			{.fd = running->stderr_fd, .events = POLLIN},
		};
		int ready = poll(fds, 2, left_ms(running->deadline));

		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready == 0)
			return -ETIMEDOUT;
		if (ready > 0 && fds[0].revents)
			break;
		if (ready > 0 && fds[1].revents)
			(void)read_stderr(running);
		if (left_ms(running->deadline) == 0)
			return -ETIMEDOUT;
	}
	while (running->stderr_fd >= 0 && drained < DRAIN_LIMIT && (n = read_stderr(running)) > 0)
		drained += n;
	return 0;
}

/* The last line of the hook's stderr, made printable. */
static void last_line(const struct running_hook *running, char *line, size_t size)
{
	size_t end = running->tail_length;
	size_t start;
	size_t used = 0;

	while (end > 0 && (running->tail[end - 1] == '\n' || running->tail[end - 1] == '\r'))
		end--;
	for (start = end; start > 0 && running->tail[start - 1] != '\n'; start--)
		;
	for (; start < end && used + 1 < size; start++) {
		unsigned char c = (unsigned char)running->tail[start];

		line[used++] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
	}
	line[used] = '\0';
}

static int judge(const struct running_hook *running, int status, struct nacre_error *err)
{
	char line[TAIL_SIZE + 1];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	last_line(running, line, sizeof(line));
	if (WIFSIGNALED(status))
		return fail(err, ECANCELED, "signal %d (%s), stderr: \"%s\"", WTERMSIG(status),
			strsignal(WTERMSIG(status)), line);
	return fail(err, ECANCELED, "exit status %d, stderr: \"%s\"", WEXITSTATUS(status), line);
}

static int run_hook(const struct oci_hook *hook, const char *state_json,
	const struct oci_strings *env, struct nacre_error *err)
{
	struct running_hook running;
	int status = 0;
	int waited, r;

	if (hook->timeout.set && hook->timeout.value <= 0)
		return fail(err, EINVAL, "timeout: %lld is not more than 0",
			(long long)hook->timeout.value);
	r = start_hook(hook, state_json, env, &running, err);
	if (r < 0)
		return r;
	waited = wait_for_hook(&running);
	if (waited < 0)
		kill_hook(&running);
	r = reap_hook(&running, &status);
	close_fd(&running.pidfd);
	close_fd(&running.stderr_fd);
	if (waited == -ETIMEDOUT)
		return fail(err, ETIMEDOUT, "ran past its timeout of %lld s and was killed",
			(long long)hook->timeout.value);
	if (waited < 0)
		return fail_errno(err, waited, "poll");
	if (r < 0)
		return fail_errno(err, r, "wait (is SIGCHLD ignored?)");
	return judge(&running, status, err);
}

int hooks_run(const char *kind, const struct oci_hook_list *hooks, const char *state_json,
	const struct oci_strings *env, struct nacre_error *err)
{
	for (size_t i = 0; i < hooks->n; i++)
		if (run_hook(&hooks->items[i], state_json, env, err) < 0)
			return fail_prefix(err, "error running %s hook #%zu", kind, i);
	return 0;
}
