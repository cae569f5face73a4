/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_COMPANION_H
#define NACRE_COMPANION_H

#include <stdbool.h>
#include <stddef.h>

#include "specs/error.h"

/*
 * nacre's own small programs: what needs a library that cannot be linked statically, and is wanted
 * by few configs. They lie in libexecdir/nacre, or, for a build that is not installed, in the
 * directory that the environment variable NACRE_LIBEXECDIR names.
 *
 * A companion gets its work as arguments, fds and a text on stdin, and answers on stdout. It fails
 * with an errno value as its exit status and one error text on stderr, without its own name and in
 * the form of specs/error.h. If it succeeds, its stderr is not looked at.
 */
struct companion {
	const char *name; /* of the program */
	const char *const *arguments; /* without argv[0], NULL-terminated; NULL: none */
	const char *input; /* on stdin; NULL: nothing */
	const int *fds; /* its fds 3, 4, ...: at most CHILD_MAX_FDS (child.h); it gets no other */
	size_t n_fds;
	unsigned timeout; /* seconds; then it is killed */
};

/* Whether the program NAME is installed. */
bool companion_installed(const char *name);

/* Runs it, with the caller's environment. RET_OUTPUT: its stdout, at most 64 KiB, heap, the
 * caller's to free; NULL if it is not wanted. -ENOENT: the program is not installed. */
int companion_run(const struct companion *companion, char **ret_output, struct nacre_error *err);

/* One that goes on beside the command, see child_detach: without an environment, and with its fds
 * under the numbers that they have in the caller. It says "ready" on stdout when it is at work, or
 * an error text and ends. */
struct companion_detached {
	const char *name;
	const char *input;
	const int *fds;
	size_t n_fds;
	int netns_fd; /* the network namespace that it is in; -1: the caller's */
	int cgroup_fd; /* the cgroup that it is born in; -1: as above */
};

/* Starts it, and returns when it has said that. */
int companion_detach(const struct companion_detached *companion, struct nacre_error *err);

#endif
