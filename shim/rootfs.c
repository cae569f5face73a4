/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/rootfs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Options of mount(8) that are flags. What is not here is the filesystem's own. */
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

/* Takes OPTION as a flag. Returns whether it is one. */
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

/* Writes the filesystem's options, a comma between two. -1: they are longer than mount(2) takes. */
static int add_option(char *data, size_t size, const char *option)
{
	const size_t n = strlen(data);
	const int added = snprintf(data + n, size - n, "%s%s", n > 0 ? "," : "", option);

	return added < 0 || (size_t)added >= size - n ? -1 : 0;
}

static int mount_one(const char *target, const Wire__Mount *mount_, char text[static JOB_TEXT])
{
	char *data = calloc(1, (size_t)sysconf(_SC_PAGESIZE));
	unsigned long value = 0;
	int r = data ? 0 : -1;

	if (mount_->target[0] && strcmp(mount_->target, "/") != 0) {
		(void)snprintf(text, JOB_TEXT,
			"mount on %.300s in the root filesystem: not supported", mount_->target);
		free(data);
		return -1;
	}
	for (size_t i = 0; r == 0 && i < mount_->n_options; i++) {
		if (!take_flag(mount_->options[i], &value))
			r = add_option(data, (size_t)sysconf(_SC_PAGESIZE), mount_->options[i]);
	}
	if (r < 0) {
		(void)snprintf(
			text, JOB_TEXT, "mount %.800s: its options are longer than a page", target);
		free(data);
		return -1;
	}
	r = mount(mount_->source, target, mount_->type, value, data);
	/* A bind takes no other flag at first. */
	if (r == 0 && (value & MS_BIND) && (value & ~(unsigned long)(MS_BIND | MS_REC)))
		r = mount(NULL, target, NULL, value | MS_REMOUNT, NULL);
	if (r < 0)
		(void)snprintf(text, JOB_TEXT, "mount %.300s of %.50s on %.300s: %s",
			mount_->source, mount_->type, target, strerror(errno));
	free(data);
	return r;
}

int rootfs_mount(
	const char *bundle, Wire__Mount *const *mounts, size_t n, char text[static JOB_TEXT])
{
	char target[PATH_MAX];

	(void)snprintf(target, sizeof(target), "%s/rootfs", bundle);
	if (n > 0 && mkdir(target, 0711) < 0 && errno != EEXIST) {
		(void)snprintf(text, JOB_TEXT, "mkdir %.800s: %s", target, strerror(errno));
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (mount_one(target, mounts[i], text) < 0)
			return -1;
	}
	return 0;
}

int rootfs_unmount(const char *bundle, char text[static JOB_TEXT])
{
	char target[PATH_MAX];

	(void)snprintf(target, sizeof(target), "%s/rootfs", bundle);
	while (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	if (errno == EINVAL || errno == ENOENT)
		return 0;
	(void)snprintf(text, JOB_TEXT, "umount %.800s: %s", target, strerror(errno));
	return -1;
}
