/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/life/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/fdpass.h"
#include "libcontainer/base/files.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define LOG_LIMIT ((size_t)64 * 1024 * 1024)

enum {
	SOCKET_FD = CRIU_FIRST_FD - 1,
	MAX_FDS = 4,
	RESPONSE_MAX = 65536, /* criu's own limit is 1 KiB */
};

void criu_run_done(struct criu_run *run)
{
	if (run->work_fd != run->images_fd)
		fd_close(&run->work_fd);
	fd_close(&run->images_fd);
	fd_close(&run->socket);
	criu_options_free(&run->options);
}

int criu_find(const char *program, char ret_path[PATH_MAX], struct nacre_error *err)
{
	const char *path = getenv("PATH");

	if (program) {
		if (program[0] != '/' || access(program, X_OK) < 0)
			return fail(err, ENOENT, "criu %s: not the absolute path of a program",
				program);
		(void)snprintf(ret_path, PATH_MAX, "%s", program);
		return 0;
	}
	if (!path || !*path)
		path = DEFAULT_PATH;
	for (const char *end; *path; path = *end ? end + 1 : end) {
		int length;

		end = path + strcspn(path, ":");
		length = snprintf(ret_path, PATH_MAX, "%.*s/criu", (int)(end - path), path);
		if (*path == '/' && length < PATH_MAX && access(ret_path, X_OK) == 0)
			return 0;
	}
	return fail(err, ENOENT,
		"criu is not installed, and without it there is no checkpoint or restore: install "
		"the package criu, or give --criu PATH");
}

int criu_socket_pair(int *ret_ours, int *ret_its, struct nacre_error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_errno(err, errno, "socket for criu");
	*ret_ours = pair[0];
	*ret_its = pair[1];
	return 0;
}

/* criu(8), swrk: criu serves one request on the socket whose number is the argument. */
static const char *const arguments[] = {"criu", "swrk", "3", NULL};
_Static_assert(SOCKET_FD == 3, "see arguments");

int criu_exec(const char *path, int socket, const int *fds, size_t n, struct nacre_error *err)
{
	int above[MAX_FDS + 1];

	if (n > MAX_FDS)
		return fail(err, E2BIG, "criu: %zu fds", n);
	/* The fds are first moved above all targets, so that no dup2(2) replaces one before its
	 * turn. */
	for (size_t i = 0; i <= n; i++) {
		above[i] = fcntl(
			i == 0 ? socket : fds[i - 1], F_DUPFD_CLOEXEC, SOCKET_FD + MAX_FDS + 1);
		if (above[i] < 0)
			return fail_errno(err, errno, "pass fds to criu");
	}
	for (size_t i = 0; i <= n; i++)
		if (dup2(above[i], SOCKET_FD + (int)i) < 0)
			return fail_errno(err, errno, "pass fds to criu");
	(void)execv(path, (char *const *)arguments);
	return fail_errno(err, errno, "exec %s", path);
}

int criu_start(const char *path, int socket, pid_t *ret_pid, struct nacre_error *err)
{
	const struct child child = {
		.path = path,
		.argv = (char *const *)arguments,
		.envp = environ,
		.fds = &socket,
		.n_fds = 1,
	};

	return child_start(&child, ret_pid, err);
}

int criu_send(int socket, enum criu_request type, const struct criu_options *options,
	struct nacre_error *err)
{
	cleanup_free unsigned char *bytes = NULL;
	size_t length;
	int r = criu_request_encode(type, options, &bytes, &length, err);

	if (r == 0) {
		r = fd_send(socket, bytes, length, NULL, 0);
		if (r < 0)
			r = fail_errno(err, r, "send to criu");
	}
	return r;
}

static int receive(
	int socket, struct criu_response *ret_response, int *ret_fd, struct nacre_error *err)
{
	cleanup_free unsigned char *bytes = malloc(RESPONSE_MAX);
	ssize_t n;

	if (!bytes)
		return fail_errno(err, ENOMEM, "response of criu");
	n = fd_receive(socket, bytes, RESPONSE_MAX, ret_fd, 1);
	if (n < 0)
		return fail_errno(err, (int)n, "receive from criu");
	if (n == 0)
		return fail(err, ECHILD, "criu ended without a word");
	return criu_response_decode(bytes, (size_t)n, ret_response, err);
}

int criu_converse(int socket, const struct criu_listener *listener, const char *until,
	struct criu_response *ret_response, struct nacre_error *err)
{
	int r;

	for (;;) {
		cleanup_close int fd = -1;

		r = receive(socket, ret_response, &fd, err);
		if (r < 0)
			return r;
		if (!ret_response->success)
			return fail(err, ret_response->error > 0 ? ret_response->error : EIO,
				"criu failed");
		if (ret_response->type != CRIU_NOTIFY)
			return 0;
		r = listener->notified ? listener->notified(listener->data, ret_response, fd, err)
				       : 0;
		if (r < 0)
			return r;
		if (until && strcmp(ret_response->script, until) == 0)
			return 1;
		r = criu_send(socket, CRIU_NOTIFY, NULL, err);
		if (r < 0)
			return r;
	}
}

/* Returns the text of an error line "(00.101457)      1: Error (criu/mount.c:753): mnt: ...". NULL:
 * the line has no relevant error. */
static const char *error_text(const char *line)
{
	const char *mark = strstr(line, "Error (");
	const char *text = mark ? strstr(mark, "): ") : NULL;

	/* Without CAP_SYS_RESOURCE criu cannot raise its own limit; it continues. */
	return text && !strstr(text, "rlimit: Can't setup") ? text + 3 : NULL;
}

int criu_explain(const struct criu_run *run, const char *name, struct nacre_error *err)
{
	const int code = err->code;
	cleanup_free char *log = NULL;
	struct nacre_error found = *err, ignored;
	char directory[PATH_MAX];
	char *rest;

	if (file_read(run->work_fd, name, LOG_LIMIT, &log, NULL, &ignored) < 0 ||
		file_path(run->work_fd, directory) < 0)
		return -code;
	rest = log;
	for (char *line; (line = strsep(&rest, "\n"));) {
		const char *text = error_text(line);

		if (text)
			return fail(err, code, "%s: %s (more in %s/%s)", found.text, text,
				directory, name);
	}
	return fail(err, code, "%s (see %s/%s)", found.text, directory, name);
}

void criu_add_mount(struct criu_options *options, const char *key, const char *value)
{
	cleanup_free char *text = NULL;

	if (asprintf(&text, "mnt[%s]:%s", key, value) < 0)
		options->failed = true;
	else
		criu_add_text(options, CRIU_EXTERNAL, text);
}
