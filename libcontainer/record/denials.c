/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/denials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"

enum {
	LINE = 144, /* with its newline */
	HELD = 0, /* byte that each tracer locks; CHANGED: locked to read or change lines */
	CHANGED = 1,
};

const struct denial_count denials_others = {.rule = -1, .call = "others"};

/* Allocates space for all lines, so that no later write fails with ENOSPC. */
static int make_room(int fd)
{
	int r;

	do
		r = posix_fallocate(fd, 0, (off_t)DENIALS_MAX * LINE);
	while (r == EINTR);
	return -r;
}

int denials_open(int state_fd, bool make, struct nacre_error *err)
{
	cleanup_close int fd = openat(state_fd, DENIALS_FILE,
		O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (make ? O_CREAT : 0),
		0600);
	int r;

	if (fd < 0)
		return fail_errno(err, errno, "open \"" DENIALS_FILE "\" of the state");
	r = make ? make_room(fd) : 0;
	if (r < 0)
		return fail_errno(err, r, "make room in \"" DENIALS_FILE "\" of the state");
	return fd_steal(&fd);
}

static struct flock lock_of(short type, off_t byte)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
}

int denials_hold(int fd)
{
	struct flock lock = lock_of(F_RDLCK, HELD);

	return fcntl(fd, F_SETLK, &lock) < 0 ? -errno : 0;
}

pid_t denials_holder(int fd)
{
	struct flock lock = lock_of(F_WRLCK, HELD);

	if (fcntl(fd, F_GETLK, &lock) < 0)
		return -errno;
	return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

/* Waits for readers and writers of lines. */
static int lock_lines(int fd, short type)
{
	struct flock lock = lock_of(type, CHANGED);
	int r;

	do
		r = fcntl(fd, F_SETLKW, &lock);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* Reads line AT. Returns 1, 0 if there is none, or -errno. */
static int read_line(int fd, int at, struct denial_count *ret_count)
{
	char text[LINE];
	unsigned long long count;
	int r = file_read_at(fd, text, LINE, (off_t)at * LINE);

	if (r <= 0)
		return r;
	if (!text[0]) /* allocated and not written yet */
		return 0;
	text[LINE - 1] = '\0';
	if (r != LINE || sscanf(text, "%llu %d %d %39s %63s", &count, &ret_count->rule,
				 &ret_count->error, ret_count->call, ret_count->grant) != 5)
		return -EBADMSG;
	if (!strcmp(ret_count->grant, "-"))
		ret_count->grant[0] = '\0';
	ret_count->count = count;
	return 1;
}

static int write_line(int fd, int at, const struct denial_count *count)
{
	char text[LINE + 1];

	(void)snprintf(text, sizeof(text), "%20llu %5d %5d %-39s %-70s\n",
		(unsigned long long)count->count, count->rule, count->error, count->call,
		*count->grant ? count->grant : "-");
	return file_write_at(fd, text, LINE, (off_t)at * LINE);
}

/* Finds the line of this call and rule, or the first free one. Returns its number or -errno. */
static int find_line(int fd, const struct denial_count *wanted, struct denial_count *ret_count)
{
	for (int at = 0; at < DENIALS_MAX; at++) {
		int r = read_line(fd, at, ret_count);

		if (r < 0)
			return r;
		if (r == 0) {
			*ret_count = at < DENIALS_MAX - 1 ? *wanted : denials_others;
			ret_count->count = 0;
			return at;
		}
		if (ret_count->rule == wanted->rule && ret_count->error == wanted->error &&
			!strcmp(ret_count->call, wanted->call) &&
			!strcmp(ret_count->grant, wanted->grant))
			return at;
	}
	return DENIALS_MAX - 1;
}

int denials_add(int fd, const struct denial_count *more)
{
	struct denial_count found;
	int at = lock_lines(fd, F_WRLCK), r;

	if (at < 0)
		return at;
	at = find_line(fd, more, &found);
	found.count += more->count;
	r = at < 0 ? at : write_line(fd, at, &found);
	(void)lock_lines(fd, F_UNLCK);
	return r;
}

int denials_read(int state_fd, struct denial_count ret_counts[DENIALS_MAX], struct nacre_error *err)
{
	cleanup_close int fd = openat(
		state_fd, DENIALS_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int n = 0, r;

	if (fd < 0)
		return errno == ENOENT
			       ? 0
			       : fail_errno(err, errno, "open \"" DENIALS_FILE "\" of the state");
	r = lock_lines(fd, F_RDLCK);
	while (r >= 0 && n < DENIALS_MAX && (r = read_line(fd, n, &ret_counts[n])) > 0)
		n++;
	return r < 0 ? fail_errno(
			       err, r, "read line %d of \"" DENIALS_FILE "\" of the state", n + 1)
		     : n;
}
