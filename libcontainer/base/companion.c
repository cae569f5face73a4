/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/companion.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"

#define OUTPUT_LIMIT 65536
#define MAX_ARGUMENTS 64
#define LOADER_FAILED 127 /* exit status of ld.so(8) without a library, and of shells */

struct text {
	char *bytes;
	size_t size, length;
	bool cut;
};

static void take(void *data, const char *chunk, size_t length)
{
	struct text *text = data;
	size_t room = text->size - 1 - text->length;

	text->cut = text->cut || length > room;
	if (length > room)
		length = room;
	memcpy(text->bytes + text->length, chunk, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

/* Only an absolute path counts: a relative one would depend on the bundle, the caller's working
 * directory. */
static int find_program(const char *name, char path[PATH_MAX], struct nacre_error *err)
{
	const char *directory = secure_getenv("NACRE_LIBEXECDIR");
	int length;

	if (!directory || !*directory)
		directory = NACRE_LIBEXECDIR;
	if (directory[0] != '/')
		return fail(err, EINVAL, "NACRE_LIBEXECDIR=%s: not an absolute path", directory);
	length = snprintf(path, PATH_MAX, "%s/%s", directory, name);
	if (length >= PATH_MAX)
		return fail_errno(err, ENAMETOOLONG, "NACRE_LIBEXECDIR");
	return 0;
}

bool companion_installed(const char *name)
{
	struct nacre_error ignored;
	char path[PATH_MAX];

	return find_program(name, path, &ignored) == 0 && access(path, X_OK) == 0;
}

static int missing(const char *path, const char *name, struct nacre_error *err)
{
	return fail(err, ENOENT,
		"%s is missing in %.*s: install it with nacre, or set NACRE_LIBEXECDIR to where it "
		"is",
		name, (int)(strrchr(path, '/') - path), path);
}

/* Reduces the text to one printable line. */
static void tidy(struct text *text)
{
	while (text->length > 0 && text->bytes[text->length - 1] == '\n')
		text->bytes[--text->length] = '\0';
	for (char *c = text->bytes; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
}

static int judge(
	const struct companion *companion, int status, struct text *error, struct nacre_error *err)
{
	int code = WEXITSTATUS(status);

	if (WIFSIGNALED(status))
		return fail(err, ECANCELED, "%s: killed by signal %d (%s)", companion->name,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (code == 0)
		return 0;
	tidy(error);
	if (code == LOADER_FAILED)
		return fail(err, ELIBACC, "%s", error->bytes);
	if (!*error->bytes)
		return fail(err, code, "%s: exit status %d", companion->name, code);
	return fail(err, code, "%s", error->bytes);
}

static int run(const struct companion *companion, const char *path, struct text *output,
	struct nacre_error *err)
{
	char error_bytes[sizeof(err->text)];
	struct text error = {error_bytes, sizeof(error_bytes), 0, false};
	char *argv[MAX_ARGUMENTS + 2] = {(char *)companion->name};
	const struct child child = {
		.path = path,
		.argv = argv,
		.envp = environ,
		.input = companion->input ? companion->input : "",
		.fds = companion->fds,
		.n_fds = companion->n_fds,
		.output = {take, output},
		.error = {take, &error},
		.tied = true,
		.timeout = companion->timeout,
	};
	int status, r;

	for (size_t i = 0; companion->arguments && companion->arguments[i]; i++) {
		if (i == MAX_ARGUMENTS)
			return fail(err, E2BIG, "%s: more than %d arguments", companion->name,
				MAX_ARGUMENTS);
		argv[i + 1] = (char *)companion->arguments[i];
	}
	error_bytes[0] = '\0';
	r = child_run(&child, &status, err);
	if (r == -ENOENT)
		return missing(path, companion->name, err);
	if (r < 0)
		return fail_prefix(err, "%s", companion->name);
	r = judge(companion, status, &error, err);
	if (r == 0 && output->cut)
		return fail(err, EFBIG, "%s: answers with more than %d bytes", companion->name,
			OUTPUT_LIMIT);
	return r;
}

int companion_run(const struct companion *companion, char **ret_output, struct nacre_error *err)
{
	cleanup_free char *bytes = malloc(OUTPUT_LIMIT + 1);
	struct text output = {bytes, OUTPUT_LIMIT + 1, 0, false};
	char path[PATH_MAX];
	int r;

	if (!bytes)
		return fail_errno(err, ENOMEM, "%s", companion->name);
	bytes[0] = '\0';
	r = find_program(companion->name, path, err);
	if (r >= 0)
		r = run(companion, path, &output, err);
	if (r < 0)
		return r;
	if (ret_output)
		*ret_output = steal_ptr(bytes);
	return 0;
}

/* The arguments of the process that becomes a detached companion. */
struct detaching {
	const struct companion_detached *companion;
	const char *path;
	int input;
	int output;
};

static bool keep_open(int fd)
{
	const int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC) == 0;
}

/* Runs in the detached process, whose stdio is closed. The dynamic linker writes its errors to
 * stderr. */
static void become_companion(void *data)
{
	static char *const nothing[] = {NULL};
	const struct detaching *detaching = data;
	const struct companion_detached *companion = detaching->companion;
	char *const argv[] = {(char *)companion->name, NULL};
	bool done = dup2(detaching->input, STDIN_FILENO) >= 0 &&
		    dup2(detaching->output, STDOUT_FILENO) >= 0 &&
		    dup2(detaching->output, STDERR_FILENO) >= 0;

	for (size_t i = 0; done && i < companion->n_fds; i++)
		done = keep_open(companion->fds[i]);
	if (done && companion->netns_fd >= 0)
		done = setns(companion->netns_fd, CLONE_NEWNET) == 0;
	if (done)
		(void)execve(detaching->path, argv, nothing);
	(void)dprintf(detaching->output, "start %s: %s", detaching->path, strerror(errno));
}

static int await_ready(int fd, const char *name, struct nacre_error *err)
{
	char bytes[sizeof(err->text)];
	struct text text = {bytes, sizeof(bytes), 0, false};
	char chunk[256];
	ssize_t n;

	bytes[0] = '\0';
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			return fail_errno(err, errno, "%s", name);
		if (n > 0)
			take(&text, chunk, (size_t)n);
	}
	if (!strcmp(bytes, "ready"))
		return 0;
	tidy(&text);
	return *bytes ? fail(err, ECANCELED, "%s", bytes)
		      : fail(err, ECHILD, "%s ended before it began", name);
}

int companion_detach(const struct companion_detached *companion, struct nacre_error *err)
{
	const size_t n = companion->n_fds;
	cleanup_free int *keep = calloc(n + 3, sizeof(*keep));
	cleanup_close int input = -1, ready = -1, output = -1;
	struct detaching detaching = {.companion = companion};
	const struct child_detached detached = {
		companion->name, keep, n + 3, become_companion, &detaching, companion->cgroup_fd};
	char path[PATH_MAX];
	int ends[2], r;

	r = find_program(companion->name, path, err);
	if (r < 0 || (input = file_in_memory(
			      "input", companion->input, strlen(companion->input), err)) < 0)
		return r < 0 ? r : input;
	if (access(path, X_OK) < 0)
		return missing(path, companion->name, err);
	if (!keep || pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, keep ? errno : ENOMEM, "start %s", companion->name);
	ready = ends[0];
	output = ends[1];
	detaching.path = path;
	detaching.input = input;
	detaching.output = output;
	if (n)
		memcpy(keep, companion->fds, n * sizeof(*keep));
	keep[n] = companion->netns_fd;
	keep[n + 1] = input;
	keep[n + 2] = output;
	r = child_detach(&detached);
	fd_close(&output);
	return r < 0 ? fail_errno(err, r, "start %s", companion->name)
		     : await_ready(ready, companion->name, err);
}
