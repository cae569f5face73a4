/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "specs/mount_words.h"

enum {
	MESSAGE_MAX = 256,
	VALUE_MAX = 255, /* of fsconfig(2), for keys and values */
	LAYERS_MAX = 16, /* more paths of fds than a value has room for, and two directories */
};

/* The fds that an overlay's paths lead through. Before Linux 6.5 they are followed at its creation,
 * not when they are set. */
struct layers {
	int fds[LAYERS_MAX];
	size_t n;
};

static void close_layers(struct layers *layers)
{
	while (layers->n)
		(void)close(layers->fds[--layers->n]);
}

#define cleanup_layers __attribute__((cleanup(close_layers)))

struct super_word {
	unsigned flag;
	const char *set;
	const char *clear;
};

/* The words of fsconfig for the superblock flags of mount(2). MS_SILENT has none: it only kept
 * messages out of the kernel log, and a context keeps its messages to itself. Those of the second
 * half are up to the filesystem. */
/* clang-format off */
static const struct super_word super_words[] = {
	{MS_SYNCHRONOUS, "sync",     "async"},
	{MS_DIRSYNC,     "dirsync",  NULL},
	{MS_MANDLOCK,    "mand",     "nomand"},
	{MS_LAZYTIME,    "lazytime", "nolazytime"},

	{MS_POSIXACL,    "acl",      "noacl"},
	{MS_I_VERSION,   "iversion", "noiversion"},
};
/* clang-format on */

/* Adds what the kernel says about the context, one message a read: "e tmpfs: Bad value for 'size'".
 */
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

/* One path of TEXT, up to a colon if it is a LIST; "\" takes the next character as it is. Returns
 * where it ends, or NULL if it is too long. */
static const char *take_path(const char *text, bool list, char ret_path[PATH_MAX])
{
	size_t used = 0;

	for (; *text && !(list && *text == ':'); text++) {
		if (*text == '\\' && text[1])
			text++;
		if (used == PATH_MAX - 1)
			return NULL;
		ret_path[used++] = *text;
	}
	ret_path[used] = '\0';
	return text;
}

/* An overlay's paths, where they are too long for fsconfig(2) though mount(2) would take a page of
 * them: as /proc/self/fd/N. "::" begins layers of data alone. */
static int shorten_paths(const char *key, const char *value, struct layers *layers,
	char ret_value[VALUE_MAX + 1], struct nacre_error *err)
{
	const bool list = strcmp(key, "lowerdir") == 0;
	char path[PATH_MAX];
	size_t used = 0;

	while (*value) {
		int fd;

		if (used > VALUE_MAX - sizeof("/proc/self/fd/2147483647") ||
			layers->n == LAYERS_MAX)
			return fail(err, E2BIG,
				"overlay: %s: more layers of long names than %d bytes have room "
				"for",
				key, VALUE_MAX);
		if (list && *value == ':') {
			ret_value[used++] = *value++;
			continue;
		}
		value = take_path(value, list, path);
		if (!value)
			return fail(err, ENAMETOOLONG,
				"overlay: %s: a path is longer than %d bytes", key, PATH_MAX - 1);
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return fail_errno(err, errno, "overlay: %s: open %s", key, path);
		layers->fds[layers->n++] = fd;
		used += (size_t)sprintf(ret_value + used, "/proc/self/fd/%d", fd);
	}
	ret_value[used] = '\0';
	return 0;
}

static bool is_path_of_overlay(const struct filesystem *fs, const char *key)
{
	return strcmp(fs->type, "overlay") == 0 &&
	       (strcmp(key, "lowerdir") == 0 || strcmp(key, "upperdir") == 0 ||
		       strcmp(key, "workdir") == 0);
}

static int set_string(int fs_fd, const struct filesystem *fs, const char *key, const char *value,
	struct layers *layers, struct nacre_error *err)
{
	char shorter[VALUE_MAX + 1];
	int r;

