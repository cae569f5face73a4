/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LOG_H
#define NACRE_LOG_H

#include "libcontainer/container.h"

/*
 * The destination of errors, warnings and debug lines. Engines read the file of --log: containerd
 * takes the last JSON object of level "error" for the reason of a failure, so there is exactly one
 * error, and it is the last line. People read stderr: it always gets the error, and the rest only
 * without a log file.
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
	bool alone; /* an error goes only to the file, not to stderr as well; set by the caller */
	enum log_level level;
};

/* FILE and LEVEL may be NULL. FORMAT: "text" (or NULL) or "json". */
int log_open(struct log *log, const char *file, const char *format, const char *level,
	struct nacre_error *err);
void log_close(struct log *log);

/* Writes each line with one write(2). A line longer than the buffer is cut. */
void log_line(const struct log *log, enum log_level level, const char *text);

/* Writes TEXT to stderr, unchanged. */
void log_text(const char *text);

/* The callbacks of struct nacre_options; DATA is the struct log. */
void log_warn(void *data, const char *text);
void log_debug(void *data, const char *text);

#endif
