/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_JOB_H
#define NACRE_SHIM_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/loop.h"

/*
 * A child of the shim that does what may wait or fork: it runs a command of nacre, mounts, or
 * copies output, while the shim's loop goes on. Its end is reported once, by "done".
 */

#define JOB_MAX_ARGS 32
#define JOB_TEXT 1024

struct job {
	const char *argv[JOB_MAX_ARGS]; /* of the program, the first its path; NULL: no program */
	int fds[3]; /* its stdio; negative: /dev/null */
	bool more; /* these become its fds 3, 4 and 5: */
	int more_fds[3];
	int after_fd; /* the job begins at the end of file of this fd; 0: at once */
	const char *directory; /* its working directory; NULL: the shim's */
	const char *log; /* the program's log file, removed at its end; NULL: none */
	int64_t timeout_ms; /* 0: none */
	bool registers; /* it makes a process for the shim to reap: no orphan is reaped meanwhile */
	/* Runs in the child before the program; NULL: nothing does. On failure TEXT is the
	 * reason. */
	int (*before)(struct job *job, char text[static JOB_TEXT]);
	/* ERROR: the last error of the program or the child; "" if STATUS is 0. */
	void (*done)(struct job *job, int status, const char *error);
	void *data;

	/* private to job.c */
	pid_t pid;
	int error_fd;
	bool timed_out;
	struct timer timer;
	struct job *next;
};

/* Raises the soft limit of open files to the hard one, for the FIFOs of many containers. Jobs, and
 * so the containers, get the original limit. */
void job_raise_files(void);

/* Starts it. Everything that JOB points to must stay until "done", which may free the job. Returns
 * whether it was started; if not, "done" was called. */
bool job_start(struct job *job);

/* Handles the jobs that have ended. Returns whether there was one. */
bool job_reap(void);

/* Returns whether PID is a job. */
bool job_has(pid_t pid);

/* Returns whether a job with "registers" is running. */
bool job_registers(void);

/* Converts a status of wait(2) as a shell does: the exit status, or 128 plus the signal. */
int job_exit_status(int wait_status);

#endif
