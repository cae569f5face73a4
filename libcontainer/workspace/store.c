/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/record/state.h"

#define OF_ROOT "/var/lib/nacre/workspaces"
#define BELOW_STATE_HOME "nacre/workspaces"

enum {
	NUMBER_DIGITS = 4, /* of N: no container has ten thousand mounts of that kind */
	RECORD_MAX_BYTES = 1024 * 1024,
};

/* XDG Base Directory Specification: a relative path is ignored. */
static int default_store(char ret_path[PATH_MAX], struct nacre_error *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int of_system = geteuid() == 0 ? idmap_is_initial(err) : 0, length;

	if (of_system < 0)
		return of_system;
	if (of_system)
		length = snprintf(ret_path, PATH_MAX, "%s", OF_ROOT);
	else if (state && *state == '/')
		length = snprintf(ret_path, PATH_MAX, "%s/" BELOW_STATE_HOME, state);
	else if (home && *home == '/')
		length = snprintf(ret_path, PATH_MAX, "%s/.local/state/" BELOW_STATE_HOME, home);
	else
		return fail(err, ENXIO,
			"no place for workspaces: neither XDG_STATE_HOME nor HOME is set; set one");
	return length < PATH_MAX ? 0 : fail_errno(err, ENAMETOOLONG, "%.100s...", ret_path);
}

int workspace_store_open(const char *store, bool make, struct nacre_error *err)
{
	cleanup_close int fd = -1;
	char path[PATH_MAX], what[sizeof(err->text)];
	int r = 0;

	if (!store)
		r = default_store(path, err);
	else if (snprintf(path, sizeof(path), "%s", store) >= (int)sizeof(path))
		r = fail_errno(err, ENAMETOOLONG, "%.100s...", store);
	if (r < 0)
		return r;
	if (make) {
		(void)file_make_parents(path, 0755); /* if that fails, so does the next */
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return fail_errno(err, errno, "make the directory of workspaces %s", path);
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, errno, "open the directory of workspaces %s", path);
	(void)snprintf(what, sizeof(what), "the directory of workspaces %.400s", path);
	r = state_check_owner(fd, what, false, err);
	return r < 0 ? r : fd_steal(&fd);
}

int workspace_store_open_state(struct nacre_error *err)
{
	char path[PATH_MAX];
	int r = default_store(path, err), fd;

	if (r == -ENXIO) /* no command in this environment makes a workspace */
		return -(err->code = ENOENT);
	if (r < 0)
		return r;
	*strrchr(path, '/') = '\0';
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail_errno(err, errno, "open %s", path) : fd;
}

void workspace_set_init(struct workspace_set *set)
{
	*set = (struct workspace_set){.dir_fd = -1, .lock_fd = -1};
}

void workspace_close(struct workspace *w)
{
	fd_close(&w->dir_fd);
	fd_close(&w->upper_fd);
	fd_close(&w->source_fd);
}

void workspace_set_done(struct workspace_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		workspace_close(&set->items[i]);
	set->n = 0;
	fd_close(&set->dir_fd);
	fd_close(&set->lock_fd);
}

int workspace_source_fs(int source_fd, uint64_t *ret_id)
{
	struct statfs fs;

	if (fstatfs(source_fd, &fs) < 0)
		return -errno;
	*ret_id = (uint64_t)(uint32_t)fs.f_fsid.__val[0] << 32 | (uint32_t)fs.f_fsid.__val[1];
	/* Overlays may have the id of the file system that their upper directories share. */
	if (fs.f_type == OVERLAYFS_SUPER_MAGIC)
		*ret_id = 0;
	return 0;
}

/* Whether FD is the directory of the record. Returns 1, 0 or an error. */
static int is_source(const struct workspace_record *record, int fd, struct nacre_error *err)
{
	uint64_t fs_id = 0;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "stat the source %s", record->source);
	if (st.st_ino != record->source_ino)
		return 0;
	if (st.st_dev == record->source_dev)
		return 1;
	r = workspace_source_fs(fd, &fs_id);
	if (r < 0)
		return fail_errno(err, r, "statfs the source %s", record->source);
	return fs_id && fs_id == record->source_fs;
}

