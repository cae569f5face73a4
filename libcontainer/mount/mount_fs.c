/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_fs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_page.h"
#include "specs/mount_types.h"
#include "specs/mount_words.h"

enum {
	MESSAGE_MAX = 256,
	/* The flags of mount(2) that fsconfig(2) has no word for, unless the filesystem has. */
	OF_MOUNT_2 = MS_POSIXACL | MS_I_VERSION,
};

struct super_word {
	unsigned flag;
	const char *set;
	const char *clear;
};

/* The words of fsconfig for the superblock flags of mount(2). MS_SILENT has none: it only kept
 * messages out of the kernel log, and a context keeps its messages to itself. Those of the second
 * half depend on the filesystem, and so are only used on an existing one. */
/* clang-format off */
static const struct super_word super_words[] = {
	{MS_RDONLY,      "ro",       "rw"},
	{MS_SYNCHRONOUS, "sync",     "async"},
	{MS_DIRSYNC,     "dirsync",  NULL},
	{MS_MANDLOCK,    "mand",     "nomand"},
	{MS_LAZYTIME,    "lazytime", "nolazytime"},

	{MS_POSIXACL,    "acl",      "noacl"},
	{MS_I_VERSION,   "iversion", "noiversion"},
};
/* clang-format on */

/* Adds the kernel's message about the context, one per read: "e tmpfs: Bad value for 'size'". */
static int fail_context(
	int fs_fd, int code, const char *type, const char *what, struct nacre_error *err)
{
	char message[MESSAGE_MAX];
	ssize_t n = read(fs_fd, message, sizeof(message) - 1);
	int r;

	if (n <= 2)
		return fail_errno(err, code, "%s: %s", type, what);
	message[n] = '\0';
	message[strcspn(message, "\n")] = '\0';
	r = fail_errno(err, code, "%s: %s", type, what);
	n = (ssize_t)strlen(err->text);
	(void)snprintf(err->text + n, sizeof(err->text) - (size_t)n, " (%s)", message + 2);
	return r;
}

static int set_string(int fs_fd, const struct filesystem *fs, const char *key, const char *value,
	struct nacre_error *err)
{
	int r;

	if (strlen(value) > MOUNT_VALUE_MAX)
		return fail(err, EINVAL, "%s: %s is longer than the kernel takes (%d bytes)",
			fs->type, key, MOUNT_VALUE_MAX);
	r = sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_STRING, key, value, 0);
	return r < 0 ? fail_context(fs_fd, r, fs->type, key, err) : 0;
}

static int set_flag(
	int fs_fd, const struct filesystem *fs, const char *word, struct nacre_error *err)
{
	int r = sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_FLAG, word, NULL, 0);

	return r < 0 ? fail_context(fs_fd, r, fs->type, word, err) : 0;
}

/* "size=64m" or "noswap". A comma is no separator here, so a value cannot smuggle in another
 * option. */
static int set_word(
	int fs_fd, const struct filesystem *fs, const char *word, struct nacre_error *err)
{
	const char *equals = strchr(word, '=');
	char key[MOUNT_VALUE_MAX + 1];

	if (!equals)
		return set_flag(fs_fd, fs, word, err);
	if ((size_t)(equals - word) >= sizeof(key))
		return fail(err, EINVAL, "%s: option \"%.32s...\" is too long", fs->type, word);
	memcpy(key, word, (size_t)(equals - word));
	key[equals - word] = '\0';
	return set_string(fs_fd, fs, key, equals + 1, err);
}

