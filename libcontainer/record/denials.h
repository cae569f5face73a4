/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_DENIALS_H
#define NACRE_DENIALS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "specs/error.h"

/*
 * How often a container's system calls were refused, by call and rule: the file "denials" in its
 * state directory, written by the tracers (tracer.c) and read by `explain`. A line of fixed length
 * for each, behind the last zeros or nothing. The tracer of a container may be of another version
 * than that of a later exec, and than `explain`: the form of a line does not change.
 *
 * Each tracer holds a lock (fcntl(2), POSIX record locks) for as long as it lives: it is found by
 * that, and no pid can be taken for it that another process has by now.
 */

#define DENIALS_MAX 64

struct denial_count {
	uint64_t count;
	int rule; /* seccomp_rule_number; -1: no row */
	int error; /* what the caller got */
	char call[40]; /* "others", with error 0: see denials_others */
	char grant[64]; /* that would allow it; "": none */
};

#define DENIALS_FILE "denials"

/* Opens the file; MAKE: if it is not there, makes it, and makes room for all counts. */
int denials_open(int state_fd, bool make, struct nacre_error *err);

/* Holds it, with every other tracer, until this process ends or closes any fd of the file. Returns
 * 0 or -errno. */
int denials_hold(int fd);

/* One of the processes that hold it, as this pid namespace sees it; 0: none. Returns -errno if that
 * cannot be told. */
pid_t denials_holder(int fd);

/* What no line of its own was left for, or none could be written for. */
extern const struct denial_count denials_others;

/* Counts MORE's count more. Returns 0, or -errno and has counted nothing. */
int denials_add(int fd, const struct denial_count *more);

/* Returns how many there are; 0 if there is no file. */
int denials_read(
	int state_fd, struct denial_count ret_counts[DENIALS_MAX], struct nacre_error *err);

#endif
