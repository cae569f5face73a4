/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_DENIALS_H
#define NACRE_DENIALS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "specs/error.h"

/*
 * Counts how often system calls of a container were refused, per call and rule. The counts are in
 * the file "denials" of its state directory; tracers (tracer.c) write it and `explain` reads it.
 * Each count is a line of fixed length; after the last one the file has zeros or ends. The tracers
 * of a container and of its later execs, and `explain`, may be of different versions: the form of a
 * line does not change.
 *
 * Each tracer holds a lock (fcntl(2), POSIX record locks) as long as it lives. Tracers are found by
 * that lock: a pid in a file could belong to another process by now.
 */

#define DENIALS_MAX 64

struct denial_count {
	uint64_t count;
	int rule; /* seccomp_rule_number; -1: not in the table of rules */
	int error; /* errno that the caller got */
	char call[40]; /* name of the system call; "others", with error 0: see denials_others */
	char grant[64]; /* grant that would allow it; "": none */
};

#define DENIALS_FILE "denials"

/* Opens the file. MAKE: creates it if it is missing, and allocates space for all counts. */
int denials_open(int state_fd, bool make, struct nacre_error *err);

/* Takes the lock, which all tracers share, until this process ends or closes any fd of the file.
 * Returns 0 or -errno. */
int denials_hold(int fd);

/* Returns the pid of one holder of the lock, as this pid namespace sees it; 0: none. Returns -errno
 * if the kernel does not report it. */
pid_t denials_holder(int fd);

/* Counts every refusal that has no line of its own, because none was left or none could be written.
 */
extern const struct denial_count denials_others;

/* Adds MORE's count. Returns 0, or -errno if nothing was counted. */
int denials_add(int fd, const struct denial_count *more);

/* Returns the number of counts; 0 without a file. */
int denials_read(
	int state_fd, struct denial_count ret_counts[DENIALS_MAX], struct nacre_error *err);

#endif
