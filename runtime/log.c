/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "specs/error.h"

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

enum line_kind {
	LINE_PLAIN, /* nacre: TEXT */
	LINE_TEXT, /* time="..." level=error msg="TEXT" */
	LINE_JSON, /* {"level":"error","msg":"TEXT","time":"..."} */
};

struct line {
	size_t n;
	char text[8192];
};

enum {
	LINE_END = 64, /* room for what follows the text: quotes, the time, a newline */
};

int log_open(struct log *log, const char *file, const char *format, const char *level,
	struct nacre_error *err)
{
	log->fd = -1;
	log->json = format && strcmp(format, "json") == 0;
	log->level = LOG_WARNING;
	for (int i = LOG_ERROR; level && i <= LOG_DEBUG; i++) {
		if (strcmp(level, level_names[i]) == 0)
			log->level = (enum log_level)i;
	}
	if (!file)
		return 0;
	log->fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
	if (log->fd < 0)
		return fail_errno(err, errno, "--log: open %s", file);
	return 0;
}

void log_close(struct log *log)
{
	if (log->fd >= 0)
		(void)close(log->fd);
	log->fd = -1;
}

static void add(struct line *line, const char *text)
{
	size_t n = strlen(text);

	if (n < sizeof(line->text) - line->n) {
		memcpy(line->text + line->n, text, n);
		line->n += n;
	}
}

/* Returns the length of the well-formed UTF-8 sequence that TEXT begins with; 0: none. */
static size_t utf8_sequence(const unsigned char *text)
{
	static const struct {
		unsigned char first, last, second_min, second_max, n;
	} forms[] = {
		/* clang-format off: Unicode standard, table 3-7 */
		{0x20, 0x7e, 0x00, 0x00, 1},
		{0xc2, 0xc2, 0xa0, 0xbf, 2}, /* without the control characters C1 */
		{0xc3, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (text[0] < forms[i].first || text[0] > forms[i].last)
			continue;
		for (size_t at = 1; at < forms[i].n; at++) {
			unsigned char min = at == 1 ? forms[i].second_min : 0x80;
			unsigned char max = at == 1 ? forms[i].second_max : 0xbf;

			if (text[at] < min || text[at] > max)
				return 0;
		}
		return forms[i].n;
	}
	return 0;
}

/* Escapes the text: a name in it may come from a container, and no byte of it may act on a terminal
 * or end the quotes. */
static void add_text(struct line *line, enum line_kind kind, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at && line->n < sizeof(line->text) - LINE_END) {
		size_t n = utf8_sequence(at);
		char piece[8];

		if (n == 1 && kind != LINE_PLAIN && (*at == '"' || *at == '\\'))
			snprintf(piece, sizeof(piece), "\\%c", *at);
		else if (n > 0)
			snprintf(piece, sizeof(piece), "%.*s", (int)n, (const char *)at);
		else if (*at == '\n')
			snprintf(piece, sizeof(piece), "\\n");
		else if (kind != LINE_JSON)
			snprintf(piece, sizeof(piece), "\\x%02x", *at);
		else
			snprintf(piece, sizeof(piece), "\\u%04x", *at < 0x80 ? *at : 0xfffd);
		add(line, piece);
		at += n > 0 ? n : 1;
	}
}

static void add_time(struct line *line)
{
	struct timespec now = {0};
	struct tm day = {0};
	char date[32] = "";
	char text[64];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &day);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &day);
	snprintf(text, sizeof(text), "%s.%06ldZ", date, now.tv_nsec / 1000);
	add(line, text);
}

/* Ignores failures: there is no other place to report them. */
static void write_whole(int fd, const char *text, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t n = write(fd, text + done, length - done);

		if (n < 0 && errno != EINTR)
			return;
		done += n > 0 ? (size_t)n : 0;
	}
}

static void write_line(int fd, enum line_kind kind, enum log_level level, const char *text)
{
	struct line line = {0};

	switch (kind) {
	case LINE_PLAIN:
		add(&line, "nacre: ");
		if (level != LOG_ERROR) {
			add(&line, level_names[level]);
			add(&line, ": ");
		}
		add_text(&line, kind, text);
		break;
	case LINE_TEXT:
		add(&line, "time=\"");
		add_time(&line);
		add(&line, "\" level=");
		add(&line, level_names[level]);
		add(&line, " msg=\"");
		add_text(&line, kind, text);
		add(&line, "\"");
		break;
	case LINE_JSON:
		add(&line, "{\"level\":\"");
		add(&line, level_names[level]);
		add(&line, "\",\"msg\":\"");
		add_text(&line, kind, text);
		add(&line, "\",\"time\":\"");
		add_time(&line);
		add(&line, "\"}");
		break;
	}
	add(&line, "\n");
	write_whole(fd, line.text, line.n);
}

void log_line(const struct log *log, enum log_level level, const char *text)
{
	if (level > log->level)
		return;
	if (log->fd >= 0)
		write_line(log->fd, log->json ? LINE_JSON : LINE_TEXT, level, text);
	if (log->fd < 0)
		write_line(STDERR_FILENO, log->json ? LINE_JSON : LINE_PLAIN, level, text);
	else if (level == LOG_ERROR && !log->alone)
		write_line(STDERR_FILENO, LINE_PLAIN, level, text);
}

void log_text(const char *text)
{
	write_whole(STDERR_FILENO, text, strlen(text));
}

void log_warn(void *data, const char *text)
{
	log_line(data, LOG_WARNING, text);
}

void log_debug(void *data, const char *text)
{
	log_line(data, LOG_DEBUG, text);
}
