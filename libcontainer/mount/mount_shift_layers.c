/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_shift_layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mountinfo.h"
#include "specs/harden_userns.h"
#include "specs/mount_layers.h"
#include "specs/path_text.h"

enum {
	STATMOUNT_MIN = 8 * 1024, /* enough for 20 layers of an engine */
	STATMOUNT_MAX = 16 * 1024 * 1024,
	LAYERS_MAX = 500, /* OVL_MAX_STACK of the kernel */
};

/* The engine's options that say how the layers are read; the others are dropped. */
static const char *const kept_words[] = {
	"redirect_dir=", "metacopy=", "userxattr", "verity=", NULL};

struct reading {
	struct arena *arena;
	struct mount_shift_layers *layers;
	const char *bases[2]; /* that relative paths may be relative to */
	const char *upper;
	struct nacre_error *err;
};

static int cannot(const char *why, struct nacre_error *err)
{
	return fail(err, EOPNOTSUPP, "the root is an overlay, and %s", why);
}

/* Returns PATH without its last two components; NULL: it has fewer, or there is no memory. */
static const char *two_above(struct arena *arena, const char *path)
{
	const char *end = path + strlen(path);

	for (int i = 0; i < 2; i++) {
		while (end > path && end[-1] != '/')
			end--;
		if (end <= path + 1)
			return NULL;
		end--;
	}
	return *path == '/' ? arena_strndup(arena, path, (size_t)(end - path)) : NULL;
}

/* Finds what the relative PATH leads to from the first of the bases where it is. All other relative
 * paths begin there, too. */
static int find_relative(
	struct reading *r, const char *path, struct stat *ret, const char **ret_base)
{
	for (size_t i = 0; i < sizeof(r->bases) / sizeof(r->bases[0]); i++) {
		const char *base = r->bases[i];
		const char *joined = base ? arena_printf(r->arena, "%s/%s", base, path) : NULL;

		if (base && !joined)
			return -ENOMEM;
		if (joined && stat(joined, ret) == 0) {
			*ret_base = r->bases[0] = r->bases[1] = base;
			return 0;
		}
		if (joined && errno != ENOENT)
			return -errno;
	}
	return -ENOENT;
}

static int find_layer(struct reading *r, const char *path, struct mount_shift_layer *ret_layer)
{
	const char *base = NULL;
	struct stat st;
	int result;

	if (*path == '/') {
		base = two_above(r->arena, path);
		result = stat(path, &st) < 0 ? -errno : 0;
	} else {
		result = find_relative(r, path, &st, &base);
	}
	if (result < 0)
		return result;
	*ret_layer = (struct mount_shift_layer){.name = arena_strdup(r->arena, path),
		.base = base,
		.device = st.st_dev,
		.inode = st.st_ino};
	return ret_layer->name ? 0 : -ENOMEM;
}

static int add_layer(struct reading *r, const char *path)
{
	struct mount_shift_layers *layers = r->layers;
	int result;

	if (layers->n == LAYERS_MAX)
		return cannot("it has too many layers", r->err);
	result = find_layer(r, path, &layers->items[layers->n]);
	if (result < 0)
		return fail(r->err, EOPNOTSUPP,
			"the root is an overlay, and its layer %.200s cannot be opened: %s", path,
			strerrordesc_np(-result));
	layers->n++;
	return 0;
}

/* "lowerdir=A:B", or one of several "lowerdir+=A". */
static int add_lower(struct reading *r, const char *text, bool list)
{
	char path[PATH_TEXT_MAX];
	int result = 0;

	while (result == 0 && *text) {
		result = mount_layers_take(&text, list, path);
		if (result < 0)
			return fail_errno(r->err, result, "a layer of the root");
		if (!path[0])
			return cannot("it has layers of data alone", r->err);
		result = add_layer(r, path);
		text += *text == ':';
	}
	return result;
}

static int keep_word(struct reading *r, const char *word)
{
	/* A host policy that confines the container by that label would not apply to a second
	 * mount. */
	if (mount_layers_has_label(word))
		return cannot("it has a label of its own", r->err);
	for (size_t i = 0; kept_words[i]; i++)
		if (!strncmp(word, kept_words[i], strlen(kept_words[i])))
			r->layers->words.items[r->layers->words.n++] = word;
	return 0;
}

