/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/typed_file.h"

static int log_fd = -1;

void log_open(void)
{
	const int found = typed_file_find("log", S_IFIFO);

	/* Opens it for reading as well: a write to a FIFO without a reader raises SIGPIPE. */
	if (found < 0)
		return;
	log_fd = typed_file_open(found, O_RDWR | O_NONBLOCK);
	(void)close(found);
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
		return; /* there is no other place to report it */
}
