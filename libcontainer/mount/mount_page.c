/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "specs/mount_words.h"

enum {
	PAGE_TEXT = 4096, /* with the NUL: limit of mount(2); no machine has smaller pages */
	FD_LINK = 32,
};

struct page {
	char text[PAGE_TEXT];
	size_t used;
};

bool mount_page_takes(const struct oci_strings *words)
{
	size_t length = 0;

	for (size_t i = 0; i < words->n; i++)
		length += strlen(words->items[i]) + 1;
	return length < PAGE_TEXT;
}

static int append(const struct filesystem *fs, struct page *page, struct nacre_error *err,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

static int append(const struct filesystem *fs, struct page *page, struct nacre_error *err,
	const char *format, ...)
{
	const size_t room = sizeof(page->text) - page->used;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(page->text + page->used, room, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= room)
		return fail(err, E2BIG,
			"%s: the options have more than the %d bytes that mount(2) takes", fs->type,
			PAGE_TEXT - 1);
	page->used += (size_t)n;
	return 0;
}

/* Refuses a comma: it would end the option, and what follows would be another one. */
static int append_word(
	const struct filesystem *fs, struct page *page, const char *word, struct nacre_error *err)
{
	if (strchr(word, ','))
		return fail(err, EINVAL,
			"%s: option \"%.32s...\": a comma cannot be said to mount(2), which takes "
			"the options because one has more than %d bytes, or is acl or iversion",
			fs->type, word, MOUNT_VALUE_MAX);
	return append(fs, page, err, "%s%s", page->used ? "," : "", word);
}

static int write_page(const struct filesystem *fs, struct page *page, struct nacre_error *err)
{
	int r = 0;

	for (size_t i = 0; i < fs->options.n && r == 0; i++) {
		if (mount_word_is_data(fs->options.items[i]))
			r = append_word(fs, page, fs->options.items[i], err);
	}
	if (r == 0 && mount_fs_adds_mode(fs))
		r = append(fs, page, err, "%smode=%o", page->used ? "," : "",
			(unsigned)fs->mode & 07777);
	/* SELinux finds the end of a label with commas by its quotes. */
	if (r == 0 && mount_fs_adds_label(fs))
		r = append(fs, page, err, "%scontext=\"%s\"", page->used ? "," : "", fs->label);
	return r;
}

/* Clones what lies on PLACE_FD, detached, and unmounts it there. */
static int take(int place_fd, const char *type, struct nacre_error *err)
{
	/* ".." of a root stays there, but steps onto what is mounted on it. */
	cleanup_close int top_fd = sys_openat2(
		place_fd, "/..", O_PATH | O_DIRECTORY, 0, RESOLVE_IN_ROOT);
	cleanup_close int tree_fd = -1;
	char link[FD_LINK];

	if (top_fd < 0)
		return fail_errno(err, top_fd, "%s: open the filesystem", type);
	tree_fd = sys_open_tree(top_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", top_fd);
	if (umount2(link, MNT_DETACH) < 0)
		return fail_errno(err, errno, "%s: take the filesystem away", type);
	if (tree_fd < 0)
		return fail_errno(err, tree_fd, "%s: clone the filesystem", type);
	return fd_steal(&tree_fd);
}

int mount_by_page(const struct filesystem *fs, struct nacre_error *err)
{
	const struct sys_mount_attr attr = {
		.attr_set = fs->attr,
		.attr_clr = MOUNT_ATTR__ATIME,
	};
	struct page page = {.used = 0};
	cleanup_close int tree_fd = -1;
	char link[FD_LINK];
	int r;

	r = write_page(fs, &page, err);
	if (r < 0)
		return r;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", *fs->place_fd);
	if (mount(fs->source ? fs->source : "none", link, fs->type, fs->super_flags, page.text) < 0)
		return errno == ENODEV ? fail(err, ENODEV, "%s: the kernel has no such filesystem",
						 fs->type)
				       : fail_errno(err, errno, "%s: mount(2) with \"%.200s%s\"",
						 fs->type, page.text, page.used > 200 ? "..." : "");
	tree_fd = take(*fs->place_fd, fs->type, err);
	if (tree_fd < 0)
		return tree_fd;
	r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH, &attr);
	if (r < 0)
		return fail_errno(err, r, "%s: set mount flags", fs->type);
	return fd_steal(&tree_fd);
}
