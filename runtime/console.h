/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CONSOLE_H
#define NACRE_CONSOLE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "libcontainer/container.h"

enum {
	CONSOLE_POLLS = 2, /* one per direction */
	CONSOLE_CHUNK = 4096,
};

/* One direction of the bytes: the source is read when the buffer is empty, the sink is written when
 * it is not. */
struct console_way {
	int source; /* -1: at its end */
	int sink;
	size_t begin;
	size_t end;
	char last; /* the byte sent last, 0: none */
	char data[CONSOLE_CHUNK];
};

/*
 * Connects the container's terminal with the caller's stdin and stdout. A terminal on stdin is raw
 * meanwhile, so that only the line discipline of the container's terminal acts.
 */
struct console {
	int master; /* -1: no console; all calls then do nothing */
	int tty; /* the caller's terminal, which gives the size; -1: none */
	int own_in; /* descriptions of nacre's own: O_NONBLOCK must not reach the shell */
	int own_out;
	bool is_raw;
	bool can_raw; /* stdin is a terminal */
	struct termios cooked;
	bool typed; /* an end of file was typed after that of stdin */
	bool typed_lines; /* while the terminal was in line mode */
	unsigned looks; /* since the last output: see console_timeout */
	struct console_way down; /* stdin to master */
	struct console_way up; /* master to stdout */
};

/* Takes the fd MASTER, also on failure. */
int console_open(struct console *console, int master, struct nacre_error *err);
void console_close(struct console *console);

/* The events that console_relay() waits for, and what handles them. It is also called when
 * console_timeout() is over. */
void console_events(const struct console *console, struct pollfd polls[CONSOLE_POLLS]);
void console_relay(struct console *console, const struct pollfd polls[CONSOLE_POLLS]);

/* Returns how long to wait for these events, in milliseconds; -1: for ever. */
int console_timeout(const struct console *console);

/* Copies the remaining output after the process has ended. If stdout takes no more, it gives up
 * when the fd INTERRUPT is readable. */
void console_drain(struct console *console, int interrupt);

/* Returns the size and mode of the caller's terminal, if it has one. nacre_run and nacre_exec set
 * them before the program starts, so that it never sees others. */
struct nacre_window console_window(void);

/* Gives the container's terminal the caller's window size. */
void console_resize(const struct console *console);

/* Restore the terminal's mode and set it raw again, around a stop of nacre by job control. */
void console_cook(struct console *console);
void console_raw(struct console *console);

#endif
