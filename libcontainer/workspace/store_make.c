/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/workspace/size.h"
#include "libcontainer/workspace/store.h"

#define RECORD_TEMPORARY WORKSPACE_RECORD ".new"

/* Records the path that leads to SOURCE_FD again, and the identity of what is there. */
static int note_source(struct arena *arena, int source_fd, struct workspace_record *record,
	struct nacre_error *err)
{
	char path[PATH_MAX];
	struct stat st, again;
	cleanup_close int fd = -1;
	int r = file_path(source_fd, path);

	if (r < 0)
		return fail_errno(err, r, "the path of the source");
	if (fstat(source_fd, &st) < 0)
		return fail_errno(err, errno, "stat the source %s", path);
	fd = sys_openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0,
		RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (fd < 0)
		return fail_errno(err, fd, "open the source %s", path);
	if (fstat(fd, &again) < 0)
		return fail_errno(err, errno, "stat the source %s", path);
	if (st.st_dev != again.st_dev || st.st_ino != again.st_ino)
		return fail(err, EXDEV,
			"the source %s is another directory than the one that was opened: it was "
			"moved or covered meanwhile",
			path);
	record->source = arena_strdup(arena, path);
	record->source_dev = st.st_dev;
	record->source_ino = st.st_ino;
	r = workspace_source_fs(fd, &record->source_fs);
	if (r < 0)
		return fail_errno(err, r, "statfs the source %s", path);
	return record->source ? 0 : fail_errno(err, ENOMEM, "workspace");
}

/* Syncs the record, so that it survives a crash of the machine: without it the upper is of no
 * use. */
