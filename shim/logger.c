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
	char *file;
};

bool logger_wants(const char *path)
{
	return path[0] != '\0' && path[0] != '/';
}

/* In the child: from both pipes to the file. A disk that is full loses lines and stops nobody. */
static int copy_all(struct job *job, char text[static JOB_TEXT])
{
	const struct logger *logger = (const struct logger *)job;
	struct pollfd ends[2] = {
		{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = STDERR_FILENO, .events = POLLIN}};
	char buffer[4096];
	int file;

	file = open(logger->file,
		O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0644);
	if (file < 0) {
		(void)snprintf(text, JOB_TEXT, "open %s: %s", logger->file, strerror(errno));
		return -1;
	}
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
			else if (write(file, buffer, (size_t)n) < 0)
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
	free(logger->file);
	free(logger);
}

/* The directories of a file that is not there are made, as by containerd's shim. */
static void make_directories(char *path)
{
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(path, 0755);
		*at = '/';
	}
}

int logger_start(char *const paths[static 3], const char *id, const char *namespace,
	int ret_fds[static 2], char text[static JOB_TEXT])
{
	struct logger *logger = NULL;
	int out[2] = {-1, -1}, error[2] = {-1, -1};

	(void)id;
	(void)namespace;
	if (strncmp(paths[1], file_scheme, strlen(file_scheme)) != 0) {
		(void)snprintf(text, JOB_TEXT, "%s: expected a FIFO or file://PATH", paths[1]);
		return -1;
	}
	logger = calloc(1, sizeof(*logger));
	if (logger)
		logger->file = strdup(paths[1] + strlen(file_scheme));
	if (!logger || !logger->file || pipe2(out, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0) {
		(void)snprintf(text, JOB_TEXT, "%s: %s", paths[1], strerror(errno));
		free(logger ? logger->file : NULL);
		free(logger);
		return -1;
	}
	make_directories(logger->file);
	logger->job = (struct job){
		.fds = {out[0], -1, error[0]}, .before = copy_all, .done = logger_done};
	job_start(&logger->job);
	(void)close(out[0]);
	(void)close(error[0]);
	ret_fds[0] = out[1];
	ret_fds[1] = error[1];
	return 0;
}
