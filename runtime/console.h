/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CONSOLE_H
#define NACRE_CONSOLE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "libcontainer/container.h"

enum {
	CONSOLE_POLLS = 2, /* one a way */
	CONSOLE_CHUNK = 4096,
};

/* Bytes on their way: the source is read when the buffer is empty, the sink is written when it is
 * not. */
struct console_way {
	int source; /* -1: at its end */
	int sink;
	size_t begin;
	size_t end;
	char last; /* the byte sent last, 0: none */
	char data[CONSOLE_CHUNK];
};

/*
 * The container's terminal joined to the caller's stdin and stdout. A terminal on stdin is raw
 * meanwhile: the line discipline that counts is the one of the container's terminal.
 */
struct console {
	int master; /* -1: no console; all calls then do nothing */
	int tty; /* the caller's terminal, to take the size of; -1: none */
	int own_in; /* descriptions of our own, so that non-blocking mode does not reach the shell's
		     */
	int own_out;
	bool is_raw;
	bool can_raw; /* stdin is a terminal */
	struct termios cooked;
	bool typed; /* an end of file, after that of stdin */
	bool typed_lines; /* while the terminal was in line mode */
	unsigned looks; /* since the last output, for who needs one */
	struct console_way down; /* stdin to master */
	struct console_way up; /* master to stdout */
};

/* Takes the fd MASTER, also on failure. */
int console_open(struct console *console, int master, struct nacre_error *err);
void console_close(struct console *console);

/* The events that console_relay() waits for, and what it does then, or when console_timeout() is
 * over. */
void console_events(const struct console *console, struct pollfd polls[CONSOLE_POLLS]);
void console_relay(struct console *console, const struct pollfd polls[CONSOLE_POLLS]);

/* How long to wait for these events, in milliseconds; -1: for ever. */
int console_timeout(const struct console *console);

/* After the process ended: what it had written. If stdout takes no more, it gives up when the fd
 * INTERRUPT is readable. */
void console_drain(struct console *console, int interrupt);

/* What the caller's terminal is like, if there is one: for nacre_run and nacre_exec, so that the
 * program never sees another. */
struct nacre_window console_window(void);

/* The caller's window size becomes the container's. */
void console_resize(const struct console *console);

/* Around a stop of the runtime by job control. */
void console_cook(struct console *console);
void console_raw(struct console *console);

#endif