static int write_record(int dir_fd, const struct workspace_record *record, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	cleanup_close int fd = -1;
	int r = workspace_record_encode(record, &text, err);

	if (r < 0)
		return r;
	fd = openat(dir_fd, RECORD_TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	r = fd < 0 ? -errno : file_write_all(fd, text, strlen(text));
	if (r == 0 && (fdatasync(fd) < 0 ||
			      renameat(dir_fd, RECORD_TEMPORARY, dir_fd, WORKSPACE_RECORD) < 0))
		r = -errno;
	return r < 0 ? fail_errno(err, r, "write " WORKSPACE_RECORD) : 0;
}

/* Gives the upper the owner and mode of the source, since the root of an overlay has those of its
 * upper. A caller who may not change owners owns it, like other new files in the container. */
static int dress_upper(int fd, int source_fd, struct nacre_error *err)
{
	struct stat st;

	if (fstat(source_fd, &st) < 0)
		return fail_errno(err, errno, "stat the source");
	if (fchown(fd, st.st_uid, st.st_gid) < 0 && errno != EPERM && errno != EINVAL)
		return fail_errno(err, errno, "give " WORKSPACE_UPPER " to uid %u", st.st_uid);
	if (fchmod(fd, st.st_mode & 07777) < 0)
		return fail_errno(err, errno, "change the mode of " WORKSPACE_UPPER);
	return 0;
}

static int make_directory(int dir_fd, const char *name, struct nacre_error *err)
{
	int fd;

	if (mkdirat(dir_fd, name, 0700) < 0)
		return fail_errno(err, errno, "make %s", name);
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? fail_errno(err, errno, "open %s", name) : fd;
}

/* Sets the limits that RECORD asks for on the directories of an overlay. */
static int limit(int store_fd, const int fds[2], bool best_effort, struct workspace_record *record,
	struct nacre_error *err)
{
	struct nacre_error why;
	int r = 0;

	if (!record->tmpfs && (record->bytes || record->inodes))
		r = workspace_size_limit(store_fd, fds, 2, record, &why);
	if (r == -ENOTSUP && best_effort) {
		record->bytes = record->inodes = 0;
		return 0;
	}
	if (r < 0)
		*err = why;
	return r;
}

static int make_layers(int store_fd, int dir_fd, int source_fd, bool best_effort,
	struct workspace_record *record, struct nacre_error *err)
{
	cleanup_close int memory_fd = -1, upper_fd = -1, work_fd = -1;
	int r;

	if (record->tmpfs) {
		memory_fd = workspace_size_mount(dir_fd, WORKSPACE_MEMORY, record, err);
		if (memory_fd < 0)
			return memory_fd;
		dir_fd = memory_fd;
	}
	work_fd = make_directory(dir_fd, WORKSPACE_WORK, err);
	if (work_fd < 0)
		return work_fd;
	upper_fd = make_directory(dir_fd, WORKSPACE_UPPER, err);
	if (upper_fd < 0)
		return upper_fd;
	r = dress_upper(upper_fd, source_fd, err);
	return r < 0 ? r : limit(store_fd, (int[]){upper_fd, work_fd}, best_effort, record, err);
}

/* The time of creation is compared with ctimes, so it is one: that of a directory just made, which
 * no ctime of before is later than. Since Linux 6.13 a ctime can be finer than
 * CLOCK_REALTIME_COARSE, and before it can be a tick behind CLOCK_REALTIME. */
static int note_time(int dir_fd, struct workspace_record *record, struct nacre_error *err)
{
	struct stat st;

	if (fstat(dir_fd, &st) < 0)
		return fail_errno(err, errno, "stat the workspace's directory");
	record->created_sec = st.st_ctim.tv_sec;
	record->created_nsec = (uint32_t)st.st_ctim.tv_nsec;
	return 0;
}

int workspace_make(struct arena *arena, int store_fd, struct workspace_set *set, int source_fd,
	bool best_effort, struct workspace_record *record, struct nacre_error *err)
{
	const unsigned number = set->n ? set->items[set->n - 1].number + 1 : 0;
	struct workspace *items = arena_array(arena, set->n + 1, sizeof(*items));
	cleanup_close int dir_fd = -1;
	struct nacre_error ignored;
	char name[16];
	int r;

	if (!items)
		return fail_errno(err, ENOMEM, "workspace");
	record->version = WORKSPACE_VERSION;
	record->id = set->id;
	r = note_source(arena, source_fd, record, err);
	if (r < 0)
		return r;
	(void)snprintf(name, sizeof(name), "%u", number);
	if (mkdirat(set->dir_fd, name, 0700) < 0)
		return fail_errno(err, errno, "make workspace %s", name);
	dir_fd = openat(set->dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = dir_fd < 0 ? fail_errno(err, errno, "open workspace %s", name)
		       : note_time(dir_fd, record, err);
	if (r == 0 && strcmp(record->form, WORKSPACE_COW) == 0)
		r = make_layers(store_fd, dir_fd, source_fd, best_effort, record, err);
	if (r == 0)
		r = write_record(dir_fd, record, err);
	if (r == 0) {
		r = workspace_open(arena, set->dir_fd, number, &items[set->n], err);
		if (r < 0)
			workspace_close(&items[set->n]);
	}
	if (r < 0) {
		(void)workspace_remove_directory(set->dir_fd, number, &ignored);
		return fail_prefix(err, "workspace of %s", record->source);
	}
	if (set->n)
		memcpy(items, set->items, set->n * sizeof(*items));
	set->items = items;
	set->n++;
	return 0;
}

/* Returns 1 if the directory has no entry, 0 or -errno. */
static int is_empty(int parent_fd, const char *name)
{
	int fd = sys_openat2(
		parent_fd, name, O_RDONLY | O_DIRECTORY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		int r = fd < 0 ? fd : -errno;

		fd_close(&fd);
		return r == -ENOENT ? 1 : r;
	}
	while (errno = 0, (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return 0;
	return errno ? -errno : 1;
}

int workspace_is_unused(const struct workspace *w, struct nacre_error *err)
{
	static const char *const left[] = {"journal", "undo"};
	struct stat st;
	int r = w->upper_fd >= 0 ? is_empty(w->upper_fd, ".") : 1;

	for (size_t i = 0; r == 1 && i < sizeof(left) / sizeof(left[0]); i++)
		if (fstatat(w->dir_fd, left[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			r = 0;
		else if (errno != ENOENT)
			r = -errno;
	return r < 0 ? fail_errno(
			       err, r, "look for changes in the workspace of %s", w->record->source)
		     : r;
}