/* Takes one option, a lower layer only if LOWERS: the upperdir comes first, wherever it stands. */
static int take_word(struct reading *r, const char *word, bool lowers)
{
	bool list, written;
	size_t length = mount_layers_key(word, &list, &written);

	if (!length)
		return lowers ? 0 : keep_word(r, word);
	if (!strncmp(word, "datadir", strlen("datadir")))
		return cannot("it has layers of data alone", r->err);
	if (!written)
		return lowers ? add_lower(r, word + length, list) : 0;
	if (*word == 'u')
		r->upper = word + length;
	return 0;
}

/* Reads the words of OPTIONS, which it splits in place. */
static int read_options(struct reading *r, char *options)
{
	const char **words;
	size_t n = 1;
	int result = 0;

	if (!options)
		return arena_fail(r->arena, "layers", r->err);
	for (const char *p = options; *p; p++)
		n += *p == ',';
	words = arena_array(r->arena, n, sizeof(*words));
	r->layers->words.items = arena_array(r->arena, n + 1, sizeof(*words));
	r->layers->items = arena_array(r->arena, LAYERS_MAX, sizeof(*r->layers->items));
	if (!words || !r->layers->words.items || !r->layers->items)
		return arena_fail(r->arena, "layers", r->err);
	for (size_t i = 0; i < n; i++) {
		char *word = strsep(&options, ",");

		mountinfo_unescape(word);
		words[i] = word;
	}
	for (size_t i = 0; i < n && result == 0; i++)
		result = take_word(r, words[i], false);
	/* The second overlay writes elsewhere. */
	r->layers->words.items[r->layers->words.n++] = "index=off";
	if (result == 0 && r->upper) {
		r->bases[1] = two_above(r->arena, r->upper);
		result = add_layer(r, r->upper);
		r->layers->has_upper = true;
	}
	for (size_t i = 0; i < n && result == 0; i++)
		result = take_word(r, words[i], true);
	return result;
}

/* Asks for the mount with the unique id ID alone: mountinfo would show all that the host has. Heap,
 * NULL with errno. */
static struct sys_statmount *stat_mount(uint64_t id)
{
	const uint64_t mask = SYS_STATMOUNT_MAGIC | SYS_STATMOUNT_ROOT | SYS_STATMOUNT_POINT |
			      SYS_STATMOUNT_OPTIONS;
	int r = -EOVERFLOW;

	for (size_t size = STATMOUNT_MIN; r == -EOVERFLOW && size <= STATMOUNT_MAX; size *= 2) {
		struct sys_statmount *mount = malloc(size);

		r = mount ? sys_statmount(id, mask, mount, size) : -ENOMEM;
		if (r == 0 && (mount->mask & mask) == mask)
			return mount;
		free(mount);
	}
	errno = r < 0 ? -r : EOPNOTSUPP; /* before Linux 6.11 there are no options */
	return NULL;
}

int mount_shift_layers_find(struct arena *arena, int rootfs_fd,
	struct mount_shift_layers *ret_layers, struct nacre_error *err)
{
	struct reading r = {.arena = arena, .layers = ret_layers, .err = err};
	cleanup_free struct sys_statmount *mount = NULL;
	struct statx stx;

