/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/logger.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/log.h"
#include "shim/typed_file.h"

static const char file_scheme[] = "file://";
static const char binary_scheme[] = "binary://";

struct logger {
	struct job job; /* the first member */
	char *words; /* of a program, one after the other */
	const char *id, *namespace;
};

bool logger_wants(const char *path)
{
	return path[0] != '\0' && path[0] != '/';
}

/* In the child, whose stdout is the file: from both pipes. A disk that is full loses lines and
 * stops nobody. */
static int copy_all(struct job *job, char text[static JOB_TEXT])
{
	struct pollfd ends[2] = {
		{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = STDERR_FILENO, .events = POLLIN}};
	char buffer[4096];

	(void)job;
	(void)text;
	while (ends[0].fd >= 0 || ends[1].fd >= 0) {
		if (poll(ends, 2, -1) < 0)
			continue;
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (ends[i].fd < 0 || ends[i].revents == 0)
				continue;
			n = read(ends[i].fd, buffer, sizeof(buffer));
			if (n <= 0)
				ends[i].fd = -1;
			else if (write(STDOUT_FILENO, buffer, (size_t)n) < 0)
				continue;
		}
	}
	return 0;
}

static void logger_done(struct job *job, int status, const char *error)
{
	struct logger *logger = (struct logger *)job;

	if (status != 0)
		log_warning("a logger: %s", error);
	free(logger->words);
	free(logger);
}

/* The file, and the directories that are not there, as by containerd's shim. Opened here, so that a
 * creation fails where it cannot be: nothing that could act on being opened is written to. */
static int open_file(const char *path, char text[static JOB_TEXT])
{
	char *copy = strdup(path);
	int found, fd;

	for (char *at = copy ? strchr(copy + 1, '/') : NULL; at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(copy, 0755);
		*at = '/';
	}
	free(copy);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
	if (fd >= 0)
		return fd;
	if (errno != EEXIST) {
		(void)snprintf(text, JOB_TEXT, "the log %.800s: %s", path, strerror(errno));
		return -1;
	}
	found = typed_file_find(path, S_IFREG);
	fd = found < 0 ? found : typed_file_open(found, O_WRONLY | O_APPEND);
	if (found >= 0)
		(void)close(found);
	if (fd >= 0)
		return fd;
	(void)snprintf(text, JOB_TEXT, "the log %.800s: %s", path,
		found == -ENXIO ? "it is no file" : strerror(-fd));
	return -1;
}

/* --- a program: fds 3 and 4 are the container's output, 5 it closes once it reads them --- */

static int set_environment(struct job *job, char text[static JOB_TEXT])
{
	const struct logger *logger = (const struct logger *)job;

	if (setenv("CONTAINER_ID", logger->id, 1) == 0 &&
		setenv("CONTAINER_NAMESPACE", logger->namespace, 1) == 0)
		return 0;
	(void)snprintf(text, JOB_TEXT, "a logger: out of memory");
	return -1;
}

/* binary:///PATH?KEY=VALUE&KEY: the path, and then KEY VALUE KEY as its arguments, %XX as the byte.
 */
static int read_words(struct logger *logger, const char *path, char text[static JOB_TEXT])
{
	char *to = logger->words = strdup(path);
	size_t n = 0;

	logger->job.argv[n++] = to;
	for (const char *at = path; to && *at; at++) {
		unsigned byte;

		if (*at == '%' && sscanf(at, "%%%2x", &byte) == 1 && byte > 0 && at[1] && at[2]) {
			*to++ = (char)byte;
			at += 2;
		} else if (strchr(n == 1 ? "?" : "&=", *at)) {
			*to++ = '\0';
			if (n == JOB_MAX_ARGS - 1)
				break;
			logger->job.argv[n++] = to;
		} else {
			*to++ = *at == '+' && n > 1 ? ' ' : *at;
		}
	}
	if (to && path[0] == '/' && n < JOB_MAX_ARGS - 1) {
		*to = '\0';
		return 0;
	}
	(void)snprintf(
		text, JOB_TEXT, "the logger %.800s: expected a path and few arguments", path);
	return -1;
}

/* FDS: the ends that the logger reads. Returns 0, or -1 with TEXT. */
static int prepare(struct logger *logger, const char *uri, const int fds[static 2], int *ret_file,
	char text[static JOB_TEXT])
{
	if (strncmp(uri, file_scheme, strlen(file_scheme)) == 0) {
		*ret_file = open_file(uri + strlen(file_scheme), text);
		logger->job.fds[0] = fds[0];
		logger->job.fds[1] = *ret_file;
		logger->job.fds[2] = fds[1];
		logger->job.before = copy_all;
		return *ret_file < 0 ? -1 : 0;
	}
	if (strncmp(uri, binary_scheme, strlen(binary_scheme)) == 0) {
		logger->job.more = true;
		logger->job.more_fds[0] = fds[0];
		logger->job.more_fds[1] = fds[1];
		logger->job.more_fds[2] = -1;
		logger->job.before = set_environment;
		return read_words(logger, uri + strlen(binary_scheme), text);
	}
	(void)snprintf(
		text, JOB_TEXT, "%.900s: expected a FIFO, file://PATH or binary://PATH", uri);
	return -1;
}

int logger_start(const char *uri, const char *id, const char *namespace, int ret_fds[static 2],
	char text[static JOB_TEXT])
{
	struct logger *logger = calloc(1, sizeof(*logger));
	int out[2] = {-1, -1}, error[2] = {-1, -1}, file = -1, r = -1;

	if (!logger || pipe2(out, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0) {
		(void)snprintf(text, JOB_TEXT, "%.900s: %s", uri, strerror(errno));
	} else {
		logger->job.fds[0] = logger->job.fds[1] = logger->job.fds[2] = -1;
		logger->job.done = logger_done;
		logger->id = id;
		logger->namespace = namespace;
		r = prepare(logger, uri, (const int[]){out[0], error[0]}, &file, text);
	}
	if (r == 0) {
		job_start(&logger->job);
		ret_fds[0] = out[1];
		ret_fds[1] = error[1];
		out[1] = error[1] = -1;
	} else if (logger) {
		free(logger->words);
		free(logger);
	}
	for (int i = 0; i < 2; i++) {
		if (out[i] >= 0)
			(void)close(out[i]);
		if (error[i] >= 0)
			(void)close(error[i]);
	}
	if (file >= 0)
		(void)close(file);
	return r;
}
