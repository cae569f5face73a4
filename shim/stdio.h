/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_STDIO_H
#define NACRE_SHIM_STDIO_H

#include <stdbool.h>

#include "shim/job.h"
#include "shim/pump.h"

/*
 * The stdio of a container's process. The process has its FIFOs itself: the shim copies nothing,
 * but holds each of them open, so that the process outlives its reader, and finds no end of its
 * input before the input is closed. The shim copies to and from a terminal with pumps. A child
 * copies to a file: a process that had the file itself could change what is in it.
 */
struct stdio {
	/* As containerd gave them: a FIFO, file:///PATH, binary:///PATH?KEY=VALUE; "": none. */
	char *paths[3];
	bool terminal;
	bool input_closed; /* perhaps before it was open */
	int found[3]; /* FIFOs, not opened yet; -1: none, as for all fds below */
	int held[3];
	int given[3]; /* for the process */
	struct logger *logger; /* NULL: none, or it has ended */
	int ready_fd; /* reaches end of file once the logger reads */
	char *console; /* path of the socket to which nacre sends the terminal's master */
	int console_fd;
	int master_fd;
	struct pump *input, *output;
};

/* Initializes IO: no paths, no open fds. */
void stdio_clear(struct stdio *io);

/* Copies the paths. Returns 0 or -ENOMEM. */
int stdio_init(
	struct stdio *io, bool terminal, const char *input, const char *output, const char *error);

/* Finds the FIFOs and opens everything else. A logger gets ID, which is the exec's own for an exec,
 * and NAMESPACE. Returns 0, or -1 with TEXT. */
int stdio_open(struct stdio *io, const char *bundle, const char *id, const char *namespace,
	char text[static JOB_TEXT]);

/* Opens the FIFOs that were found. One for output is opened only if another process has it open for
 * reading, or if ANYWAY: a client opens it while its call runs, and the output of a process that
 * ends before would be lost. Returns 1, 0 if one is still to be opened, or -1 with TEXT. */
int stdio_open_fifos(struct stdio *io, bool anyway, char text[static JOB_TEXT]);

/* Closes the fds that the command has which makes the process: before its program runs, for which
 * see close_aside. */
void stdio_given(struct stdio *io);

/* Receives the terminal's master, and closes what was only for the command. */
int stdio_begun(struct stdio *io, char text[static JOB_TEXT]);

/* Closes the process's input. */
void stdio_close_input(struct stdio *io);

/* Returns 0 or -errno; -ENOTTY: it has no terminal. */
int stdio_resize(struct stdio *io, unsigned short rows, unsigned short columns);

/* Releases everything when the process has ended: readers find the end of its output once no other
 * process writes to it. */
void stdio_ended(struct stdio *io);

/* Returns whether there is output that its reader has not taken yet. */
bool stdio_has_output(const struct stdio *io);

void stdio_free(struct stdio *io);

#endif
