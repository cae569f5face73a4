/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LOG_H
#define NACRE_LOG_H

#include "libcontainer/container.h"

/*
 * Where errors, warnings and debug lines go. Engines read the file of --log: containerd takes the
 * last JSON object of level "error" for the reason of a failure, so there is one, and it is the
 * last line. People read stderr: the error is there in any case, the rest only if no file takes it.
 */
enum log_level {
	LOG_ERROR,
	LOG_WARNING,
	LOG_INFO,
	LOG_DEBUG,
};

struct log {
	int fd; /* the file; -1: stderr */
	bool json;
	bool alone; /* an error does not go to stderr as well; set by the caller */
	enum log_level level;
};

/* FILE may be NULL, LEVEL too. FORMAT: "text" (or NULL) or "json". */
int log_open(struct log *log, const char *file, const char *format, const char *level,
	struct nacre_error *err);
void log_close(struct log *log);

/* One write(2) a line; a line longer than the buffer is cut. */
void log_line(const struct log *log, enum log_level level, const char *text);

/* Writes to stderr, as it is, what is none of these lines. */
void log_text(const char *text);

/* For struct nacre_options; DATA is the struct log. */
void log_warn(void *data, const char *text);
void log_debug(void *data, const char *text);

#endif
