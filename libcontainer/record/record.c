/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <threads.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/record/state.h"
#include "specs/conditions.h"
#include "specs/json.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

enum {
	FIRST_READ = 64 * 1024, /* holds nearly every record */
	UUID_LENGTH = 36,
};

/* --- the boot --- */

/* random(4): a UUID that each boot generates. Each thread reads it once: `list` needs it for a
 * thousand containers. */
static int read_boot(const char **ret_boot, struct nacre_error *err)
{
	static thread_local char boot[UUID_LENGTH + 1];

	if (!*boot) {
		cleanup_close int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
		char text[UUID_LENGTH];
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

		if (n < 0 && errno == ENOENT) /* of record_load: there is no container */
			return fail(err, ENOSYS, BOOT_ID " is missing: is /proc mounted?");
		if (n < 0)
			return fail_errno(err, errno, "read " BOOT_ID);
		if (n < UUID_LENGTH)
			return fail(err, EINVAL, BOOT_ID " has %zd bytes, expected a UUID", n);
		memcpy(boot, text, sizeof(text));
	}
	*ret_boot = boot;
	return 0;
}

/* Whether files in the directory are lost at a reboot. */
static int ends_with_boot(int dir_fd, bool *ret_ends, struct nacre_error *err)
{
	struct statfs fs;

	if (fstatfs(dir_fd, &fs) < 0)
		return fail_errno(err, errno, "statfs of the state directory");
	*ret_ends = fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
	return 0;
}

/* A container of an earlier boot must
 * - count as stopped, whatever process has its pid now
 * - not affect its cgroup's path or its resctrl group, which may belong to others now
 * - run its poststop hooks when it is deleted */
static int check_boot(struct container_record *record, struct nacre_error *err)
{
	const char *boot;
	int r;

	if (!record->boot)
		return 0;
	r = read_boot(&boot, err);
	if (r < 0)
		return r;
	if (strcmp(boot, record->boot) == 0)
		return 0;
	record->pid = PID_VOID;
	record->cgroup = NULL;
	record->active &= ~(uint64_t)RESCTRL;
	return 0;
}

/* --- the file --- */

int record_identify(struct container *c, struct nacre_error *err)
{
	const char *boot;
	bool ends = false;
	int r;

	r = record_identify_process(c, err);
	if (r == 0)
		r = ends_with_boot(c->state_fd, &ends, err);
	if (r < 0 || ends)
		return r;
	r = read_boot(&boot, err);
	if (r < 0)
		return r;
	c->record.boot = arena_strdup(c->arena, boot);
	return c->record.boot ? 0 : fail_errno(err, ENOMEM, "record");
}

int record_save(int state_fd, const struct container_record *record, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	int r = container_record_encode(record, &text, err);

	if (r < 0)
		return r;
	if (strlen(text) > JSON_MAX_BYTES)
		return fail(err, E2BIG,
			"the record is larger than %d bytes: make the annotations smaller",
			JSON_MAX_BYTES);
	return file_replace(state_fd, "record", text, strlen(text), 0600, err);
}

static int read_record(int root_fd, const char *id, char **ret_text, size_t *ret_length)
{
	char path[NAME_MAX + 8];
	cleanup_free char *text = NULL;
	cleanup_close int fd = -1;
	/* One byte more than the limit, so that the decoder refuses a longer record. */
	const size_t rooms[] = {FIRST_READ, JSON_MAX_BYTES + 1};
	size_t length = 0;
	ssize_t n = 1;

	(void)snprintf(path, sizeof(path), "%s/record", id);
	fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < 2 && n != 0; i++) {
		char *more = realloc(text, rooms[i]);

		if (!more)
			return -ENOMEM;
		text = more;
		/* Reads up to the end of file: a filesystem may return short reads. */
		while (n != 0 && length < rooms[i]) {
			n = read(fd, text + length, rooms[i] - length);
			if (n < 0 && errno != EINTR)
				return -errno;
			length += n > 0 ? (size_t)n : 0;
		}
	}
	*ret_text = steal_ptr(text);
	*ret_length = length;
	return 0;
}

int record_load(struct arena *arena, int root_fd, const char *id, int lock_fd,
	struct container_record **ret_record, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	size_t length = 0;
	int r = read_record(root_fd, id, &text, &length);

	if (r == -ENOENT)
		return state_load_note(arena, root_fd, id, lock_fd, ret_record, err);
	if (r < 0)
		return fail_errno(err, r, "read the record of container \"%s\"", id);
	if (container_record_decode(arena, "record", text, length, ret_record, err) < 0 ||
		check_boot(*ret_record, err) < 0)
		return fail_prefix(err, "container \"%s\"", id);
	return 0;
}

/* --- its cgroup --- */

int record_open_cgroup(
	const struct container_record *record, struct cgroup *ret_cgroup, struct nacre_error *err)
{
	struct cgroup cgroup;
	struct stat st;
	int r = record->cgroup ? cgroup_open(record->cgroup, &cgroup, err) : -ENOENT;

	if (r < 0)
		return r;
	if (record->cgroup_id) {
		if (fstat(cgroup.fd, &st) < 0)
			r = fail_errno(err, errno, "stat cgroup %s", cgroup.path);
		else if (st.st_ino != record->cgroup_id)
			r = -ENOENT;
	}
	if (r < 0) {
		cgroup_close(&cgroup);
		return r;
	}
	*ret_cgroup = cgroup;
	return 0;
}
