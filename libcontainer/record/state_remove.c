/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/mount/notify.h"
#include "libcontainer/record/denials.h"
#include "libcontainer/record/state.h"
#include "specs/relay_denials.h"

/* Removes a state directory. The lock is removed last, so that an interrupted removal can be
 * repeated. */

static const char *const state_files[] = {"record", "start", "claimed", DENIALS_FILE,
	RELAY_DENIALS_FILE, "egress.socket", "resolv.conf", "receipt", "receipt.signed", "execs",
	"exit", "report.json", "config.json", "config.given", "lock"};
#define STATE_FILES_N (sizeof(state_files) / sizeof(state_files[0]))

static bool is_state_file(const char *name, size_t length)
{
	for (size_t i = 0; i < STATE_FILES_N; i++)
		if (strlen(state_files[i]) == length && memcmp(name, state_files[i], length) == 0)
			return true;
	return false;
}

/* Whether NAME is the leftover of an interrupted file_replace: ".NAME.PID". */
static bool is_temporary(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] == '.' && dot > name && dot[1] && !dot[1 + strspn(dot + 1, "0123456789")] &&
	       is_state_file(name + 1, (size_t)(dot - name - 1));
}

static bool is_ours(const char *name)
{
	return is_state_file(name, strlen(name)) || is_temporary(name) ||
	       strcmp(name, NOTIFY_DIRECTORY) == 0;
}

int state_tidy(int state_fd, const char *id, struct nacre_error *err)
{
	int fd = openat(state_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = dir ? 0 : -errno;

	if (!dir)
		fd_close(&fd);
	if (r == -ENOENT) /* another process removed it meanwhile */
		return 0;
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (!is_ours(name))
			return fail(err, ENOTEMPTY,
				"the state directory of container \"%s\" holds \"%s\", which is "
				"not nacre's: move it away, and delete again",
				id, name);
		if (is_temporary(name) && unlinkat(state_fd, name, 0) < 0 && errno != ENOENT)
			return fail_errno(err, errno, "remove %s of container \"%s\"", name, id);
	}
	if (r == 0)
		r = -errno;
	return r < 0 ? fail_errno(err, r, "read the state of container \"%s\"", id) : 0;
}

static int remove_file(int state_fd, const char *name, const char *id, struct nacre_error *err)
{
	return unlinkat(state_fd, name, 0) == 0 || errno == ENOENT
		       ? 0
		       : fail_errno(err, errno, "remove %s of container \"%s\"", name, id);
}

int state_forget(int state_fd, const char *id, struct nacre_error *err)
{
	return remove_file(state_fd, "record", id, err);
}

/* Returns 1 when the directory is gone, 0 when it is not empty. */
static int remove_directory(int root_fd, const char *id, int state_fd, struct nacre_error *err)
{
	int r = notify_remove(state_fd);

	if (r < 0)
		return fail_errno(err, r, "remove " NOTIFY_DIRECTORY " of container \"%s\"", id);
	for (size_t i = 0; r == 0 && i < STATE_FILES_N; i++)
		r = remove_file(state_fd, state_files[i], id, err);
	if (r < 0)
		return r;
	if (unlinkat(root_fd, id, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 1;
	return errno == ENOTEMPTY
		       ? 0
		       : fail_errno(err, errno, "remove the state of container \"%s\"", id);
}

int state_remove(int root_fd, const char *id, int state_fd, struct nacre_error *err)
{
	cleanup_close int lock_fd = -1;
	struct nacre_error why;
	int r;

	while ((r = remove_directory(root_fd, id, state_fd, err)) == 0) {
		/* Another `delete --force` found the directory without its lock and created the
		 * lock again. */
		fd_close(&lock_fd);
		r = state_lock(state_fd, id, 0, &lock_fd, &why);
		r = fail_except(r, ENOENT, &why, err);
		if (r == 0)
			r = state_tidy(state_fd, id, err);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : 0;
}

int state_make_lock(int state_fd, const char *id, struct nacre_error *err)
{
	int r = state_tidy(state_fd, id, err);
	cleanup_close int fd = -1;

	if (r < 0)
		return r;
	fd = openat(state_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? fail_errno(err, errno, "make the lock of container \"%s\"", id) : 0;
}
