/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/state.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"

#define CLAIMED "claimed"

/* path of a cgroup, manager and unit (at most NAME_MAX, like a cgroup) */
#define NOTE_SIZE (PATH_MAX + sizeof("\nsystem\n") + NAME_MAX)

int state_check_id(const char *id, struct nacre_error *err)
{
	size_t length = strlen(id);

	if (length == 0 || length > NAME_MAX || id[0] == '.')
		return fail(err, EINVAL,
			"invalid container ID format: \"%s\" (1 to %d characters, not beginning "
			"with a dot)",
			id, NAME_MAX);
	for (const char *c = id; *c; c++)
		if (!isascii(*c) || (!isalnum((unsigned char)*c) && !strchr("_+.-", *c)))
			return fail(err, EINVAL,
				"invalid container ID format: \"%s\" (only letters, digits and _ + "
				". -)",
				id);
	return 0;
}

int state_check_owner(int fd, const char *what, bool may_share, struct nacre_error *err)
{
	const uid_t caller = geteuid();
	mode_t writers = S_IWGRP | S_IWOTH;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "stat %s", what);
	if (st.st_uid != caller && st.st_uid != 0)
		return fail(err, EPERM,
			"%s belongs to uid %u: uid %u works on what is its own or root's only, "
			"since what lies there is run; do this as its owner",
			what, st.st_uid, caller);
	if (may_share && caller != 0 && st.st_uid == caller)
		writers = S_IWOTH;
	if (st.st_mode & writers)
		return fail(err, EPERM,
			"%s has the mode %04o: others than its owner could put there what nacre "
			"runs; take that right away (chmod %s)",
			what, st.st_mode & 07777, writers & S_IWGRP ? "go-w" : "o-w");
	return 0;
}