	if (strlen(value) > VALUE_MAX && is_path_of_overlay(fs, key)) {
		r = shorten_paths(key, value, layers, shorter, err);
		if (r < 0)
			return r;
		value = shorter;
	}
	if (strlen(value) > VALUE_MAX)
		return fail(err, EINVAL, "%s: %s is longer than the kernel takes (%d bytes)",
			fs->type, key, VALUE_MAX);
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
static int set_word(int fs_fd, const struct filesystem *fs, const char *word, struct layers *layers,
	struct nacre_error *err)
{
	const char *equals = strchr(word, '=');
	char key[VALUE_MAX + 1];

	if (!equals)
		return set_flag(fs_fd, fs, word, err);
	if ((size_t)(equals - word) >= sizeof(key))
		return fail(err, EINVAL, "%s: option \"%.32s...\" is too long", fs->type, word);
	memcpy(key, word, (size_t)(equals - word));
	key[equals - word] = '\0';
	return set_string(fs_fd, fs, key, equals + 1, layers, err);
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

/* The filesystems of the kernel that label their files themselves. */
static bool takes_label(const char *type)
{
	return strcmp(type, "proc") != 0 && strcmp(type, "sysfs") != 0 &&
	       strcmp(type, "cgroup2") != 0;
}

static int configure(
	int fs_fd, const struct filesystem *fs, struct layers *layers, struct nacre_error *err)
{
	char mode[16];
	int r;

	r = fs->source ? set_string(fs_fd, fs, "source", fs->source, layers, err) : 0;
	if (r < 0)
		return r;
	r = set_super(fs_fd, fs, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < fs->options.n; i++) {
		r = mount_word_is_data(fs->options.items[i])
			    ? set_word(fs_fd, fs, fs->options.items[i], layers, err)
			    : 0;
		if (r < 0)
			return r;
	}
	if (fs->mode >= 0 && !mount_options_have_key(&fs->options, "mode")) {
		(void)snprintf(mode, sizeof(mode), "%o", (unsigned)fs->mode & 07777);
		r = set_string(fs_fd, fs, "mode", mode, layers, err);
		if (r < 0)
			return r;
	}
	if (fs->label && fs->label[0] != '\0' && takes_label(fs->type) &&
		!mount_options_have_key(&fs->options, "context"))
		return set_string(fs_fd, fs, "context", fs->label, layers, err);
	return 0;
}

static int create(int fs_fd, const struct filesystem *fs, struct nacre_error *err)
{
	cleanup_layers struct layers layers = {.n = 0};
	int r;
	int fd;

	r = configure(fs_fd, fs, &layers, err);
	if (r < 0)
		return r;
	r = sys_fsconfig(fs_fd, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return fail_context(fs_fd, r, fs->type, "create the filesystem", err);
	fd = sys_fsmount(fs_fd, fs->attr);
	if (fd < 0)
		return fail_context(fs_fd, fd, fs->type, "mount the filesystem", err);
	return fd;
}

int mount_filesystem(const struct filesystem *fs, struct nacre_error *err)
{
	cleanup_close int fs_fd = sys_fsopen(fs->type);

	if (fs_fd == -ENODEV)
		return fail(err, ENODEV, "%s: the kernel has no such filesystem", fs->type);
	if (fs_fd < 0)
		return fail_errno(err, fs_fd, "%s", fs->type);
	return create(fs_fd, fs, err);
}

int mount_reconfigure(const struct filesystem *fs, int target_fd, struct nacre_error *err)
{
	cleanup_layers struct layers layers = {.n = 0};
	struct filesystem words = *fs;
	cleanup_close int fs_fd = sys_fspick(target_fd);
	int r;

	if (!words.type)
		words.type = "remount";
	if (fs_fd < 0)
		return fail_errno(err, fs_fd, "%s: remount", words.type);
	r = configure(fs_fd, &words, &layers, err);
	if (r < 0)
		return r;
	r = sys_fsconfig(fs_fd, SYS_FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
	return r < 0 ? fail_context(fs_fd, r, words.type, "remount", err) : 0;
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