static int set_super(int fs_fd, const struct filesystem *fs, struct nacre_error *err)
{
	int r;

	for (size_t i = 0; i < sizeof(super_words) / sizeof(super_words[0]); i++) {
		const struct super_word *w = &super_words[i];
		const char *word = NULL;

		if (fs->super_flags & w->flag)
			word = w->set;
		else if (fs->super_clear & w->flag)
			word = w->clear;
		r = word ? set_flag(fs_fd, fs, word, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Whether TYPE takes a label: filesystems that show the kernel label their files themselves. */
static bool takes_label(const char *type)
{
	const struct mount_type *row = mount_type_find(type);

	return !row ||
	       (row->kind != MOUNT_PROC && row->kind != MOUNT_SYSFS && row->kind != MOUNT_CGROUP);
}

bool mount_fs_adds_mode(const struct filesystem *fs)
{
	return fs->mode >= 0 && !mount_options_have_key(&fs->options, "mode");
}

bool mount_fs_adds_label(const struct filesystem *fs)
{
	return fs->label && fs->label[0] != '\0' && takes_label(fs->type) &&
	       !mount_options_have_key(&fs->options, "context");
}

static int configure(int fs_fd, const struct filesystem *fs, struct nacre_error *err)
{
	char mode[16];
	int r;

	r = fs->source ? set_string(fs_fd, fs, "source", fs->source, err) : 0;
	if (r < 0)
		return r;
	r = set_super(fs_fd, fs, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < fs->options.n; i++) {
		r = mount_word_is_data(fs->options.items[i])
			    ? set_word(fs_fd, fs, fs->options.items[i], err)
			    : 0;
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < fs->n_fds; i++) {
		const struct filesystem_fd *file = &fs->fds[i];

		r = sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_FD, file->key, NULL, file->fd);
		if (r < 0)
			return fail_context(fs_fd, r, fs->type, file->key, err);
	}
	if (mount_fs_adds_mode(fs)) {
		(void)snprintf(mode, sizeof(mode), "%o", (unsigned)fs->mode & 07777);
		r = set_string(fs_fd, fs, "mode", mode, err);
		if (r < 0)
			return r;
	}
	if (mount_fs_adds_label(fs))
		return set_string(fs_fd, fs, "context", fs->label, err);
	return 0;
}

static int create(int fs_fd, const struct filesystem *fs, struct nacre_error *err)
{
	int r;
	int fd;

	r = configure(fs_fd, fs, err);
	if (r < 0)
		return r;
	r = sys_fsconfig(fs_fd, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r == -EPERM && fs->source && mount_type_opens_disk(fs->type))
		return fail_context(fs_fd, r, fs->type,
			"create the filesystem: a user namespace, or a device filter of systemd or "
			"of "
			"a cgroup above, denies the disk; for the latter allow it in "
			"linux.resources.devices",
			err);
	if (r < 0)
		return fail_context(fs_fd, r, fs->type, "create the filesystem", err);
	fd = sys_fsmount(fs_fd, fs->attr);
	if (fd < 0)
		return fail_context(fs_fd, fd, fs->type, "mount the filesystem", err);
	return fd;
}

/* Whether only mount(2) can take the options. */
static bool needs_mount_2(const struct filesystem *fs)
{
	bool found = fs->super_flags & OF_MOUNT_2 ||
		     (fs->source && strlen(fs->source) > MOUNT_VALUE_MAX);

	for (size_t i = 0; i < fs->options.n && !found; i++) {
		const char *equals = strchr(fs->options.items[i], '=');

		found = equals && strlen(equals + 1) > MOUNT_VALUE_MAX;
	}
	return found;
}

static int make(const struct filesystem *fs, struct nacre_error *err)
{
	struct filesystem words = *fs;
	cleanup_close int fs_fd = -1;

	words.super_clear &= ~(unsigned)OF_MOUNT_2; /* clear in a new filesystem */
	fs_fd = sys_fsopen(fs->type);

	if (fs_fd == -ENODEV)
		return fail(err, ENODEV, "%s: the kernel has no such filesystem", fs->type);
	if (fs_fd < 0)
		return fail_errno(err, fs_fd, "%s", fs->type);
	return create(fs_fd, &words, err);
}

int mount_filesystem(const struct filesystem *fs, struct nacre_error *err)
{
	struct filesystem words = *fs;

	if (fs->attr & MOUNT_ATTR_RDONLY && mount_type_writes_below(fs->type))
		words.super_flags |= MS_RDONLY;
	return fs->place_fd && needs_mount_2(fs) ? mount_by_page(&words, err) : make(&words, err);
}

int mount_reconfigure(const struct filesystem *fs, int target_fd, struct nacre_error *err)
{
	struct filesystem words = *fs;
	cleanup_close int fs_fd = sys_fspick(target_fd);
	int r;

	if (!words.type)
		words.type = "remount";
	if (fs_fd < 0)
		return fail_errno(err, fs_fd, "%s: remount", words.type);
	r = configure(fs_fd, &words, err);
	if (r < 0)
		return r;
	r = sys_fsconfig(fs_fd, SYS_FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
	return r < 0 ? fail_context(fs_fd, r, words.type, "remount", err) : 0;
}

int mount_check_calls(struct nacre_error *err)
{
	/* Fails in any case: with EFAULT, or for whoever may not mount with EPERM. */
	return sys_fsopen(NULL) == -ENOSYS
		       ? fail(err, ENOSYS,
				 "nacre was started in a sandbox or container whose seccomp filter "
				 "refuses the calls that mount (fsopen): start it outside, or run "
				 "the command without it, confined by what is there already")
		       : 0;
}

int mount_empty(struct nacre_error *err)
{
	static const char *const words[] = {"mode=555", "nr_blocks=1", "nr_inodes=1"};
	const struct filesystem fs = {
		.type = "tmpfs",
		.source = "tmpfs",
		.options = {(const char **)words, sizeof(words) / sizeof(words[0])},
		.attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			MOUNT_ATTR_NOEXEC,
		.mode = -1,
	};

	return mount_filesystem(&fs, err);
}
