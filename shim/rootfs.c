/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/rootfs_options.h"

static int mount_one(const char *target, const Wire__Mount *mount_, char text[static JOB_TEXT])
{
	struct rootfs_options options;
	int back, r;

	if (mount_->target[0] && strcmp(mount_->target, "/") != 0) {
		(void)snprintf(text, JOB_TEXT,
			"mount on %.300s in the root filesystem: not supported", mount_->target);
		return -1;
	}
	r = rootfs_options_read(
		mount_->options, mount_->n_options, (size_t)sysconf(_SC_PAGESIZE), &options);
	if (r < 0) {
		(void)snprintf(
			text, JOB_TEXT, "the options of mount %.800s: %s", target, strerror(-r));
		return -1;
	}
	back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (options.directory[0])
		r = chdir(options.directory);
	if (r == 0)
		r = mount(mount_->source, target, mount_->type, options.flags, options.data);
	/* The kernel ignores the other flags of a bind mount, except by a remount. */
	if (r == 0 && (options.flags & MS_BIND) &&
		(options.flags & ~(unsigned long)(MS_BIND | MS_REC)))
		r = mount(NULL, target, NULL, options.flags | MS_REMOUNT, NULL);
	if (r == 0 && options.directory[0])
		r = fchdir(back);
	if (r < 0)
		(void)snprintf(text, JOB_TEXT, "mount %.300s of %.50s on %.300s: %s",
			mount_->source, mount_->type, target, strerror(errno));
	if (back >= 0)
		(void)close(back);
	free(options.data);
	free(options.directory);
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
