/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_JOB_H
#define NACRE_SHIM_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/loop.h"

/*
 * A child of the shim that does what may wait or fork: a command of nacre, a mount, the copying of
 * output. The loop goes on. Its end is told once.
 */

#define JOB_MAX_ARGS 32
#define JOB_TEXT 1024

struct job {
	const char *argv[JOB_MAX_ARGS]; /* of the program, the first its path; NULL: none */
	int fds[3]; /* its stdio; below 0: /dev/null */
	bool more; /* these are its fds 3, 4 and 5 as well: */
	int more_fds[3];
	int after_fd; /* it begins once this is at its end; 0: none */
	const char *directory; /* that it works in; NULL: the shim's */
	const char *log; /* the file that the program writes its log to, and that goes with it;
			  * NULL: none */
	int64_t timeout_ms; /* 0: none */
	bool registers; /* its end tells of a process that the shim is to reap: until then no
			 * orphan is */
	/* In the child, before the program; NULL: nothing. TEXT says what failed. */
	int (*before)(struct job *job, char text[static JOB_TEXT]);
	/* ERROR: what the program or the child said last; "" if STATUS is 0. */
	void (*done)(struct job *job, int status, const char *error);
	void *data;

	/* the job's own */
	pid_t pid;
	int error_fd;
	bool timed_out;
	struct timer timer;
	struct job *next;
};

/* Raises the soft limit of open files to the hard one, for the FIFOs of many containers. Jobs, and
 * so the containers, have the one that was found. */
void job_raise_files(void);

/* Starts it. Everything that JOB points to stays until "done", which may free the job, and which is
 * called before this returns if nothing could be started. */
void job_start(struct job *job);

/* Sees to the jobs that have ended. Returns whether there was one. */
bool job_reap(void);

/* Whether PID is that of a job. */
bool job_has(pid_t pid);

/* Whether one of them registers a process. */
bool job_registers(void);

/* A status of wait(2) as a shell tells it: the exit status, or 128 and the signal. */
int job_exit_status(int wait_status);

#endif
