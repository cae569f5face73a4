/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_identity.h"
#include "libcontainer/mount/mount_page.h"
#include "specs/mount_layers.h"
#include "specs/mount_types.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

#define FD_PATH "/proc/self/fd/%d"
enum {
	FD_PATH_MAX = sizeof("/proc/self/fd/2147483647"),
};

void mount_overlay_close(struct mount_overlay *overlay)
{
	while (overlay->n_fds)
		(void)close(overlay->fds[--overlay->n_fds]);
}

static int keep(const struct mount_guard *guard, struct mount_overlay *overlay, int *fd)
{
	int *fds = arena_array(guard->arena, overlay->n_fds + 1, sizeof(*fds));

	if (!fds)
		return -ENOMEM;
	if (overlay->n_fds)
		memcpy(fds, overlay->fds, overlay->n_fds * sizeof(*fds));
	overlay->fds = fds;
	overlay->fds[overlay->n_fds++] = fd_steal(fd);
	return 0;
}

/* Opens a layer. A relative path stays below the directory that it is relative to, and a path
 * through the rootfs within that. Otherwise a symlink of the image would choose what of the host is
 * shown. */
static int open_layer(int rootfs_fd, const char *path, struct nacre_error *err)
{
	struct mount_identity root;
	const char *below;
	int r;

	if (path[0] != '/')
		return sys_openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0,
			RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	r = mount_identity_read(rootfs_fd, &root, err);
	if (r == 0)
		r = mount_identity_below(path, &root, &below, err);
	if (r < 0)
		return r;
	return below ? path_open(rootfs_fd, below, O_PATH | O_DIRECTORY)
		     : sys_openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0, 0);
}

static int add_layer(const struct mount_guard *guard, size_t index, const struct oci_layer *layer,
	struct mount_overlay *overlay, struct nacre_error *err)
{
	cleanup_close int fd = open_layer(overlay->rootfs_fd, layer->path, err);
	int r;

	if (fd == -EXDEV)
		return fail(err, EPERM,
			"%s: %s leads out of the directory that it is relative to: give it as an "
			"absolute path",
			layer->place, layer->path);
	if (fd < 0)
		return fail_errno(err, fd, "%s: open %s", layer->place, layer->path);
	r = mount_guard_layer(guard, index, layer, fd, err);
	if (r < 0)
		return r;
	return keep(guard, overlay, &fd) < 0 ? fail_errno(err, ENOMEM, "%s", layer->place) : 0;
}

/* Opens the layers of WORD. *RET_WORD: WORD with the paths of their fds instead. */
static int open_word(const struct mount_guard *guard, size_t index, const char *word,
	const char *place, struct mount_overlay *overlay, const char **ret_word,
	struct nacre_error *err)
{
	bool list;
	char path[PATH_TEXT_MAX];
	struct oci_layer layer = {.place = place, .path = path};
	const size_t length = mount_layers_key(word, &list, &layer.written);
	const char *text = word + length;
	/* A path has at least one byte, and most have more than that of an fd. */
	char *result = arena_array(guard->arena, strlen(word) + 1, FD_PATH_MAX);
	size_t used = length;

	if (!result)
		return fail_errno(err, ENOMEM, "%s", place);
	memcpy(result, word, length);
	while (*text) {
		int r = mount_layers_take(&text, list, path);

		if (r < 0)
			return fail_errno(err, r, "%s", place);
		r = path[0] ? add_layer(guard, index, &layer, overlay, err) : 0;
		if (r < 0)
			return r;
		if (path[0])
			used += (size_t)sprintf(
				result + used, FD_PATH, overlay->fds[overlay->n_fds - 1]);
		if (*text)
			result[used++] = *text++;
	}
	*ret_word = result;
	return 0;
}

static int open_layers(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	struct mount_overlay *overlay, struct nacre_error *err)
{
	const char **words = arena_array(guard->arena, mount->options.n, sizeof(*words));
	bool list, written;

	if (!words)
		return fail_errno(err, ENOMEM, "mounts[%zu].options", index);
	for (size_t k = 0; k < mount->options.n; k++) {
		char place[64];
		int r;

		words[k] = mount->options.items[k];
		if (!mount_layers_key(words[k], &list, &written))
			continue;
		(void)snprintf(place, sizeof(place), "mounts[%zu].options[%zu]", index, k);
		r = open_word(guard, index, words[k], place, overlay, &words[k], err);
		if (r < 0)
			return r;
	}
	overlay->options.items = words;
	return 0;
}

int mount_overlay_open(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	int rootfs_fd, struct mount_overlay *ret_overlay, struct nacre_error *err)
{
	*ret_overlay = (struct mount_overlay){.options = mount->options, .rootfs_fd = rootfs_fd};
	if (mount_kind(mount) != MOUNT_OVERLAY || !guard ||
		(!mount_guard_looks(guard) && mount_page_takes(&mount->options)))
		return 0;
	return open_layers(guard, mount, index, ret_overlay, err);
}
