/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_BENCH_FLOOR_H
#define NACRE_TESTS_BENCH_FLOOR_H

#include <sys/types.h>

/*
 * The least that any runtime must do to run /bin/true under the config of `nacre spec`, written as
 * straight system calls with constants: no config, no state, no error handling but dying. What a
 * runtime takes longer is its own.
 */

/* Runs once. ROOTFS: a folder with bin/true. CGROUP_FD: a cgroup2 folder in which one may be made.
 * Returns the exit status of /bin/true. Dies with a message if anything fails. */
int floor_run(const char *rootfs, int cgroup_fd);

enum {
	FLOOR_NAME = 32, /* bytes of a cgroup's name */
};

/* Starts the program of ARGS in the same way and leaves it to the caller. Returns its pid, its
 * pidfd, and the name of its cgroup below CGROUP_FD. */
pid_t floor_start(const char *rootfs, int cgroup_fd, char *const args[], char ret_name[FLOOR_NAME],
	int *ret_pidfd);

#endif
