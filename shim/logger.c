/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/logger.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/log.h"
#include "shim/logger_uri.h"
#include "shim/loop.h"
#include "shim/typed_file.h"

/* Limits how long a logger program may take to end after SIGTERM. */
#define END_MS 10000

struct logger {
	struct job job;
	struct logger_uri uri;
	const char *id, *namespace;
	struct logger **handle; /* NULL: nobody refers to it any more */
	struct timer end;
};

static unsigned n_ending;

bool logger_wants(const char *path)
{
	return path[0] != '\0' && path[0] != '/';
}

/* Drops what cannot be written: a full disk loses lines and stops nobody. */
static void write_all(const char *bytes, size_t n)
{
	while (n > 0) {
		const ssize_t written = write(STDOUT_FILENO, bytes, n);

		if (written <= 0)
			return;
		bytes += written;
		n -= (size_t)written;
	}
}

/* Copies from both pipes, in the child, to stdout, which is the file. */
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
			else
				write_all(buffer, (size_t)n);
		}
	}
	return 0;
}

static void logger_done(struct job *job, int status, const char *error)
{
	struct logger *logger = (struct logger *)job;

	if (status != 0)
		log_warning("logger: %s", error);
	n_ending -= logger->end.due != NULL;
	loop_unset(&logger->end);
	if (logger->handle)
		*logger->handle = NULL;
	logger_uri_free(&logger->uri);
	free(logger);
}

/* Opens the file, and makes missing directories as containerd's shim does. It is opened before the
 * child starts, so that a failure fails the creation. Only a regular file is opened: to open
 * anything else could act on a device. */
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
		(void)snprintf(text, JOB_TEXT, "open the log %.800s: %s", path, strerror(errno));
		return -1;
	}
	found = typed_file_find(path, S_IFREG);
	fd = found < 0 ? found : typed_file_open(found, O_WRONLY | O_APPEND);
	if (found >= 0)
		(void)close(found);
	if (fd >= 0)
		return fd;
	(void)snprintf(text, JOB_TEXT, "open the log %.800s: %s", path,
		found == -ENXIO ? "it is not a regular file" : strerror(-fd));
	return -1;
}

/* --- a program: fds 3 and 4 are the container's output; it closes fd 5 once it reads them --- */

static int set_environment(struct job *job, char text[static JOB_TEXT])
{
	const struct logger *logger = (const struct logger *)job;

	if (setenv("CONTAINER_ID", logger->id, 1) == 0 &&
		setenv("CONTAINER_NAMESPACE", logger->namespace, 1) == 0)
		return 0;
	(void)snprintf(text, JOB_TEXT, "logger: out of memory");
	return -1;
}

/* Checks the program now, so that a wrong one is reported before the container is made. */
static int prepare_program(
	struct logger *logger, const int fds[static 3], char text[static JOB_TEXT])
{
	struct stat st;
	const char *path = logger->uri.words[0];

	_Static_assert(sizeof(logger->uri.words) <= sizeof(logger->job.argv), "all words fit");
	memcpy(logger->job.argv, logger->uri.words, sizeof(logger->uri.words));
	logger->job.more = true;
	memcpy(logger->job.more_fds, fds, sizeof(logger->job.more_fds));
	logger->job.before = set_environment;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		errno = EACCES;
	else if (access(path, X_OK) == 0)
		return 0;
	(void)snprintf(text, JOB_TEXT, "start the logger %.800s: %s", path, strerror(errno));
	return -1;
}

/* FDS: the logger's ends of the pipes: its two inputs, and the one that it closes. Returns 0, or -1
 * with TEXT. */
static int prepare(struct logger *logger, const char *uri, const int fds[static 3], int *ret_file,
	char text[static JOB_TEXT])
{
	const int r = logger_uri_read(uri, &logger->uri);

	if (r < 0) {
		(void)snprintf(text, JOB_TEXT,
			"%.800s: expected a FIFO, file:///PATH or binary:///PATH?KEY=VALUE: %s",
			uri, strerror(-r));
		return -1;
	}
	if (logger->uri.program)
		return prepare_program(logger, fds, text);
	*ret_file = open_file(logger->uri.words[0], text);
	logger->job.fds[0] = fds[0];
	logger->job.fds[1] = *ret_file;
	logger->job.fds[2] = fds[1];
	logger->job.before = copy_all;
	return *ret_file < 0 ? -1 : 0;
}

/* Makes three pipes: RET_OWN are the ends of the logger, RET_OTHERS the ends of the container and
 * the shim. */
static int open_pipes(int ret_own[static 3], int ret_others[static 3])
{
	for (int i = 0; i < 3; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return -errno;
		ret_own[i] = ends[i == 2];
		ret_others[i] = ends[i != 2];
	}
	return 0;
}

static void close_all(const int *fds, int n)
{
	for (int i = 0; i < n; i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]);
	}
}

int logger_start(const char *uri, const char *id, const char *namespace, struct logger **handle,
	int ret_fds[static 3], char text[static JOB_TEXT])
{
	struct logger *logger = calloc(1, sizeof(*logger));
	int own[3] = {-1, -1, -1}, others[3] = {-1, -1, -1}, file = -1;
	int r = logger ? open_pipes(own, others) : -ENOMEM;

	if (r < 0) {
		(void)snprintf(text, JOB_TEXT, "%.900s: %s", uri, strerror(-r));
	} else {
		logger->job.fds[0] = logger->job.fds[1] = logger->job.fds[2] = -1;
		logger->job.done = logger_done;
		logger->id = id;
		logger->namespace = namespace;
		r = prepare(logger, uri, own, &file, text);
	}
	if (r == 0) {
		logger->handle = handle;
		*handle = logger;
		memcpy(ret_fds, others, sizeof(others));
		(void)job_start(&logger->job);
	} else {
		if (logger)
			logger_uri_free(&logger->uri);
		free(logger);
		close_all(others, 3);
	}
	close_all(own, 3);
	close_all(&file, 1);
	return r < 0 ? -1 : 0;
}

static void end_due(struct timer *timer)
{
	const struct logger *logger = (const void *)((char *)timer - offsetof(struct logger, end));

	(void)kill(logger->job.pid, SIGKILL);
}

void logger_leave(struct logger *logger)
{
	if (!logger)
		return;
	*logger->handle = NULL;
	logger->handle = NULL;
	if (!logger->uri.program)
		return;
	(void)kill(logger->job.pid, SIGTERM);
	logger->end.due = end_due;
	n_ending++;
	loop_set(&logger->end, END_MS);
}

bool logger_is_ending(void)
{
	return n_ending > 0;
}
