/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/denials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"

enum {
	LINE = 144, /* with its newline */
	HELD = 0, /* the bytes that the locks stand for */
	CHANGED = 1,
};

int denials_open(int state_fd, bool make, struct nacre_error *err)
{
	int fd = openat(state_fd, DENIALS_FILE,
		O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (make ? O_CREAT : 0),
		0600);

	return fd < 0 ? fail_errno(err, errno, "open \"" DENIALS_FILE "\" of the state") : fd;
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

/* Reads line AT. False: there is none. */
static bool read_line(int fd, int at, struct denial_count *ret_count)
{
	char text[LINE];
	unsigned long long count;

	if (pread(fd, text, LINE, (off_t)at * LINE) != LINE)
		return false;
	text[LINE - 1] = '\0';
	if (sscanf(text, "%llu %d %d %39s %63s", &count, &ret_count->rule, &ret_count->error,
		    ret_count->call, ret_count->grant) != 5)
		return false;
	if (!strcmp(ret_count->grant, "-"))
		ret_count->grant[0] = '\0';
	ret_count->count = count;
	return true;
}

static void write_line(int fd, int at, const struct denial_count *count)
{
	char text[LINE + 1];

	(void)snprintf(text, sizeof(text), "%20llu %5d %5d %-39s %-70s\n",
		(unsigned long long)count->count, count->rule, count->error, count->call,
		*count->grant ? count->grant : "-");
	(void)!pwrite(fd, text, LINE, (off_t)at * LINE);
}

/* The line to count in: that of the same, or a new one. */
static int find_line(int fd, const struct denial_count *wanted, struct denial_count *ret_count)
{
	for (int at = 0; at < DENIALS_MAX; at++) {
		if (!read_line(fd, at, ret_count)) {
			*ret_count = *wanted;
			if (at == DENIALS_MAX - 1)
				*ret_count = (struct denial_count){.rule = -1, .call = "others"};
			return at;
		}
		if (ret_count->rule == wanted->rule && ret_count->error == wanted->error &&
			!strcmp(ret_count->call, wanted->call) &&
			!strcmp(ret_count->grant, wanted->grant))
			return at;
	}
	return DENIALS_MAX - 1;
}

void denials_add(int fd, int rule, int error, const char *call, const char *grant)
{
	struct flock lock = lock_of(F_WRLCK, CHANGED);
	struct denial_count wanted = {.rule = rule, .error = error}, found;
	int at;

	(void)snprintf(wanted.call, sizeof(wanted.call), "%s", call);
	(void)snprintf(wanted.grant, sizeof(wanted.grant), "%s", grant);
	if (fcntl(fd, F_SETLKW, &lock) < 0)
		return;
	at = find_line(fd, &wanted, &found);
	found.count++;
	write_line(fd, at, &found);
	lock.l_type = F_UNLCK;
	(void)fcntl(fd, F_SETLK, &lock);
}

int denials_read(int state_fd, struct denial_count ret_counts[DENIALS_MAX], struct nacre_error *err)
{
	cleanup_close int fd = openat(
		state_fd, DENIALS_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int n = 0;

	if (fd < 0)
		return errno == ENOENT
			       ? 0
			       : fail_errno(err, errno, "open \"" DENIALS_FILE "\" of the state");
	while (n < DENIALS_MAX && read_line(fd, n, &ret_counts[n]))
		n++;
	return n;
}
