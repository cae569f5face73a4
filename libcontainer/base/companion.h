/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_COMPANION_H
#define NACRE_COMPANION_H

#include <stdbool.h>
#include <stddef.h>

#include "specs/error.h"

/*
 * Companions are nacre's own small programs: they need libraries that cannot be linked statically,
 * and few configs use them. They are in libexecdir/nacre, or, for a build that is not installed, in
 * the directory that the environment variable NACRE_LIBEXECDIR names.
 *
 * A companion gets its work as arguments, fds and a text on stdin, and answers on stdout. On
 * failure its exit status is an errno, and it writes one error text to stderr, without its own name
 * and in the form of specs/error.h. On success its stderr is ignored.
 */
struct companion {
	const char *name; /* file name of the program */
	const char *const *arguments; /* without argv[0], NULL-terminated; NULL: none */
	const char *input; /* on stdin; NULL: nothing */
	const int *fds; /* its fds 3, 4, ...: at most CHILD_MAX_FDS (child.h); it inherits no others
			 */
	size_t n_fds;
	unsigned timeout; /* seconds; after that it is killed */
};

/* Whether the program NAME is installed. */
bool companion_installed(const char *name);

/* Runs the companion with the caller's environment. RET_OUTPUT: its stdout, at most 64 KiB, heap,
 * which the caller frees; NULL: not wanted. -ENOENT: the program is not installed. */
int companion_run(const struct companion *companion, char **ret_output, struct nacre_error *err);

/* A companion that continues after the command, see child_detach: it has no environment, and its
 * fds have the same numbers as in the caller. It writes "ready" to stdout when it works; otherwise
 * it writes an error text and ends. */
struct companion_detached {
	const char *name;
	const char *input;
	const int *fds;
	size_t n_fds;
	int netns_fd; /* network namespace of the companion; -1: the caller's */
	int cgroup_fd; /* cgroup that it is created in; -1: the caller's */
};

/* Starts it, and returns after its "ready" or its error. */
int companion_detach(const struct companion_detached *companion, struct nacre_error *err);

#endif