int state_open_root(const char *path, bool make, struct nacre_error *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char what[sizeof(err->text)];
	int r;

	if (fd < 0 && errno == ENOENT && make) {
		/* A failure of this makes mkdir(2) fail. */
		(void)file_make_parents(path, 0755);
		/* Sticky: XDG Base Directory Specification; without it old files in the directory
		 * may be removed. */
		if (mkdir(path, 01700) < 0 && errno != EEXIST)
			return fail_errno(err, errno, "make the state root %s%s", path,
				errno == EACCES ? " (give another with --root)" : "");
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return fail_errno(err, errno, "open the state root %s", path);
	(void)snprintf(what, sizeof(what), "the state root %s", path);
	r = state_check_owner(fd, what, true, err);
	return r < 0 ? r : fd_steal(&fd);
}

int state_none(const char *id, struct nacre_error *err)
{
	return fail(err, ENOENT, "container does not exist: %s", id);
}

int state_open(int root_fd, const char *id, struct nacre_error *err)
{
	cleanup_close int fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	char what[NAME_MAX + 64];
	int r;

	if (fd < 0 && errno == ENOENT)
		return state_none(id, err);
	if (fd < 0)
		return fail_errno(err, errno, "open the state of container \"%s\"", id);
	(void)snprintf(what, sizeof(what), "the state directory of container \"%s\"", id);
	r = state_check_owner(fd, what, false, err);
	return r < 0 ? r : fd_steal(&fd);
}

/* The path of a cgroup contains no newline (cgroup_resolve_path). */
int state_note_cgroup(int lock_fd, const struct container_record *record, struct nacre_error *err)
{
	char text[NOTE_SIZE];
	int length = record->unit ? snprintf(text, sizeof(text), "%s\n%s\n%s", record->cgroup,
					    record->user_unit ? "user" : "system", record->unit)
				  : snprintf(text, sizeof(text), "%s", record->cgroup);
	int r = (size_t)length < sizeof(text) ? file_write_all(lock_fd, text, (size_t)length)
					      : -ENAMETOOLONG;

	return r < 0 ? fail_errno(err, r, "write the lock of container \"%s\"", record->id) : 0;
}

int state_make(int root_fd, const struct container_record *record, unsigned lock_flags,
	int *ret_state_fd, int *ret_lock_fd, struct nacre_error *err)
{
	const char *id = record->id;
	cleanup_close int dir = -1;
	cleanup_close int lock = -1;
	int r;

	if (mkdirat(root_fd, id, 0700) < 0) {
		if (errno == EEXIST)
			return fail(err, EEXIST, "container with given ID already exists: %s", id);
		return fail_errno(err, errno, "make the state directory of container \"%s\"", id);
	}
	dir = state_open(root_fd, id, err);
	if (dir < 0) {
		(void)unlinkat(root_fd, id, AT_REMOVEDIR); /* the first error is reported */
		return dir;
	}
	r = state_lock(dir, id, lock_flags | STATE_LOCK_MAKE, &lock, err);
	if (r == 0 && record->cgroup)
		r = state_note_cgroup(lock, record, err);
	if (r < 0) {
		struct nacre_error ignored; /* the first error is reported */

		(void)state_remove(root_fd, id, dir, &ignored);
		return r;
	}
	*ret_state_fd = fd_steal(&dir);
	*ret_lock_fd = fd_steal(&lock);
	return 0;
}

int state_write(int state_fd, const char *name, const char *text, struct nacre_error *err)
{
	cleanup_close int fd = openat(
		state_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : file_write_all(fd, text, strlen(text));

	return r < 0 ? fail_errno(err, r, "write %s to the state directory", name) : 0;
}

int state_claim(int state_fd, struct nacre_error *err)
{
	return state_write(state_fd, CLAIMED, "", err);
}

int state_is_claimed(int state_fd, struct nacre_error *err)
{
	if (faccessat(state_fd, CLAIMED, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : fail_errno(err, errno, "look for " CLAIMED);
}

/* Reads what state_note_cgroup wrote, perhaps by another version: further lines are ignored. */
static int read_note(struct arena *arena, char *text, struct container_record *record)
{
	char *manager = strchr(text, '\n'), *unit = NULL;

	if (manager) {
		*manager++ = '\0';
		unit = strchr(manager, '\n');
	}
	if (unit) {
		*unit++ = '\0';
		unit[strcspn(unit, "\n")] = '\0';
		record->user_unit = strcmp(manager, "user") == 0;
		record->unit = arena_strdup(arena, unit);
		if (!record->unit)
			return -ENOMEM;
	}
	record->cgroup = arena_strdup(arena, text);
	return record->cgroup ? 0 : -ENOMEM;
}

/* ENOENT: not nacre's, or just being created or removed. */
static int no_lock(const char *id, const char *call, struct nacre_error *err)
{
	return errno == ENOENT
		       ? state_none(id, err)
		       : fail_errno(err, errno, "%s the lock of container \"%s\"", call, id);
}

int state_load_note(struct arena *arena, int root_fd, const char *id, int lock_fd,
	struct container_record **ret_record, struct nacre_error *err)
{
	struct container_record *record = arena_alloc(arena, sizeof(*record));
	cleanup_close int own_fd = -1;
	char text[NOTE_SIZE];
	ssize_t length;
	struct stat st;

	if (!record)
		return fail_errno(err, ENOMEM, "record of container \"%s\"", id);
	*record = (struct container_record){.version = RECORD_VERSION, .id = id};
	/* While the lock is held it is read through its own fd: closing another one would release
	 * the lock. */
	(void)snprintf(text, sizeof(text), "%s/lock", id);
	if (lock_fd == STATE_LOCK_UNOPENED) {
		if (fstatat(root_fd, text, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return no_lock(id, "stat", err);
		record->owner_uid = st.st_uid;
		*ret_record = record;
		return 0;
	}
	if (lock_fd < 0)
		lock_fd = own_fd = openat(
			root_fd, text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (lock_fd < 0)
		return no_lock(id, "open", err);
	if (fstat(lock_fd, &st) < 0)
		return fail_errno(err, errno, "stat the lock of container \"%s\"", id);
	record->owner_uid = st.st_uid;
	do
		length = pread(lock_fd, text, sizeof(text) - 1, 0);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return fail_errno(err, errno, "read the lock of container \"%s\"", id);
	/* Empty: create crashed before it wrote anything. */
	if (length > 0) {
		text[length] = '\0';
		if (read_note(arena, text, record) < 0)
			return fail_errno(err, ENOMEM, "record of container \"%s\"", id);
	}
	*ret_record = record;
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void state_free_ids(char **ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(ids[i]);
	free(ids);
}

/* Not every filesystem sets d_type. Returns 1, 0 or -errno. */
static int is_directory(int dir_fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	if (fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISDIR(st.st_mode);
}

/* Reads the IDs of DIR. The caller frees *IDS and *N, also after a failure. */
static int read_ids(DIR *dir, char ***ids, size_t *n, struct nacre_error *err)
{
	const struct dirent *entry;
	size_t room = 0;

	while (errno = 0, (entry = readdir(dir))) {
		int r = entry->d_name[0] == '.' ? 0 : is_directory(dirfd(dir), entry);

		if (r < 0)
			return fail_errno(err, r, "stat %s in the state root", entry->d_name);
		if (r == 0)
			continue;
		if (*n == room) {
			char **more = reallocarray(
				*ids, room = room ? room * 2 : 64, sizeof(*more));

			if (!more)
				return fail_errno(err, ENOMEM, "list containers");
			*ids = more;
		}
		(*ids)[*n] = strdup(entry->d_name);
		if (!(*ids)[*n])
			return fail_errno(err, ENOMEM, "list containers");
		(*n)++;
	}
	return errno ? fail_errno(err, errno, "read the state root") : 0;
}

int state_list_ids(int root_fd, char ***ret_ids, size_t *ret_n, struct nacre_error *err)
{
	int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char **ids = NULL;
	size_t n = 0;
	int r;

	if (!dir) {
		r = fail_errno(err, errno, "read the state root");
		fd_close(&fd);
		return r;
	}
	r = read_ids(dir, &ids, &n, err);
	if (r < 0) {
		state_free_ids(ids, n);
		return r;
	}
	if (n > 0)
		qsort(ids, n, sizeof(*ids), compare_ids);
	*ret_ids = ids;
	*ret_n = n;
	return 0;
}
