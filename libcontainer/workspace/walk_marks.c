/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/walk_marks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

/* struct ovl_fb of fs/overlayfs/overlayfs.h, which the kernel keeps on disk: version, magic, length
 * of all, flags, type, uuid, handle. */
enum {
	ORIGIN_VERSION = 0,
	ORIGIN_MAGIC = 0xfb,
	ORIGIN_HEADER = 21,
};

/* Returns the length, -ENODATA or another -errno with text; more than SIZE is -ERANGE. */
static ssize_t read_mark(int fd, bool user_xattr, const char *mark, void *value, size_t size,
	struct nacre_error *err)
{
	char name[64];
	ssize_t length;

	(void)snprintf(name, sizeof(name), "%s.overlay.%s", user_xattr ? "user" : "trusted", mark);
	length = fgetxattr(fd, name, value, size);
	if (length >= 0)
		return length;
	/* A file system without attributes has none of overlay's. */
	if (errno == ENODATA || errno == EOPNOTSUPP)
		return -ENODATA;
	return errno == ERANGE ? -ERANGE : fail_errno(err, errno, "getxattr %s", name);
}

/* Returns 1, 0 or -errno. */
static int has_mark(int fd, bool user_xattr, const char *mark, struct nacre_error *err)
{
	ssize_t length = read_mark(fd, user_xattr, mark, NULL, 0, err);

	return length >= 0 ? 1 : length == -ENODATA ? 0 : (int)length;
}

static int read_origin(int fd, bool user_xattr, struct walk_marks *marks, struct nacre_error *err)
{
	unsigned char value[ORIGIN_HEADER + WALK_HANDLE_MAX];
	ssize_t length = read_mark(fd, user_xattr, "origin", value, sizeof(value), err);

	if (length == -ENODATA)
		return 0;
	if (length < 0 && length != -ERANGE)
		return (int)length;
	marks->has_origin = true;
	if (length <= ORIGIN_HEADER || value[0] != ORIGIN_VERSION || value[1] != ORIGIN_MAGIC ||
		value[2] != length)
		return 0;
	marks->handle_type = value[4];
	marks->handle_length = (size_t)length - ORIGIN_HEADER;
	memcpy(marks->handle, value + ORIGIN_HEADER, marks->handle_length);
	return 0;
}

static int read_directory(
	int fd, bool user_xattr, struct walk_marks *marks, struct nacre_error *err)
{
	char value = 0;
	ssize_t length = read_mark(fd, user_xattr, "opaque", &value, 1, err);

	if (length < 0 && length != -ENODATA && length != -ERANGE)
		return (int)length;
	marks->opaque = length == 1 && value == 'y';
	/* "x" means that whiteouts below are attributes, in layers that others made. */
	marks->strange |= length != -ENODATA && !marks->opaque;
	length = read_mark(
		fd, user_xattr, "redirect", marks->redirect, sizeof(marks->redirect), err);
	if (length < 0 && length != -ENODATA && length != -ERANGE)
		return (int)length;
	marks->has_redirect = length != -ENODATA;
	marks->redirect_length = length > 0 ? (size_t)length : 0;
	return 0;
}

int walk_marks_read(
	int fd, bool user_xattr, bool directory, struct walk_marks *ret, struct nacre_error *err)
{
	/* metacopy: the content is the source's, if not that of any other file that a redirect
	 * names (off: CVE-2023-0386 and its kind). whiteout: of layers that others made. */
	static const char *const others[] = {"metacopy", "whiteout"};
	int r;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		r = has_mark(fd, user_xattr, others[i], err);
		if (r < 0)
			return r;
		ret->strange |= r > 0;
	}
	r = read_origin(fd, user_xattr, ret, err);
	if (r < 0)
		return r;
	if (directory)
		return read_directory(fd, user_xattr, ret, err);
	r = has_mark(fd, user_xattr, "redirect", err);
	ret->strange |= r > 0;
	return r < 0 ? r : 0;
}

int walk_marks_is_origin(const struct walk_marks *marks, int dirfd, const char *name)
{
	union {
		struct file_handle handle;
		char space[sizeof(struct file_handle) + WALK_HANDLE_MAX];
	} found = {.handle = {.handle_bytes = WALK_HANDLE_MAX}};
	int mount_id;

	if (!marks->handle_length || name_to_handle_at(dirfd, name, &found.handle, &mount_id,
					     *name ? 0 : AT_EMPTY_PATH) < 0)
		return -ENOTSUP;
	return found.handle.handle_type == marks->handle_type &&
	       found.handle.handle_bytes == marks->handle_length &&
	       !memcmp(found.handle.f_handle, marks->handle, marks->handle_length);
}
