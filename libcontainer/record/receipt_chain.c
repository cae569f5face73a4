/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/receipt_chain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/file_lock.h"
#include "libcontainer/base/files.h"
#include "libcontainer/record/receipt_file.h"

enum {
	LINE_MAX_BYTES = 512, /* number, digest and a name of at most NAME_MAX */
	LOCK_WAIT_S = 60, /* a slow token may sign */
};

static int open_file(const char *key_id, struct nacre_error *err)
{
	char path[PATH_MAX];
	cleanup_close int dir_fd = -1;
	cleanup_close int fd = -1;
	struct stat st;
	int r;

	r = receipt_file_place(
		"/var/lib/nacre", "XDG_STATE_HOME", ".local/state", "receipts", path, err);
	if (r < 0)
		return r;
	(void)file_make_parents(path, 0755); /* a failure of these makes open(2) fail */
	(void)mkdir(path, 0700);
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0 || fstat(dir_fd, &st) < 0)
		return fail_errno(err, errno, "the record of receipts %s", path);
	if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(err, EPERM,
			"the record of receipts %s: it must belong to the caller, and no other "
			"user "
			"may write to it",
			path);
	fd = openat(dir_fd, key_id, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(err, errno, "the record of receipts %s/%s", path, key_id);
	/* A new file needs its name after a crash as it needs its lines: its numbers would begin
	 * again. */
	if (fstat(fd, &st) < 0 || (st.st_size == 0 && fsync(dir_fd) < 0))
		return fail_errno(err, errno, "the record of receipts %s/%s", path, key_id);
	return fd_steal(&fd);
}

static int lock_file(int fd, struct nacre_error *err)
{
	int r = file_lock_wait(fd, LOCK_WAIT_S);

	if (r == -ETIMEDOUT)
		return fail(err, ETIMEDOUT,
			"the record of receipts is held by another command for more than %d s",
			LOCK_WAIT_S);
	return r < 0 ? fail_errno(err, r, "lock the record of receipts") : 0;
}

static int take_line(const char *line, struct receipt_log *log)
{
	char *end;

	errno = 0;
	log->sequence = strtoull(line, &end, 10);
	if (errno || *line < '1' || *line > '9' || *end != ' ' ||
		strspn(end + 1, "0123456789abcdef") != sizeof(log->last) - 1)
		return -EINVAL;
	memcpy(log->last, end + 1, sizeof(log->last) - 1);
	return 0;
}

/* An incomplete last line belongs to a receipt that nobody has got. */
static int read_last(struct receipt_log *log, struct nacre_error *err)
{
	char text[2 * LINE_MAX_BYTES + 1], *newline;
	struct stat st;
	off_t from;
	int n;

	if (fstat(log->fd, &st) < 0)
		return fail_errno(err, errno, "read the record of receipts");
	from = st.st_size > 2 * LINE_MAX_BYTES ? st.st_size - 2 * LINE_MAX_BYTES : 0;
	n = file_read_at(log->fd, text, sizeof(text) - 1, from);
	if (n < 0)
		return fail_errno(err, n, "read the record of receipts");
	text[n] = '\0';
	newline = memrchr(text, '\n', (size_t)n);
	if (newline ? newline + 1 != text + n : n > 0) {
		if ((!newline && from > 0) ||
			ftruncate(log->fd, from + (newline ? newline + 1 - text : 0)) < 0)
			return fail(err, EINVAL, "the record of receipts is damaged");
	}
	if (!newline)
		return 0;
	*newline = '\0';
	newline = strrchr(text, '\n');
	return take_line(newline ? newline + 1 : text, log) < 0
		       ? fail(err, EINVAL, "the record of receipts is damaged: its last line")
		       : 0;
}

int receipt_chain_open(const char *key_id, struct receipt_log *ret_log, struct nacre_error *err)
{
	struct receipt_log log = {.fd = open_file(key_id, err)};
	int r = log.fd < 0 ? log.fd : lock_file(log.fd, err);

	if (r == 0)
		r = read_last(&log, err);
	if (r < 0) {
		fd_close(&log.fd);
		return r;
	}
	*ret_log = log;
	return 0;
}

int receipt_chain_has(const struct receipt_log *log, const char *digest, struct nacre_error *err)
{
	struct stat st;
	void *bytes;
	bool has;

	if (fstat(log->fd, &st) < 0)
		return fail_errno(err, errno, "read the record of receipts");
	if (st.st_size == 0)
		return 0;
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, log->fd, 0);
	if (bytes == MAP_FAILED)
		return fail_errno(err, errno, "read the record of receipts");
	has = memmem(bytes, (size_t)st.st_size, digest, strlen(digest)) != NULL;
	(void)munmap(bytes, (size_t)st.st_size);
	return has;
}

int receipt_chain_add(
	struct receipt_log *log, const char *digest, const char *id, struct nacre_error *err)
{
	char line[LINE_MAX_BYTES];
	const int length = snprintf(
		line, sizeof(line), "%" PRIu64 " %s %s\n", log->sequence + 1, digest, id);
	struct stat st;
	int r;

	if (fstat(log->fd, &st) < 0)
		return fail_errno(err, errno, "write the record of receipts");
	r = file_write_all(log->fd, line, (size_t)length);
	if (r == 0 && fdatasync(log->fd) < 0)
		r = -errno;
	if (r < 0) {
		(void)!ftruncate(log->fd, st.st_size);
		return fail_errno(err, r, "write the record of receipts");
	}
	log->sequence++;
	memcpy(log->last, digest, sizeof(log->last));
	return 0;
}
