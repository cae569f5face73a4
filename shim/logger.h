/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_LOGGER_H
#define NACRE_SHIM_LOGGER_H

#include <stdbool.h>

#include "shim/job.h"

/* What takes the output of a process in place of FIFOs: a file, file:///PATH, or a program of the
 * host, binary:///PATH?KEY=VALUE&KEY, as containerd has them. */

bool logger_wants(const char *path);

/* Starts a child that copies from two pipes, whose other ends are RET_FDS, for stdout and stderr.
 * PATHS: of stdin, stdout and stderr; the second counts, as with containerd's own shim the two are
 * the same. Returns 0, or -1 with TEXT. */
int logger_start(char *const paths[static 3], const char *id, const char *namespace,
	int ret_fds[static 2], char text[static JOB_TEXT]);

#endif
