/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_LOGGER_H
#define NACRE_SHIM_LOGGER_H

#include <stdbool.h>

#include "shim/job.h"

/* What takes the output of a process in place of FIFOs: a file, file:///PATH, or a program of the
 * host, binary:///PATH?KEY=VALUE&KEY, as containerd has them. */

bool logger_wants(const char *path);

struct logger;

/* Starts a child that copies from two pipes to URI. RET_FDS: the other ends of these, for stdout
 * and stderr, and one that is at its end once the child reads them. *HANDLE is the logger, and NULL
 * once it has ended. Returns 0, or -1 with TEXT. */
int logger_start(const char *uri, const char *id, const char *namespace, struct logger **handle,
	int ret_fds[static 3], char text[static JOB_TEXT]);

/* Nobody waits for it any more. It has found the end of what it reads, unless a process that goes
 * on has its pipes: a file gets that output as well, a program is asked to end, and then made to.
 * Takes NULL. */
void logger_leave(struct logger *logger);

/* Whether a program has been asked to end and has not. */
bool logger_is_ending(void);

#endif
