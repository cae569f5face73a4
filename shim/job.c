/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/job.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/small_file.h"
#include "specs/json.h"

/* Limits how long a job waits until it can begin (after_fd). */
#define BEGIN_MS 30000

static struct job *jobs;
static struct rlimit files; /* limits to restore; all zero: not changed */

/* --- in the child --- */

/* Gives the job's fds the numbers from 0, in order. Returns 0 or -errno. */
static int set_fds(const struct job *job)
{
	const int n = job->more ? 6 : 3;
	int moved[6];

	/* Moves them all above these numbers first: one fd may have another's number. */
	for (int i = 0; i < n; i++) {
		const int given = i < 3 ? job->fds[i] : job->more_fds[i - 3];
		const int fd = given >= 0 ? given : open("/dev/null", O_RDWR);

		moved[i] = fcntl(fd, F_DUPFD_CLOEXEC, n);
		if (moved[i] < 0)
			return -errno;
	}
	for (int i = 0; i < n; i++) {
		if (dup2(moved[i], i) < 0)
			return -errno;
	}
	return 0;
}

/* Closes what the shim has open, which a child that runs no program would otherwise keep open. */
static void close_others(unsigned first, int keep)
{
	if ((unsigned)keep > first)
		(void)close_range(first, (unsigned)keep - 1, 0);
	(void)close_range((unsigned)keep + 1, ~0u, 0);
}

static void reset_signals(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		return; /* the exit status already reports the failure */
}

/* Lets a job that changes a container die with the shim: containerd then deletes the container. A
 * job that copies output, which has no timeout, goes on to the end of the output. */
static void end_with(const struct job *job, pid_t parent)
{
	if (job->timeout_ms == 0)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
}

int job_exit_status(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

static void run_program(const struct job *job, int error_fd)
{
	char text[JOB_TEXT];

	(void)execv(job->argv[0], (char *const *)job->argv);
	(void)snprintf(text, sizeof(text), "run %s: %s", job->argv[0], strerror(errno));
	say(error_fd, text);
	_exit(127);
}

static int wait_for_end(int fd)
{
	struct pollfd end = {.fd = fd, .events = POLLIN};
	int n;

	do
		n = poll(&end, 1, BEGIN_MS);
	while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : -1;
}

static void run_child(struct job *job, int error_fd, pid_t shim)
{
	char text[JOB_TEXT] = "";

	/* Moves it above the fds that get fixed numbers. */
	error_fd = fcntl(error_fd, F_DUPFD_CLOEXEC, 6);
	end_with(job, shim);
	if (files.rlim_max > 0 && setrlimit(RLIMIT_NOFILE, &files) < 0)
		_exit(126);
	(void)setpgid(0, 0);
	reset_signals();
	if (job->after_fd > 0 && wait_for_end(job->after_fd) < 0) {
		say(error_fd, "the logger has not reported that it is ready: it must close file "
			      "descriptor 5");
		_exit(126);
	}
	if (error_fd < 0 || set_fds(job) < 0 || (job->directory && chdir(job->directory) < 0)) {
		say(error_fd, "the shim cannot set up a child process");
		_exit(126);
	}
	close_others(job->more ? 6 : 3, error_fd);
	if (job->before && job->before(job, text) < 0) {
		say(error_fd, text);
		_exit(125);
	}
	if (job->argv[0])
		run_program(job, error_fd);
	_exit(0);
}

/* --- in the shim --- */

static void kill_late(struct timer *timer)
{
	struct job *job = (void *)((char *)timer - offsetof(struct job, timer));

	job->timed_out = true;
	(void)kill(-job->pid, SIGKILL);
	(void)kill(job->pid, SIGKILL);
}

void job_raise_files(void)
{
	struct rlimit raised;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		files = (struct rlimit){0};
	raised = (struct rlimit){.rlim_cur = files.rlim_max, .rlim_max = files.rlim_max};
	if (files.rlim_max > 0 && setrlimit(RLIMIT_NOFILE, &raised) < 0)
		files = (struct rlimit){0};
}

bool job_start(struct job *job)
{
	const pid_t self = getpid();
	int ends[2];

	job->pid = -1;
	job->error_fd = -1;
	job->timed_out = false;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
		(void)fflush(NULL);
		job->pid = fork();
		if (job->pid == 0)
			run_child(job, ends[1], self);
		(void)close(ends[1]);
		job->error_fd = ends[0];
	}
	if (job->pid < 0) {
		if (job->error_fd >= 0)
			(void)close(job->error_fd);
		job->done(job, 126, "the shim cannot start a child process");
		return false;
	}
	(void)setpgid(job->pid, job->pid);
	job->next = jobs;
	jobs = job;
	job->timer = (struct timer){.due = kill_late};
	if (job->timeout_ms > 0)
		loop_set(&job->timer, job->timeout_ms);
	return true;
}

/* Finds the text of the last error in the log. */
static void read_log(const char *path, char text[static JOB_TEXT])
{
	char bytes[16 * 1024], *line = bytes;

	(void)small_file_read(AT_FDCWD, path, bytes, sizeof(bytes)); /* the beginning is enough */
	while (*line) {
		char *end = strchrnul(line, '\n');
		struct arena *arena = arena_new(64 * 1024);
		struct json_document *document;
		struct nacre_error err;

		if (arena &&
			json_parse(arena, path, line, (size_t)(end - line), &document, &err) == 0) {
			const struct json_node *level = json_member(document->root, "level");
			const struct json_node *message = json_member(document->root, "msg");

			if (level && message && level->text && message->text &&
				strcmp(level->text, "error") == 0)
				(void)snprintf(text, JOB_TEXT, "%s", message->text);
		}
		arena_free(arena);
		line = *end ? end + 1 : end;
	}
}

static void finish(struct job *job, int wait_status)
{
	char text[JOB_TEXT] = "";
	const int status = job_exit_status(wait_status);
	const char *what = job->argv[0] ? job->argv[0] : "a child process of the shim";
	const ssize_t n = read(job->error_fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	(void)close(job->error_fd);
	loop_unset(&job->timer);
	if (job->log) {
		if (status != 0 && !text[0])
			read_log(job->log, text);
		(void)unlink(job->log);
	}
	if (job->timed_out)
		(void)snprintf(text, sizeof(text), "%s took longer than %lld ms", what,
			(long long)job->timeout_ms);
	else if (status != 0 && !text[0])
		(void)snprintf(text, sizeof(text), "%s ended with status %d", what, status);
	job->done(job, status, text);
}

bool job_reap(void)
{
	bool found = false;

	for (struct job **at = &jobs; *at;) {
		struct job *job = *at;
		int status;
		const pid_t pid = waitpid(job->pid, &status, WNOHANG);

		if (pid == 0 || (pid < 0 && errno != ECHILD)) {
			at = &job->next;
			continue;
		}
		*at = job->next;
		finish(job, pid < 0 ? 126 << 8 : status);
		found = true;
		at = &jobs; /* "done" may have started other jobs */
	}
	return found;
}

bool job_has(pid_t pid)
{
	for (const struct job *job = jobs; job; job = job->next) {
		if (job->pid == pid)
			return true;
	}
	return false;
}

bool job_registers(void)
{
	for (const struct job *job = jobs; job; job = job->next) {
		if (job->registers)
			return true;
	}
	return false;
}
