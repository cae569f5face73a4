/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_STDIO_H
#define NACRE_SHIM_STDIO_H

#include <stdbool.h>

#include "shim/job.h"
#include "shim/pump.h"

/*
 * The stdio of a process of a container. Its FIFOs are the process's own: the shim copies nothing,
 * but holds each of them open, so that the process outlives its reader, and finds no end of its
 * input before that is closed. A terminal is copied by pumps; a file is copied to by a child, as a
 * process that had the file itself could change what is in it.
 */
struct stdio {
	/* As containerd gave them: a FIFO, file:///PATH, binary:///PATH?KEY=VALUE, or "": none. */
	char *paths[3];
	bool terminal;
	int found[3]; /* a FIFO that has not been opened; -1: none, as all that follow */
	int held[3];
	int given[3]; /* to the process */
	struct logger *logger; /* NULL: none, or it has ended */
	int ready_fd; /* at its end once the logger reads */
	char *console; /* the socket that nacre sends the terminal's master to */
	int console_fd;
	int master_fd;
	struct pump *input, *output;
};

/* Nothing is open, nothing is named. */
void stdio_clear(struct stdio *io);

/* Copies the paths. Returns 0 or -ENOMEM. */
int stdio_init(
	struct stdio *io, bool terminal, const char *input, const char *output, const char *error);

/* Finds the FIFOs and opens the others. ID, of an exec its own, and NAMESPACE are told to a logger.
 * Returns 0 or -1 with TEXT. */
int stdio_open(struct stdio *io, const char *bundle, const char *id, const char *namespace,
	char text[static JOB_TEXT]);

/* Opens the FIFOs that were found, those for output once somebody else has them open to read, or
 * ANYWAY: a client opens them beside its call, and what a process has written that ends before that
 * would be lost. Returns 1, 0 if one is still to be opened, or -1 with TEXT. */
int stdio_open_fifos(struct stdio *io, bool anyway, char text[static JOB_TEXT]);

/* The process has them: closes what was for it, and takes the terminal. */
int stdio_begun(struct stdio *io, char text[static JOB_TEXT]);

/* No more input. */
void stdio_close_input(struct stdio *io);

/* -ENOTTY: it has no terminal. */
int stdio_resize(struct stdio *io, unsigned short rows, unsigned short columns);

/* The process has ended: readers find the end of its output once nobody else writes to it. */
void stdio_ended(struct stdio *io);

/* Whether there is output that its reader has not taken yet. */
bool stdio_has_output(const struct stdio *io);

void stdio_free(struct stdio *io);

#endif