	*ret_layers = (struct mount_shift_layers){.n = 0};
	if (statx(rootfs_fd, "", AT_EMPTY_PATH, STATX_MNT_ID_UNIQUE, &stx) < 0)
		return fail_errno(err, errno, "stat the root");
	if (!(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return cannot("no mount of its own", err);
	mount = stat_mount(stx.stx_mnt_id);
	if (!mount)
		return fail(err, EOPNOTSUPP,
			"the root is an overlay, and statmount(2) does not show its layers: %s",
			strerrordesc_np(errno));
	if (mount->magic != OVERLAYFS_SUPER_MAGIC || strcmp(mount->text + mount->root, "/") != 0)
		return cannot("statmount(2) shows another mount", err);
	r.bases[0] = two_above(arena, mount->text + mount->point);
	return read_options(&r, arena_strdup(arena, mount->text + mount->options));
}

const char *mount_shift_layers_in_base(const struct mount_shift_layer *layer)
{
	const char *name = layer->name;

	return *name == '/' ? name + strlen(layer->base) + 1 : name;
}

int mount_shift_layers_open_one(const struct mount_shift_layer *layer)
{
	cleanup_close int base_fd = -1;

	if (*layer->name == '/')
		return sys_openat2(
			AT_FDCWD, layer->name, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_MAGICLINKS);
	base_fd = open(layer->base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return base_fd < 0 ? -errno
			   : sys_openat2(base_fd, layer->name, O_PATH | O_DIRECTORY, 0,
				     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

/* --- comparing --- */

static bool same(const struct stat *a, const struct stat *mapped, uid_t root_id)
{
	const bool directory = S_ISDIR(a->st_mode);

	if (a->st_mode != mapped->st_mode || a->st_mtim.tv_sec != mapped->st_mtim.tv_sec ||
		a->st_mtim.tv_nsec != mapped->st_mtim.tv_nsec || a->st_rdev != mapped->st_rdev ||
		(a->st_uid < HARDEN_BELOW_SINGLE && a->st_uid + root_id != mapped->st_uid))
		return false;
	/* The inode number of a directory in several layers is the overlay's own. */
	return directory || (a->st_size == mapped->st_size && a->st_ino == mapped->st_ino);
}

/* Returns the next entry but . and ..; NULL with errno 0: there is none. */
static const struct dirent *next_entry(DIR *dir)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(dir);
	} while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
	return entry;
}

/* Returns 1, 0 or -errno. */
static int compare_entry(DIR *dir, DIR *mapped, const char *name, uid_t root_id)
{
	struct stat a, b;

	if (fstatat(dirfd(dir), name, &a, AT_SYMLINK_NOFOLLOW) < 0 ||
		fstatat(dirfd(mapped), name, &b, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return same(&a, &b, root_id);
}

/* Compares what both directories list: the names, and for each the inode number that the topmost
 * layer has for it. That costs a look into each layer; to look a name up costs as much again.
 * This is done for the first, which must have its owner mapped, and where the numbers differ: what
 * was copied up keeps its number. Returns 1, -errno, or 0: they differ, if only in their order. */
static int compare_lists(DIR *dir, DIR *mapped, uid_t root_id)
{
	bool first = true;
	int r = 1;

	while (r == 1) {
		const struct dirent *a = next_entry(dir);
		const struct dirent *b = a || errno == 0 ? next_entry(mapped) : NULL;

		if (!a || !b)
			return errno ? -errno : !a && !b;
		if (strcmp(a->d_name, b->d_name) != 0)
			return 0;
		if (first || a->d_ino != b->d_ino || a->d_type != b->d_type)
			r = compare_entry(dir, mapped, a->d_name, root_id);
		first = false;
	}
	return r;
}

static int compare_each(DIR *dir, DIR *mapped, uid_t root_id)
{
	const struct dirent *entry;
	size_t n = 0;
	int r = 1;

	while (r == 1 && (entry = next_entry(dir))) {
		r = compare_entry(dir, mapped, entry->d_name, root_id);
		n++;
	}
	if (r != 1 || errno)
		return r != 1 ? r : -errno;
	while (next_entry(mapped))
		n--;
	return errno ? -errno : n == 0;
}

static DIR *open_list(int fd)
{
	cleanup_close int dir_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = dir_fd < 0 ? NULL : fdopendir(dir_fd);

	if (dir)
		(void)fd_steal(&dir_fd);
	return dir;
}

int mount_shift_layers_compare(int rootfs_fd, int mapped_fd, uid_t root_id, struct nacre_error *err)
{
	cleanup_dir DIR *dir = open_list(rootfs_fd);
	cleanup_dir DIR *mapped = dir ? open_list(mapped_fd) : NULL;
	int r = mapped ? compare_lists(dir, mapped, root_id) : -errno;

	if (r == 0) {
		rewinddir(dir);
		rewinddir(mapped);
		r = compare_each(dir, mapped, root_id);
	}
	if (r < 0)
		return fail_errno(err, r, "compare the root with its layers");
	return r ? 0 : cannot("its layers, as their names lead to them, show something else", err);
}