/* *RET_FD: -1 if what is at the path is no longer the directory of the record. */
static int open_source(const struct workspace_record *record, int *ret_fd, struct nacre_error *err)
{
	cleanup_close int fd = sys_openat2(AT_FDCWD, record->source, O_PATH | O_DIRECTORY, 0,
		RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	int r;

	*ret_fd = -1;
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	if (fd < 0)
		return fail_errno(err, fd, "open the source %s", record->source);
	r = is_source(record, fd, err);
	if (r > 0)
		*ret_fd = fd_steal(&fd);
	return r < 0 ? r : 0;
}

static int open_upper(const struct workspace *w, int *ret_fd, struct nacre_error *err)
{
	const bool tmpfs = w->record->tmpfs;
	const char *path = tmpfs ? WORKSPACE_MEMORY "/" WORKSPACE_UPPER : WORKSPACE_UPPER;

	*ret_fd = -1;
	if (strcmp(w->record->form, WORKSPACE_DIRECT) == 0)
		return 0;
	*ret_fd = sys_openat2(
		w->dir_fd, path, O_PATH | O_DIRECTORY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (*ret_fd >= 0 || (*ret_fd == -ENOENT && tmpfs))
		return 0;
	return fail_errno(err, *ret_fd, "open %s", path);
}

int workspace_open(struct arena *arena, int set_fd, unsigned number, struct workspace *ret,
	struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	char name[16];
	size_t length;
	int r;

	*ret = (struct workspace){.number = number, .dir_fd = -1, .upper_fd = -1, .source_fd = -1};
	(void)snprintf(name, sizeof(name), "%u", number);
	ret->dir_fd = sys_openat2(
		set_fd, name, O_RDONLY | O_DIRECTORY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (ret->dir_fd < 0)
		return fail_errno(err, ret->dir_fd, "open workspace %s", name);
	r = file_read(ret->dir_fd, WORKSPACE_RECORD, RECORD_MAX_BYTES, &text, &length, err);
	if (r == 0)
		r = workspace_record_decode(
			arena, WORKSPACE_RECORD, text, length, &ret->record, err);
	if (r == 0)
		r = open_upper(ret, &ret->upper_fd, err);
	if (r == 0)
		r = open_source(ret->record, &ret->source_fd, err);
	return r < 0 ? fail_prefix(err, "workspace %s", name) : 0;
}

/* The number that NAME is; -1: none. */
static int number_of(const char *name)
{
	size_t length = strspn(name, "0123456789");

	return length == 0 || length > NUMBER_DIGITS || name[length] ? -1
								     : (int)strtoul(name, NULL, 10);
}

static int add(
	struct arena *arena, struct workspace_set *set, unsigned number, struct nacre_error *err)
{
	struct workspace *items = arena_array(arena, set->n + 1, sizeof(*items));
	struct nacre_error why;
	struct workspace one;
	size_t at = set->n;
	int r;

	if (!items)
		return fail_errno(err, ENOMEM, "workspaces");
	r = workspace_open(arena, set->dir_fd, number, &one, &why);
	if (r == -ENOENT) {
		workspace_close(&one);
		return set->lock_fd < 0 ? 0 : workspace_remove_directory(set->dir_fd, number, err);
	}
	if (r < 0) {
		workspace_close(&one);
		*err = why;
		return r;
	}
	for (; at > 0 && set->items[at - 1].number > number; at--)
		items[at] = set->items[at - 1];
	items[at] = one;
	if (at)
		memcpy(items, set->items, at * sizeof(*items));
	set->items = items;
	set->n++;
	return 0;
}

static int read_set(struct arena *arena, struct workspace_set *set, struct nacre_error *err)
{
	int fd = openat(set->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = dir ? 0 : -errno;

	if (!dir)
		fd_close(&fd);
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		int number = number_of(entry->d_name);

		if (number < 0)
			continue;
		r = add(arena, set, (unsigned)number, err);
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = -errno;
	return r < 0 ? fail_errno(err, r, "read the directory") : 0;
}

/* Opens and locks the directory of SET. -ENOENT: there is none, or it was removed meanwhile. */
static int open_set(
	int store_fd, unsigned lock_flags, struct workspace_set *set, struct nacre_error *err)
{
	set->dir_fd = sys_openat2(store_fd, set->id, O_RDONLY | O_DIRECTORY, 0,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (set->dir_fd < 0)
		return fail_errno(err, set->dir_fd, "open the directory");
	return state_lock(set->dir_fd, set->id, lock_flags | STATE_LOCK_MAKE, &set->lock_fd, err);
}

int workspace_set_open(struct arena *arena, int store_fd, const char *id, unsigned lock_flags,
	struct workspace_set *ret_set, struct nacre_error *err)
{
	struct nacre_error why;
	int r = state_check_id(id, err);

	workspace_set_init(ret_set);
	ret_set->id = id;
	if (r < 0)
		return r;
	r = open_set(store_fd, lock_flags, ret_set, &why);
	if (r == 0) {
		r = read_set(arena, ret_set, &why);
		if (r == -ENOENT) /* something in the set is missing, not the set */
			r = -(why.code = ESTALE);
	}
	/* A command that made the first workspace, and was killed, has left this. */
	if (r == 0 && ret_set->n == 0)
		r = workspace_set_remove(store_fd, ret_set, &why) < 0 ? -why.code : -ENOENT;
	if (r == -ENOENT)
		return fail(err, ENOENT, "container \"%s\" has no workspace", id);
	if (r < 0) {
		*err = why;
		return fail_prefix(err, "workspaces of container \"%s\"", id);
	}
	return 0;
}

int workspace_set_make(struct arena *arena, int store_fd, const char *id, unsigned lock_flags,
	struct workspace_set *ret_set, struct nacre_error *err)
{
	struct nacre_error why;
	int r = state_check_id(id, err);

	workspace_set_init(ret_set);
	if (r < 0)
		return r;
	/* Another command has just removed it: tries once more. */
	for (int tries = 0; tries < 2 && (tries == 0 || r == -ENOENT); tries++) {
		workspace_set_done(ret_set);
		ret_set->id = id;
		if (mkdirat(store_fd, id, 0700) < 0 && errno != EEXIST)
			return fail_errno(
				err, errno, "make the workspaces of container \"%s\"", id);
		r = open_set(store_fd, lock_flags, ret_set, &why);
	}
	if (r == 0)
		r = read_set(arena, ret_set, &why);
	if (r == 0)
		return 0;
	*err = why;
	return fail_prefix(err, "workspaces of container \"%s\"", id);
}

int workspace_set_look(struct arena *arena, int store_fd, const char *id,
	struct workspace_set *ret_set, struct nacre_error *err)
{
	int r = state_check_id(id, err);

	workspace_set_init(ret_set);
	if (r < 0)
		return r;
	ret_set->id = id;
	ret_set->dir_fd = sys_openat2(
		store_fd, id, O_RDONLY | O_DIRECTORY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (ret_set->dir_fd < 0)
		return fail_errno(
			err, ret_set->dir_fd, "open the workspaces of container \"%s\"", id);
	r = read_set(arena, ret_set, err);
	return r < 0 ? fail_prefix(err, "workspaces of container \"%s\"", id) : 0;
}

int workspace_list_ids(int store_fd, char ***ret_ids, size_t *ret_n, struct nacre_error *err)
{
	int r = state_list_ids(store_fd, ret_ids, ret_n, err);

	return r < 0 ? fail_prefix(err, "workspaces") : 0;
}
