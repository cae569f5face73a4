/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/console.h"
#include "specs/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	/* A pty buffers at most 64 KiB plus 4 KiB of its line discipline (tty_buffer.c, n_tty.c).
	 * Output beyond this was not written before the end, but by a process that outlived it. */
	DRAIN_MAX = 128 * 1024,
	LOOK_MS = 10,
	LOOKS = 10, /* 10 s in all */
};

/* Opens a terminal or a pipe on stdio again. Its file description is shared with the shell and
 * other programs, which O_NONBLOCK would surprise; the new one is nacre's alone. What cannot be
 * opened again (a socket, a terminal of another user) stays blocking: poll(2) reports when a chunk
 * can go. */
static int open_again(int fd, int mode)
{
	char path[sizeof("/proc/self/fd/") + 12];
	struct stat st;

	/* A second description of a file would have its own offset, and files do not block. */
	if (fstat(fd, &st) < 0 || (!S_ISCHR(st.st_mode) && !S_ISFIFO(st.st_mode)))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int find_tty(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (isatty(fd))
			return fd;
	}
	return -1;
}

int console_open(struct console *console, int master, struct nacre_error *err)
{
	int flags;

	*console = (struct console){.master = master, .tty = -1, .own_in = -1, .own_out = -1};
	if (master < 0)
		return 0;
	flags = fcntl(master, F_GETFL);
	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0)
		return fail_errno(err, errno, "terminal: make the master non-blocking");
	console->tty = find_tty();
	console->own_in = open_again(STDIN_FILENO, O_RDONLY);
	console->own_out = open_again(STDOUT_FILENO, O_WRONLY);
	console->down.source = console->own_in >= 0 ? console->own_in : STDIN_FILENO;
	console->down.sink = master;
	console->up.source = master;
	console->up.sink = console->own_out >= 0 ? console->own_out : STDOUT_FILENO;
	/* Makes raw only a terminal that nacre reads from: on any other, ^C must still raise a
	 * signal. */
	console->can_raw = tcgetattr(STDIN_FILENO, &console->cooked) == 0;
	console_resize(console); /* the size may have changed since console_window */
	console_raw(console);
	return 0;
}

static void hang_up(struct console *console)
{
	if (console->master >= 0)
		(void)close(console->master);
	console->master = -1;
	console->up.source = -1;
	console->down.source = -1;
	console->up.begin = console->up.end = 0;
	console->down.begin = console->down.end = 0;
}

void console_close(struct console *console)
{
	console_cook(console);
	hang_up(console);
	if (console->own_in >= 0)
		(void)close(console->own_in);
	if (console->own_out >= 0)
		(void)close(console->own_out);
	console->own_in = -1;
	console->own_out = -1;
}

struct nacre_window console_window(void)
{
	struct nacre_window window = {.bare_newlines = !isatty(STDOUT_FILENO)};
	struct winsize size;
	int tty = find_tty();

	if (tty >= 0 && ioctl(tty, TIOCGWINSZ, &size) == 0) {
		window.rows = size.ws_row;
		window.columns = size.ws_col;
	}
	return window;
}

void console_resize(const struct console *console)
{
	struct winsize size;

	/* Ignores failures: without a window, or with a terminal that hung up, nothing changes. */
	if (console->master >= 0 && console->tty >= 0 &&
		ioctl(console->tty, TIOCGWINSZ, &size) == 0)
		(void)ioctl(console->master, TIOCSWINSZ, &size);
}

