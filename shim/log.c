/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int log_fd = -1;

void log_open(void)
{
	struct stat st;

	/* Open for reading as well: one without a reader ends no writer with SIGPIPE. */
	log_fd = open("log", O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (log_fd >= 0 && (fstat(log_fd, &st) < 0 || !S_ISFIFO(st.st_mode))) {
		(void)close(log_fd);
		log_fd = -1;
	}
}

void log_warning(const char *format, ...)
{
	char text[1024], line[1200];
	va_list args;
	int n;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *at = text; *at; at++) {
		if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ')
			*at = '\'';
	}
	n = snprintf(line, sizeof(line),
		"level=warning msg=\"%s\" runtime=io.containerd.nacre.v2\n", text);
	if (log_fd >= 0 && write(log_fd, line, (size_t)n) < 0)
		return; /* there is no other place left to tell that */
}
