/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_LOGGER_H
#define NACRE_SHIM_LOGGER_H

#include <stdbool.h>

#include "shim/job.h"

/* What takes the output of a process in place of FIFOs: a file, file:///PATH, or a program of the
 * host, binary:///PATH?KEY=VALUE&KEY, as containerd has them. */

bool logger_wants(const char *path);

/* Starts a child that copies from two pipes, whose other ends are RET_FDS, for stdout and stderr,
 * to URI. Returns 0, or -1 with TEXT. */
int logger_start(const char *uri, const char *id, const char *namespace, int ret_fds[static 2],
	char text[static JOB_TEXT]);

#endif
