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

static const char file_scheme[] = "file://";

struct logger {
	struct job job; /* the first member */
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
	free(logger);
}

/* The file, and the directories that are not there, as by containerd's shim. Opened here, so that a
 * creation fails where it cannot be: nothing that could act on being opened is written to. */
static int open_file(const char *path, char text[static JOB_TEXT])
{
	char *copy = strdup(path);
	struct stat st;
	int fd;

	for (char *at = copy ? strchr(copy + 1, '/') : NULL; at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(copy, 0755);
		*at = '/';
	}
	free(copy);
	fd = open(path,
		O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
		0644);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	(void)snprintf(text, JOB_TEXT, "the log %.800s: %s", path,
		fd < 0 ? strerror(errno) : "it is no file");
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

int logger_start(char *const paths[static 3], const char *id, const char *namespace,
	int ret_fds[static 2], char text[static JOB_TEXT])
{
	struct logger *logger = NULL;
	int out[2] = {-1, -1}, error[2] = {-1, -1}, file;

	(void)id;
	(void)namespace;
	if (strncmp(paths[1], file_scheme, strlen(file_scheme)) != 0) {
		(void)snprintf(text, JOB_TEXT, "%.900s: expected a FIFO or file://PATH", paths[1]);
		return -1;
	}
	file = open_file(paths[1] + strlen(file_scheme), text);
	if (file < 0)
		return -1;
	logger = calloc(1, sizeof(*logger));
	if (!logger || pipe2(out, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0) {
		(void)snprintf(text, JOB_TEXT, "%.900s: %s", paths[1], strerror(errno));
		(void)close(file);
		free(logger);
		return -1;
	}
	logger->job = (struct job){
		.fds = {out[0], file, error[0]}, .before = copy_all, .done = logger_done};
	job_start(&logger->job);
	(void)close(file);
	(void)close(out[0]);
	(void)close(error[0]);
	ret_fds[0] = out[1];
	ret_fds[1] = error[1];
	return 0;
}
