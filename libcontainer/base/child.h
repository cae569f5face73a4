/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CHILD_H
#define NACRE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "specs/error.h"

/* Runs programs of the host and waits for them: hooks (hooks.h) and nacre's own programs
 * (companion.h); and starts processes of nacre's own that are not waited for. */

#define CHILD_MAX_FDS 4

/* Takes what the program writes, one chunk per call. */
struct child_output {
	void (*take)(void *data, const char *chunk, size_t length);
	void *data;
};

struct child {
	const char *path;
	char *const *argv;
	char *const *envp;
	const char *input; /* stdin, of any length; the program need not read it */
	const int *fds; /* fds 3, 4, ... of the program: at most CHILD_MAX_FDS */
	size_t n_fds;
	struct child_output output; /* takes stdout; without a function OUTPUT_FD does */
	int output_fd; /* stdout; 0 or less: /dev/null */
	struct child_output error; /* takes stderr; must have a function */
	bool tied; /* child_run: the program's process group is killed when this process ends */
	int64_t timeout; /* seconds; 0: none */
	int64_t deadline; /* time of child_now(); the earlier of both counts; 0: none */
};

/* Runs the program in a process group of its own, with no other fd and none of the caller's stdio,
 * no signal blocked or ignored. Returns 0 and its wait(2) status once it has ended; processes that
 * it leaves behind are not waited for. -ETIMEDOUT: it was killed with its process group. Any other
 * error, such as an errno of execve(2): it never ran. */
int child_run(const struct child *child, int *ret_status, struct nacre_error *err);

/* A process of nacre's own that continues after the command. It has no parent that must wait for
 * it, a session of its own, / as working directory, all signals blocked, so that no signal of a
 * terminal ends it, and no fds except those in KEEP (-1 is skipped). */
struct child_detached {
	const char *name; /* name in ps(1), at most 15 characters */
	const int *keep;
	size_t n_keep;
	void (*run)(void *data); /* when it returns, the process ends */
	void *data;
	int cgroup_fd; /* cgroup that it is created in; -1: the caller's */
};

/* Starts it. Returns 0 or -errno. */
int child_detach(const struct child_detached *detached);

/* Starts PATH in a process group of its own and uses only its arguments, environment and fds: the
 * program inherits the caller's stdio, and the caller waits for it. */
int child_start(const struct child *child, pid_t *ret_pid, struct nacre_error *err);

/* child_now returns clock_gettime(2), CLOCK_MONOTONIC, in nanoseconds. child_left_ms returns a
 * timeout for poll(2): the time that is left of TIMEOUT seconds from START, or until DEADLINE if
 * that is earlier, rounded up; -1: no limit. */
int64_t child_now(void);
int child_left_ms(int64_t start, int64_t timeout, int64_t deadline);

/* fork(2) with all signals blocked in the child, so that no handler of the caller runs there.
 * Returns -errno on failure. */
pid_t child_fork_blocked(void);

#endif
