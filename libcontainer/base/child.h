/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CHILD_H
#define NACRE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "specs/error.h"

/* A program of the host that is run and waited for: a hook (hooks.h), or one of nacre's own
 * (companion.h); and a process of nacre's own that is not waited for. */

#define CHILD_MAX_FDS 4

/* Gets what the program writes, a chunk at a time. */
struct child_output {
	void (*take)(void *data, const char *chunk, size_t length);
	void *data;
};

struct child {
	const char *path;
	char *const *argv;
	char *const *envp;
	const char *input; /* its stdin, of any length; it need not read it */
	const int *fds; /* its fds 3, 4, ...: at most CHILD_MAX_FDS */
	size_t n_fds;
	struct child_output output; /* its stdout; without a function: */
	int output_fd; /* its stdout; not above 0: /dev/null */
	struct child_output error; /* its stderr; always with a function */
	bool tied; /* child_run: this process's end is that of its process group, too */
	int64_t timeout; /* seconds; 0: none */
	int64_t deadline; /* whichever comes first: child_now(); 0: none */
};

/* Runs it in a process group of its own, with no other fd and none of the caller's stdio, no signal
 * blocked or ignored. Returns 0 once it has ended, with its wait(2) status; a process that it left
 * behind is not waited for. -ETIMEDOUT: it was killed with its process group. Any other error: it
 * never ran, -errno of execve(2) among them. */
int child_run(const struct child *child, int *ret_status, struct nacre_error *err);

/* A process of nacre's own that goes on beside the command: a child of nobody, so that no caller
 * has to wait for it; in a session of its own, in /, with no signal of a terminal to end it (all
 * are blocked), and with no fd but those in KEEP (-1 is skipped). */
struct child_detached {
	const char *name; /* in ps(1), at most 15 characters */
	const int *keep;
	size_t n_keep;
	void (*run)(void *data); /* when it returns, the process ends */
	void *data;
	int cgroup_fd; /* that it is born in; -1: the caller's */
};

/* Starts it. Returns 0 or -errno. */
int child_detach(const struct child_detached *detached);

/* Starts PATH with its arguments, environment and fds alone: its stdio is the caller's, as is the
 * wait for it. In a process group of its own, too. */
int child_start(const struct child *child, pid_t *ret_pid, struct nacre_error *err);

/* clock_gettime(2), monotonic. The wait that poll(2) is given for what is left of TIMEOUT seconds
 * from START, or until DEADLINE if that comes first: rounded up, -1 if there is no end. */
int64_t child_now(void);
int child_left_ms(int64_t start, int64_t timeout, int64_t deadline);

/* fork(2) with all signals blocked in the child, where no handler of the caller may run. Returns as
 * fork, but -errno. */
pid_t child_fork_blocked(void);

#endif
