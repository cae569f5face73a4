/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/audit.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/process/caps.h"
#include "libcontainer/record/denials.h"
#include "libcontainer/seccomp/seccomp_trace.h"
#include "specs/filter_decode.h"

/*
 * --trace-denials: the tracer is a process beside the container that answers its refused calls.
 * There is one for the first process with all that it starts, and one per `exec`. It lives as long
 * as any process has the filter.
 *
 * It holds the filter's listener, the audit files, the counts (denials.h), and for root
 * CAP_SYS_PTRACE, to read the arguments of waiting calls. If it dies, the kernel refuses the calls
 * with ENOSYS: the container continues, with fewer records and no additional rights.
 */

enum {
	LINES_A_SECOND = 50, /* a program that repeats a call at once must not fill the disk */
	COMMAND_SIZE = 32, /* TASK_COMM_LEN is 16 */
	END_WAIT_MS = 1000,
	TRACERS_MAX = 10000,
	TRIES = 100,
	COUNT_TRIES = 3, /* the caller waits meanwhile */
	PAUSE_NS = 10000000,
};

struct tracer {
	struct life *l; /* members that the audit record needs: id, record, files */
	int listener;
	int denials;
	int ready; /* gets a byte when the tracer works */
	time_t second;
	unsigned lines; /* in that second */
	uint64_t suppressed; /* since the last line that was written */
	uint64_t uncounted; /* not written to DENIALS yet */
};

/* The process waits for its answer or was just killed, so the name may be another's. */
static void read_command(pid_t pid, char ret_name[COMMAND_SIZE])
{
	cleanup_free char *text = NULL;
	struct nacre_error ignored;
	char path[32];

	ret_name[0] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (file_read(AT_FDCWD, path, 64, &text, NULL, &ignored) < 0)
		return;
	/* The program chose the bytes, but the line must be valid JSON. */
	for (size_t i = 0; text[i] && text[i] != '\n' && i < COMMAND_SIZE - 1; i++) {
		ret_name[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
		ret_name[i + 1] = '\0';
	}
}

/* Whether one more line may be written in this second. */
static bool may_write(struct tracer *tracer)
{
	time_t now = time(NULL);

	if (now != tracer->second) {
		tracer->second = now;
		tracer->lines = 0;
	}
	if (tracer->lines++ < LINES_A_SECOND)
		return true;
	tracer->suppressed++;
	return false;
}

/* The context for reading the arguments of a denied call. */
struct reading {
	int listener;
	const struct seccomp_denial *denial;
};

static int read_memory(void *data, uint64_t address, void *ret_bytes, size_t size)
{
	const struct reading *reading = data;

	return seccomp_trace_read(reading->listener, reading->denial, address, ret_bytes, size);
}

static void write_denial(struct tracer *tracer, const struct seccomp_denial *denial)
{
	struct reading reading = {tracer->listener, denial};
	const struct decode_reader reader = {read_memory, &reading};
	const char *arguments[6], *decoded[DECODE_MAX];
	char command[COMMAND_SIZE], numbers[6][20], texts[DECODE_MAX][DECODE_SIZE];
	uint64_t args[6];
	struct audit_event event = {
		.event = "denied",
		.pid = denial->pid,
		.command = command,
		.syscall = denial->call,
		.arguments = {arguments, 6},
		.decoded = {decoded, 0},
		.errno_name = strerrorname_np(denial->error),
		.rule = seccomp_denial_rule(denial->rule),
		.reason = seccomp_denial_reason(denial->rule),
		.allowed_by = denial->grant,
		.suppressed = tracer->suppressed,
	};
	struct nacre_error err;

	for (size_t i = 0; i < 6; i++) {
		args[i] = denial->data.args[i];
		(void)snprintf(numbers[i], sizeof(numbers[i]), "0x%" PRIx64, args[i]);
		arguments[i] = numbers[i];
	}
	event.decoded.n = filter_decode(denial->call, args, &reader, texts);
	for (size_t i = 0; i < event.decoded.n; i++)
		decoded[i] = texts[i];
	read_command(denial->pid, command);
	tracer->suppressed = 0;
	audit_fact(&tracer->l->container, &event, 0, &err);
}

/* Waits a moment: a failure, mostly for lack of memory, may not come again. */
static void take_breath(void)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};

	(void)nanosleep(&pause, NULL);
}

/* Adds the refusals that could not be counted earlier to "others". */
static void catch_up(struct tracer *tracer)
{
	struct denial_count others = denials_others;

	others.count = tracer->uncounted;
	if (others.count && denials_add(tracer->denials, &others) == 0)
		tracer->uncounted = 0;
}

static void count_denial(struct tracer *tracer, const struct seccomp_denial *denial)
{
	struct denial_count one = {.count = 1, .rule = denial->rule, .error = denial->error};

	(void)snprintf(one.call, sizeof(one.call), "%s", denial->call);
	(void)snprintf(one.grant, sizeof(one.grant), "%s", denial->grant);
	for (int i = 0; denials_add(tracer->denials, &one) < 0; i++) {
		if (i == COUNT_TRIES) {
			tracer->uncounted++;
			break;
		}
		take_breath();
	}
	catch_up(tracer);
}

