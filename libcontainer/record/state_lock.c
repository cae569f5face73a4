/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/record/state.h"

/*
 * The lock of a container.
 *
 * It belongs to the process, not to the open file description (fcntl(2), POSIX record locks). So
 * INIT, which inherits the fd for a moment, does not hold it, and a waiter can read the holder's
 * pid. The first byte is the lock. A command, which does nothing but its call, locks the second
 * byte as well: it may be killed if it hangs. An engine that uses the library must not be killed
 * and locks the first byte only. Whoever can lock the file could kill the holder anyway. (A nacre
 * from before the second byte locked the whole file, and counts as an engine.)
 */

enum {
	LOCK_WAIT_MS = 10000,
	FORCE_WAIT_MS = 3000, /* until an expendable holder is killed */
	KILL_WAIT_MS = 10000,
	LOCK_POLL_MS = 5,
	NS_PER_MS = 1000000,
	HELD = 0,
	EXPENDABLE = 1,
};

static struct flock lock_of(off_t start, off_t length)
{
	return (struct flock){
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

/* Returns the pid that holds that byte; 0: nobody, or a process that this pid namespace does not
 * see. Returns -errno. */
static pid_t holder_of(int lock_fd, off_t byte, struct flock *ret_lock)
{
	*ret_lock = lock_of(byte, 1);
	if (fcntl(lock_fd, F_GETLK, ret_lock) < 0)
		return -errno;
	return ret_lock->l_type == F_UNLCK ? 0 : ret_lock->l_pid;
}

static int try_lock(int lock_fd, unsigned flags, pid_t *ret_holder)
{
	struct flock lock = lock_of(HELD, flags & STATE_LOCK_EXPENDABLE ? 2 : 1);

	if (fcntl(lock_fd, F_SETLK, &lock) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return -errno;
	*ret_holder = holder_of(lock_fd, HELD, &lock);
	return *ret_holder < 0 ? (int)*ret_holder : -EAGAIN;
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS;
}

/* Whether HOLDER may be killed to get the lock. Returns 1, 0 or -errno. */
static int is_expendable(int lock_fd, pid_t holder)
{
	struct flock lock;
	pid_t pid = holder > 0 ? holder_of(lock_fd, EXPENDABLE, &lock) : 0;

	if (pid < 0)
		return (int)pid;
	return pid > 0 && pid == holder && lock.l_start + lock.l_len == EXPENDABLE + 1;
}

/* Kills the command that holds the lock. Its pid is checked again after pidfd_open(2): if it still
 * holds the lock then, the pidfd is not of a later process with the same pid. */
static int end_holder(int lock_fd, const char *id, pid_t holder, struct nacre_error *err)
{
	cleanup_close int pidfd = sys_pidfd_open(holder);
	struct flock lock;
	int r = pidfd;

	if (r >= 0 && holder_of(lock_fd, HELD, &lock) != holder)
		return 0;
	if (r >= 0)
		r = sys_pidfd_send_signal(pidfd, SIGKILL);
	if (r >= 0)
		r = pidfd_wait_end(pidfd, KILL_WAIT_MS);
	if (r == -ESRCH)
		return 0;
	if (r < 0)
		return fail_errno(err, r,
			"container \"%s\": end the command that holds it (pid %d)", id,
			(int)holder);
	return r > 0 ? 0
		     : fail(err, ETIMEDOUT,
			       "container \"%s\" is held by another command (pid %d), which does "
			       "not "
			       "end within %d s of SIGKILL",
			       id, (int)holder, KILL_WAIT_MS / 1000);
}

/* Waits for the lock, not for the end of its holder: a foreground `run` continues as long as its
 * container. fcntl(2) with F_SETLKW has no time limit except a signal. */
static int wait_lock(int lock_fd, const char *id, unsigned flags, struct nacre_error *err)
{
	const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * NS_PER_MS};
	int64_t begin = now_ms();
	pid_t holder = 0;
	int r;

	while ((r = try_lock(lock_fd, flags, &holder)) == -EAGAIN) {
		int64_t waited = now_ms() - begin;

		if (flags & STATE_LOCK_TRY)
			return fail(err, EBUSY,
				"container \"%s\" is held by another command (pid %d)", id, holder);
		r = flags & STATE_LOCK_FORCE && waited >= FORCE_WAIT_MS
			    ? is_expendable(lock_fd, holder)
			    : 0;
		if (r < 0)
			break;
		if (r > 0) {
			r = end_holder(lock_fd, id, holder, err);
			if (r < 0)
				return r;
			begin = now_ms(); /* another process may get it next */
		} else if (waited >= LOCK_WAIT_MS) {
			return fail(err, ETIMEDOUT,
				"container \"%s\" is held by another command (pid %d) for more "
				"than %d s",
				id, holder, LOCK_WAIT_MS / 1000);
		}
		(void)nanosleep(&pause, NULL);
	}
	return r < 0 ? fail_errno(err, r, "lock container \"%s\"", id) : 0;
}

int state_lock(
	int state_fd, const char *id, unsigned flags, int *ret_lock_fd, struct nacre_error *err)
{
	const int make = flags & STATE_LOCK_MAKE ? O_CREAT : 0;
	cleanup_close int fd = openat(
		state_fd, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW | make, 0600);
	struct stat st;
	int r;

	if (fd < 0 && errno != ENOENT)
		return fail_errno(err, errno, "open the lock of container \"%s\"", id);
	r = fd >= 0 ? wait_lock(fd, id, flags, err) : 0;
	if (r < 0)
		return r;
	/* The directory was removed meanwhile: openat(2) fails with ENOENT, or the lock has no link
	 * any more. */
	if (fd < 0)
		return state_none(id, err);
	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "stat the lock of container \"%s\"", id);
	if (st.st_nlink == 0)
		return state_none(id, err);
	*ret_lock_fd = fd_steal(&fd);
	return 0;
}
