/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_LOGGER_H
#define NACRE_SHIM_LOGGER_H

#include <stdbool.h>

#include "shim/job.h"

/* Loggers take the output of a process in place of FIFOs, as in containerd: a file, file:///PATH,
 * or a program of the host, binary:///PATH?KEY=VALUE&KEY. */

bool logger_wants(const char *path);

struct logger;

/* Starts a child that copies from two pipes to URI. RET_FDS: the write ends of these pipes, for
 * stdout and stderr, and a read end that reaches end of file once the child reads. *HANDLE is the
 * logger, and NULL once it has ended. Returns 0, or -1 with TEXT. */
int logger_start(const char *uri, const char *id, const char *namespace, struct logger **handle,
	int ret_fds[static 3], char text[static JOB_TEXT]);

/* Gives the logger up. It has found the end of its input, unless another process still holds the
 * pipes: a file gets that output as well, but a program is asked to end, and later killed. Takes
 * NULL. */
void logger_leave(struct logger *logger);

/* Returns whether a program was asked to end and has not ended yet. */
bool logger_is_ending(void);

#endif