void console_raw(struct console *console)
{
	struct termios raw = console->cooked;

	if (console->master < 0 || !console->can_raw)
		return;
	cfmakeraw(&raw);
	/* Ignores a failure, when the terminal hung up: the next read reports it. */
	console->is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void console_cook(struct console *console)
{
	if (console->is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &console->cooked);
	console->is_raw = false;
}

static bool is_empty(const struct console_way *way)
{
	return way->begin == way->end;
}

static bool is_temporary(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Returns whether the program has not yet read all its input. A typed end of file counts as input
 * for poll(2), but not for FIONREAD. */
static bool has_input(int master)
{
	struct pollfd peer = {.events = POLLIN};

	peer.fd = ioctl(master, TIOCGPTPEER, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (peer.fd < 0)
		return true;
	(void)poll(&peer, 1, 0);
	(void)close(peer.fd);
	return peer.revents & POLLIN;
}

/* Passes the end of file of a pipe or a file on through the terminal, which is possible only as a
 * person does it: by typing the key for it, once per reader. The mode at the time of typing decides
 * what the key means. If the program changes the mode before it reads, it gets no end of file: a
 * line editor, which makes the terminal raw, reads NUL for one typed before, and a program that it
 * starts reads the byte itself. So the key is typed again after each change of mode, and in line
 * mode whenever the last one was consumed. After an unfinished line the key only submits the line;
 * for a line editor Enter does that. */
static void type_end_of_file(struct console *console)
{
	struct console_way *down = &console->down;
	struct termios mode;
	bool lines;

	if (tcgetattr(down->sink, &mode) < 0 || mode.c_cc[VEOF] == _POSIX_VDISABLE)
		return;
	lines = mode.c_lflag & ICANON;
	if (console->typed && lines == console->typed_lines && (!lines || has_input(down->sink)))
		return;
	down->begin = down->end = 0;
	if (!console->typed && down->last && down->last != '\n' && down->last != '\r')
		down->data[down->end++] = lines ? (char)mode.c_cc[VEOF] : '\r';
	down->data[down->end++] = (char)mode.c_cc[VEOF];
	console->typed = true;
	console->typed_lines = lines;
}

/* Returns whether bytes were read. */
static bool fill(struct console_way *way)
{
	ssize_t n = read(way->source, way->data, sizeof(way->data));

	if (n > 0) {
		way->begin = 0;
		way->end = (size_t)n;
		return true;
	}
	/* n is 0, or errno is EIO: a master without slaves, a terminal that hung up. */
	if (!is_temporary(n))
		way->source = -1;
	return false;
}

/* Returns whether the sink still takes bytes. */
static bool flush(struct console_way *way)
{
	ssize_t n = write(way->sink, way->data + way->begin, way->end - way->begin);

	if (n < 0)
		return is_temporary(n);
	way->begin += (size_t)n;
	if (n > 0)
		way->last = way->data[way->begin - 1];
	return true;
}

static struct pollfd way_event(const struct console_way *way)
{
	if (!is_empty(way))
		return (struct pollfd){.fd = way->sink, .events = POLLOUT};
	return (struct pollfd){.fd = way->source, .events = POLLIN};
}

void console_events(const struct console *console, struct pollfd polls[CONSOLE_POLLS])
{
	const struct pollfd none = {.fd = -1};

	polls[0] = console->master >= 0 ? way_event(&console->down) : none;
	polls[1] = console->master >= 0 ? way_event(&console->up) : none;
}

static void relay_down(struct console *console)
{
	struct console_way *down = &console->down;

	if (is_empty(down) && !fill(down))
		return;
	/* No process has the container's terminal open any more. */
	if (!flush(down)) {
		down->source = -1;
		down->begin = down->end = 0;
	}
}

static void relay_up(struct console *console)
{
	struct console_way *up = &console->up;

	if (is_empty(up) && !fill(up))
		return;
	console->looks = 0;
	/* Nobody reads nacre's output: to the container that is a terminal whose window was
	 * closed. */
	if (!flush(up))
		hang_up(console);
}

static bool is_at_end(const struct console *console)
{
	return console->master >= 0 && console->down.source < 0 && is_empty(&console->down);
}

/* Polls: no event reports that a program changes the mode of its terminal, or reads. After each
 * output nacre looks a few times, at growing intervals. */
int console_timeout(const struct console *console)
{
	return is_at_end(console) && console->looks < LOOKS ? LOOK_MS << console->looks : -1;
}

void console_relay(struct console *console, const struct pollfd polls[CONSOLE_POLLS])
{
	if (polls[0].revents)
		relay_down(console);
	if (polls[1].revents && console->master >= 0)
		relay_up(console);
	if (is_at_end(console)) {
		if (console->looks < LOOKS && !polls[0].revents && !polls[1].revents)
			console->looks++;
		type_end_of_file(console);
	}
}

void console_drain(struct console *console, int interrupt)
{
	struct console_way *up = &console->up;
	size_t total = 0;

	while (console->master >= 0) {
		struct pollfd polls[] = {
			{.fd = up->sink, .events = POLLOUT},
			{.fd = interrupt, .events = POLLIN},
		};

		/* Reads all that is left: the master does not block, and a read first fetches bytes
		 * under way. */
		if (is_empty(up) && (up->source < 0 || total > DRAIN_MAX || !fill(up)))
			return;
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			return;
		if (!polls[0].revents && polls[1].revents)
			return;
		total += up->end - up->begin;
		if (polls[0].revents && !flush(up))
			return;
	}
}