/* Records the call before answering it: whatever the caller does next finds it recorded. */
static int serve(struct tracer *tracer)
{
	struct seccomp_denial denial;
	struct nacre_error ignored; /* nobody reads the error */
	int r = seccomp_trace_take(tracer->listener, &tracer->l->own_filter, &denial, &ignored);

	if (r <= 0)
		return r;
	count_denial(tracer, &denial);
	if (may_write(tracer))
		write_denial(tracer, &denial);
	/* Without an answer the caller would wait for ever. So the tracer ends, and all calls fail.
	 */
	for (int i = 0; (r = seccomp_trace_answer(tracer->listener, &denial, &ignored)) < 0; i++) {
		if (i == TRIES)
			_exit(1);
		take_breath();
	}
	return r;
}

/*
 * Should:
 * - keep CAP_SYS_PTRACE of root's capabilities, to read arguments, and none of a user's
 * - be out of reach of a container that shares the host's pid namespace
 */
static int confine(void)
{
	static const struct capability_sets none;
	struct capability_sets trace = {.permitted = 1ULL << CAP_SYS_PTRACE};
	struct nacre_error ignored;

	trace.effective = trace.permitted;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return caps_apply(&trace, &ignored) == 0 ? 0 : caps_apply(&none, &ignored);
}

static void tracer_main(void *data)
{
	static const struct container_callbacks silent = {.warn = container_drop_warning};
	struct tracer *tracer = data;
	struct pollfd asked = {.fd = tracer->listener, .events = POLLIN};

	tracer->l->container.callbacks = &silent;
	if (denials_hold(tracer->denials) < 0 || confine() < 0 || write(tracer->ready, "", 1) != 1)
		return;
	fd_close(&tracer->ready);
	for (int failures = 0; failures < TRIES;) {
		int r = poll(&asked, 1, -1) < 0 ? -errno : 0;

		if (r == -EINTR)
			continue;
		if (r == 0 && !(asked.revents & POLLIN))
			break; /* POLLHUP: no process has the filter any more */
		if (r == 0)
			r = serve(tracer);
		failures = r < 0 ? failures + 1 : 0;
		if (r < 0)
			take_breath();
	}
	catch_up(tracer);
}

static int fork_tracer(struct tracer *tracer)
{
	const int keep[] = {tracer->listener, tracer->denials, tracer->ready,
		tracer->l->container.audit_fds[0], tracer->l->container.audit_fds[1]};
	const struct child_detached detached = {
		"nacre-tracer", keep, sizeof(keep) / sizeof(keep[0]), tracer_main, tracer, -1};

	return child_detach(&detached);
}

/* Returns when the tracer works: it must see the next refused call. */
static int detach(struct tracer *tracer, struct nacre_error *err)
{
	cleanup_close int ready = -1;
	int ends[2], r;
	ssize_t n;
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, errno, "pipe");
	ready = ends[0];
	tracer->ready = ends[1];
	r = fork_tracer(tracer);
	fd_close(&tracer->ready);
	if (r < 0)
		return fail_errno(err, r, "start the tracer");
	do
		n = read(ready, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : fail(err, ECHILD, "the tracer ended before it began");
}

int tracer_start(struct life *l, struct nacre_error *err)
{
	cleanup_close int listener = step_take_listener(l, err);
	cleanup_close int denials = -1;
	struct tracer tracer = {.l = l, .listener = listener, .ready = -1};
	int r;

	if (listener < 0)
		return listener;
	/* For `start`: if nacre was upgraded since create, the loaded filter is another version's.
	 * Calls that this version would allow are then refused with ENOSYS. */
	r = !l->own_filter.profile ? seccomp_own_program(l->container.arena,
					     l->container.config->nacre, &l->own_filter, err)
				   : 0;
	if (r < 0)
		return r;
	tracer.denials = denials = denials_open(l->container.state_fd, true, err);
	return denials < 0 ? denials : detach(&tracer, err);
}

/* Returns 1 when PID, which holds FD's lock, has ended. */
static int end_tracer(int fd, pid_t pid, struct nacre_error *err)
{
	cleanup_close int pidfd = sys_pidfd_open(pid);
	int r;

	if (pidfd == -ESRCH || denials_holder(fd) != pid)
		return 1; /* it ended, or another process holds the lock now */
	if (pidfd < 0)
		return fail_errno(err, pidfd, "open tracer %d", (int)pid);
	r = pidfd_end(pidfd, END_WAIT_MS, "the tracer", err);
	return r < 0 ? r : 1;
}

/* Tracers end by themselves with the container's last process. One that still runs has processes
 * that left the container's cgroup, or the container has no cgroup. */
int tracer_end_all(struct life *l, struct nacre_error *err)
{
	cleanup_close int fd = -1;
	struct nacre_error why;
	int r;

	if (l->container.state_fd < 0)
		return 0;
	fd = denials_open(l->container.state_fd, false, &why);
	if (fd < 0)
		return fail_except(fd, ENOENT, &why, err);
	for (int i = 0; i < TRACERS_MAX; i++) {
		pid_t pid = denials_holder(fd);

		if (pid < 0)
			return fail_errno(err, pid, "find the tracer");
		if (pid == 0)
			return 0;
		r = end_tracer(fd, pid, err);
		if (r < 0)
			return r;
	}
	return 0;
}
