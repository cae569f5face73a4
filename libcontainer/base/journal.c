/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/journal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/fdpass.h"
#include "libcontainer/base/files.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

int journal_open(struct nacre_error *err)
{
	/* A hanging journald must not block every container. */
	static const struct timeval wait = {.tv_sec = 1};
	cleanup_close int fd = socket_connect(AT_FDCWD, JOURNAL_SOCKET, SOCK_DGRAM);

	if (fd < 0)
		return fail_errno(err, fd, "connect to " JOURNAL_SOCKET "%s",
			fd == -ENOENT || fd == -ECONNREFUSED ? " (is systemd-journald running?)"
							     : "");
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0)
		return fail_errno(err, errno, "SO_SNDTIMEO of " JOURNAL_SOCKET);
	return fd_steal(&fd);
}

/* NAME, newline, the length as 64 bits in little endian, VALUE, newline: this form allows any
 * value. */
static void put_field(FILE *out, const struct journal_field *field)
{
	uint64_t length = htole64(strlen(field->value));

	(void)fprintf(out, "%s\n", field->name);
	(void)fwrite(&length, sizeof(length), 1, out);
	(void)fprintf(out, "%s\n", field->value);
}

static int compose(
	const struct journal_field *fields, size_t n, char **ret_message, size_t *ret_size)
{
	FILE *out = open_memstream(ret_message, ret_size);

	for (size_t i = 0; out && i < n; i++) {
		if (fields[i].value)
			put_field(out, &fields[i]);
	}
	return out && fclose(out) == 0 ? 0 : -ENOMEM;
}

/* A message that is too long for a datagram is sent as a sealed memfd. */
static int send_as_file(int journal, const char *message, size_t size, struct nacre_error *err)
{
	cleanup_close int fd = file_in_memory("journal", message, size, err);
	int r;

	if (fd < 0)
		return fd;
	r = fd_send(journal, NULL, 0, &fd, 1);
	return r < 0 ? fail_errno(err, r, "send to the journal") : 0;
}

int journal_send(int journal, const struct journal_field *fields, size_t n, struct nacre_error *err)
{
	cleanup_free char *message = NULL;
	size_t size = 0;
	int r = compose(fields, n, &message, &size);

	if (r == 0)
		r = fd_send(journal, message, size, NULL, 0);
	if (r == -EMSGSIZE || r == -ENOBUFS)
		return send_as_file(journal, message, size, err);
	return r < 0 ? fail_errno(err, r, "send to the journal") : 0;
}
