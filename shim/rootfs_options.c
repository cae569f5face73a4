/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/rootfs_options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

static const char lower[] = "lowerdir=", uid_map[] = "uidmap=", gid_map[] = "gidmap=";

/* Lists the options of mount(8) that are flags. All others are passed to the filesystem. */
static const struct {
	const char *name;
	unsigned long set, clear;
} flags[] = {
	/* clang-format off */
	{"async", 0, MS_SYNCHRONOUS},
	{"atime", 0, MS_NOATIME},
	{"bind", MS_BIND, 0},
	{"defaults", 0, 0},
	{"dev", 0, MS_NODEV},
	{"diratime", 0, MS_NODIRATIME},
	{"dirsync", MS_DIRSYNC, 0},
	{"exec", 0, MS_NOEXEC},
	{"mand", MS_MANDLOCK, 0},
	{"noatime", MS_NOATIME, 0},
	{"nodev", MS_NODEV, 0},
	{"nodiratime", MS_NODIRATIME, 0},
	{"noexec", MS_NOEXEC, 0},
	{"nomand", 0, MS_MANDLOCK},
	{"norelatime", 0, MS_RELATIME},
	{"nostrictatime", 0, MS_STRICTATIME},
	{"nosuid", MS_NOSUID, 0},
	{"rbind", MS_BIND | MS_REC, 0},
	{"relatime", MS_RELATIME, 0},
	{"ro", MS_RDONLY, 0},
	{"rw", 0, MS_RDONLY},
	{"strictatime", MS_STRICTATIME, 0},
	{"suid", 0, MS_NOSUID},
	{"sync", MS_SYNCHRONOUS, 0},
	/* clang-format on */
};

/* Applies OPTION if it is a flag. Returns whether it is one. */
static bool take_flag(const char *option, unsigned long *value)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(option, flags[i].name) == 0) {
			*value = (*value & ~flags[i].clear) | flags[i].set;
			return true;
		}
	}
	return false;
}

/* Appends LENGTH bytes of TEXT. -E2BIG: they do not fit. */
static int add(char *data, size_t size, const char *text, size_t length)
{
	const size_t n = strlen(data);

	if (length >= size - n)
		return -E2BIG;
	memcpy(data + n, text, length);
	data[n + length] = '\0';
	return 0;
}

/* Returns the length of the directory prefix, with its last slash, that all layers of "a:b:c"
 * share; 0: none. A backslash quotes a colon: layers with one are not shortened. */
static size_t common_length(const char *layers)
{
	size_t common = strcspn(layers, ":");

	if (layers[0] != '/' || strchr(layers, '\\'))
		return 0;
	for (const char *at = strchr(layers, ':'); at; at = strchr(at + 1, ':')) {
		size_t n = 0;

		while (n < common && at[1 + n] == layers[n])
			n++;
		common = n;
	}
	while (common > 0 && layers[common - 1] != '/')
		common--;
	return common > 1 ? common : 0;
}

/* Appends the layers without the shared prefix. A layer that equals the prefix becomes ".", since a
 * name cannot be empty. */
static int add_shortened(char *data, size_t size, const char *layers, size_t common)
{
	int r = add(data, size, lower, strlen(lower));

	for (const char *at = layers; r == 0; at++) {
		const size_t n = strcspn(at, ":");

		r = n > common ? add(data, size, at + common, n - common) : add(data, size, ".", 1);
		at += n;
		if (!*at)
			return r;
		if (r == 0)
			r = add(data, size, ":", 1);
	}
	return r;
}

/* Takes OPTION if it is a map of containerd's, which the kernel does not know. */
static bool take_map(const char *option, struct rootfs_options *options)
{
	if (strncmp(option, uid_map, strlen(uid_map)) == 0)
		options->uids = option + strlen(uid_map);
	else if (strncmp(option, gid_map, strlen(gid_map)) == 0)
		options->gids = option + strlen(gid_map);
	else
		return false;
	return true;
}

/* Takes OPTION if it is one of containerd's about a loop device. */
static bool take_loop(const char *option, struct rootfs_options *options)
{
	if (strcmp(option, "loop") == 0)
		options->loop = true;
	else if (options->loop && strcmp(option, "direct-io") == 0)
		options->direct = true;
	else
		return false;
	return true;
}

static int write_data(
	char *const *words, size_t n, size_t size, bool shorten, struct rootfs_options *options)
{
	int r = 0;

	options->flags = 0;
	options->data[0] = options->directory[0] = '\0';
	for (size_t i = 0; r == 0 && i < n; i++) {
		const bool layers = strncmp(words[i], lower, strlen(lower)) == 0;
		const char *names = words[i] + strlen(lower);
		const size_t common = layers && shorten ? common_length(names) : 0;

		if (take_flag(words[i], &options->flags) || take_map(words[i], options) ||
			take_loop(words[i], options))
			continue;
		if (layers && options->uids && common == 0)
			return -EXDEV;
		if (options->data[0])
			r = add(options->data, size, ",", 1);
		if (r == 0 && common > 0) {
			r = add(options->directory, size, names, common);
			if (r == 0)
				r = add_shortened(options->data, size, names, common);
		} else if (r == 0) {
			r = add(options->data, size, words[i], strlen(words[i]));
		}
	}
	return r;
}

int rootfs_options_read(
	char *const *words, size_t n, size_t size, struct rootfs_options *ret_options)
{
	struct rootfs_options options = {.data = malloc(size), .directory = malloc(size)};
	int r = options.data && options.directory ? 0 : -ENOMEM;

	for (size_t i = 0; i < n; i++)
		if (!take_map(words[i], &options))
			(void)take_loop(words[i], &options);
	if (r == 0 && !options.uids != !options.gids)
		r = -EINVAL;
	if (r == 0)
		r = write_data(words, n, size, options.uids, &options);
	if (r == -E2BIG)
		r = write_data(words, n, size, true, &options);
	if (r < 0) {
		free(options.data);
		free(options.directory);
		return r;
	}
	*ret_options = options;
	return 0;
}
