/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/hooks.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"

#define TAIL_SIZE 400 /* of a hook's stdout and of its stderr, for the error text */

/* Keeps the end of a hook's output. None of it may reach the stdio of the container's program,
 * which nacre has as well and others read. */
struct tail {
	char text[TAIL_SIZE];
	size_t length;
	int64_t start; /* of the hook, child_now() */
	int64_t timeout;
	int64_t deadline;
	int fd; /* where the output is passed on; -1: nowhere */
};

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

/* Writes only if poll(2) reports that it will not block: the timeout holds even for a file that
 * nobody reads. */
static void forward(const struct tail *tail, const char *chunk, size_t length)
{
	struct pollfd out = {.fd = tail->fd, .events = POLLOUT};
	int r;

	if (tail->fd < 0)
		return;
	do
		r = poll(&out, 1, child_left_ms(tail->start, tail->timeout, tail->deadline));
	while (r < 0 && errno == EINTR);
	if (r == 1 && out.revents == POLLOUT)
		(void)!write(tail->fd, chunk, length);
}

static void take(void *data, const char *chunk, size_t length)
{
	struct tail *tail = data;
	size_t drop;

	forward(tail, chunk, length);
	if (length > TAIL_SIZE) {
		chunk += length - TAIL_SIZE;
		length = TAIL_SIZE;
	}
	drop = tail->length + length > TAIL_SIZE ? tail->length + length - TAIL_SIZE : 0;
	tail->length -= drop;
	memmove(tail->text, tail->text + drop, tail->length);
	memcpy(tail->text + tail->length, chunk, length);
	tail->length += length;
}

/* Makes the last line printable. */
static void last_line(const struct tail *tail, char line[static TAIL_SIZE + 1])
{
	size_t end = tail->length;
	size_t start;
	size_t used = 0;

	while (end > 0 && (tail->text[end - 1] == '\n' || tail->text[end - 1] == '\r'))
		end--;
	for (start = end; start > 0 && tail->text[start - 1] != '\n'; start--)
		;
	for (; start < end; start++) {
		unsigned char c = (unsigned char)tail->text[start];

		line[used++] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
	}
	line[used] = '\0';
}

static int judge(
	const struct tail *output, const struct tail *error, int status, struct nacre_error *err)
{
	char said[TAIL_SIZE + 1], why[TAIL_SIZE + 1], end[64];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	last_line(output, said);
	last_line(error, why);
	(void)snprintf(end, sizeof(end), "exit status %d", WEXITSTATUS(status));
	if (WIFSIGNALED(status)) {
		/* Uses runc's words. */
		(void)snprintf(end, sizeof(end), "signal: %s", strsignal(WTERMSIG(status)));
		end[8] = (char)tolower((unsigned char)end[8]);
	}
	if (!said[0])
		return fail(err, ECANCELED, "%s, stderr: \"%s\"", end, why);
	return fail(err, ECANCELED, "%s, stdout: \"%s\", stderr: \"%s\"", end, said, why);
}

static struct tail tail_of(const struct oci_hook *hook, int64_t deadline, int fd)
{
	return (struct tail){
		.start = child_now(),
		.timeout = hook->timeout.value,
		.deadline = deadline,
		.fd = fd,
	};
}

static int run_hook(const struct oci_hook *hook, const char *state_json,
	const struct oci_strings *env, const struct hook_output *to, struct nacre_error *err)
{
	const char *just_path[] = {hook->path};
	const struct oci_strings path_only = {just_path, 1};
	cleanup_free char **argv = null_terminated(hook->args.n ? &hook->args : &path_only);
	cleanup_free char **own_env = null_terminated(hook->has_env ? &hook->env : env);
	struct tail output = tail_of(hook, to->deadline, -1);
	struct tail error = tail_of(hook, to->deadline, to->stderr_fd);
	const struct child child = {
		.path = hook->path,
		.argv = argv,
		.envp = hook->has_env || env ? own_env : environ,
		.input = state_json,
		/* Gives the hook the file itself, so that processes that it leaves behind can go on
		 * writing. */
		.output_fd = to->stdout_fd,
		.output = {to->stdout_fd >= 0 ? NULL : take, &output},
		.error = {take, &error},
		.tied = to->tied,
		.timeout = hook->timeout.value,
		.deadline = to->deadline,
	};
	int status;
	int r;

	if (hook->timeout.set && hook->timeout.value <= 0)
		return fail(err, EINVAL, "timeout: %lld is not more than 0",
			(long long)hook->timeout.value);
	if (!argv || !own_env)
		return fail_errno(err, ENOMEM, "exec %s", hook->path);
	r = child_run(&child, &status, err);
	if (r < 0)
		return r;
	return judge(&output, &error, status, err);
}

int hooks_run(const char *kind, const struct oci_hook_list *hooks, const char *state_json,
	const struct oci_strings *env, const struct hook_output *output, struct nacre_error *err)
{
	for (size_t i = 0; i < hooks->n; i++)
		if (run_hook(&hooks->items[i], state_json, env, output, err) < 0)
			return fail_prefix(err, "error running %s hook #%zu", kind, i);
	return 0;
}

static int open_output(const char *path, int *ret_fd, struct nacre_error *err)
{
	cleanup_close int fd = -1;

	*ret_fd = -1;
	if (!path)
		return 0;
	/* Opens without blocking: a FIFO without a reader is an error. */
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
		return fail_errno(err, errno, "output of hooks: open %s", path);
	*ret_fd = fd_steal(&fd);
	return 0;
}

int hooks_open_output(const char *stdout_path, const char *stderr_path,
	struct hook_output *ret_output, struct nacre_error *err)
{
	struct hook_output output = {.deadline = 0};
	int r;

	r = open_output(stdout_path, &output.stdout_fd, err);
	if (r < 0)
		return r;
	r = open_output(stderr_path, &output.stderr_fd, err);
	if (r < 0) {
		fd_close(&output.stdout_fd);
		return r;
	}
	*ret_output = output;
	return 0;
}
