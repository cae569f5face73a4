/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/rootfs_idmap.h"
#include "shim/rootfs_loop.h"
#include "shim/rootfs_options.h"

/* Applies the flags of a bind mount, which the kernel ignores except by a remount. */
static int apply_bind_flags(const char *target, unsigned long flags)
{
	return flags & MS_BIND && flags & ~(unsigned long)(MS_BIND | MS_REC)
		       ? mount(NULL, target, NULL, flags | MS_REMOUNT, NULL)
		       : 0;
}

/* DIRECTORY: that paths in the options are relative to; "": none. */
static int mount_plain(const char *directory, const char *source, const char *target,
	const Wire__Mount *mount_, const struct rootfs_options *options, char text[static JOB_TEXT])
{
	int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (directory[0])
		r = chdir(directory);
	if (r == 0)
		r = mount(source, target, mount_->type, options->flags, options->data);
	if (r == 0)
		r = apply_bind_flags(target, options->flags);
	if (r == 0 && directory[0])
		r = fchdir(back);
	if (r < 0)
		(void)snprintf(text, JOB_TEXT, "mount %.300s of %.50s on %.300s: %s", source,
			mount_->type, target, strerror(errno));
	if (back >= 0)
		(void)close(back);
	return r;
}

static int mount_loop(const char *target, const Wire__Mount *mount_,
	const struct rootfs_options *options, char text[static JOB_TEXT])
{
	char device[ROOTFS_LOOP_PATH];
	int fd = rootfs_loop_open(
		mount_->source, options->flags & MS_RDONLY, options->direct, device, text);
	int r = fd < 0 ? -1 : mount_plain("", device, target, mount_, options, text);

	if (fd >= 0)
		(void)close(fd);
	return r;
}

static int mount_mapped_bind(int userns, const char *target, const Wire__Mount *mount_,
	const struct rootfs_options *options, char text[static JOB_TEXT])
{
	if (rootfs_idmap_bind(userns, mount_->source, options->flags & MS_REC, target, text) < 0)
		return -1;
	if (apply_bind_flags(target, options->flags) == 0)
		return 0;
	(void)snprintf(
		text, JOB_TEXT, "apply the mount options of %.300s: %s", target, strerror(errno));
	return -1;
}

/* The overlay takes its layers from an id-mapped clone of the directory that they share, and of the
 * mounts in it: a layer may be one (snapshotter "erofs"). The clone is attached in a mount
 * namespace of this process alone: a removal of the bundle can never reach the layers through it,
 * whenever this process is killed. */
static int mount_mapped_overlay(int userns, const char *target, const Wire__Mount *mount_,
	const struct rootfs_options *options, char text[static JOB_TEXT])
{
	int home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), r = -1;

	if (home < 0 || back < 0 || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		(void)snprintf(text, JOB_TEXT, "make a mount namespace for id-mapped layers: %s",
			strerror(errno));
	else
		r = rootfs_idmap_bind(userns, options->directory, true, target, text);
	if (r == 0)
		r = mount_plain(target, mount_->source, target, mount_, options, text);
	if (r == 0)
		r = rootfs_idmap_hand_over(home, target, text);
	if (r == 0 && fchdir(back) < 0) { /* setns(2) has changed it */
		(void)snprintf(
			text, JOB_TEXT, "return to the working directory: %s", strerror(errno));
		r = -1;
	}
	if (home >= 0)
		(void)close(home);
	if (back >= 0)
		(void)close(back);
	return r;
}

static int mount_mapped(const char *target, const Wire__Mount *mount_,
	const struct rootfs_options *options, char text[static JOB_TEXT])
{
	int userns = rootfs_idmap_open(options->uids, options->gids, text), r = -1;

	if (userns < 0)
		return -1;
	if (options->loop)
		(void)snprintf(text, JOB_TEXT,
			"mount of type %.50s on %.300s: uidmap= does not apply to loop",
			mount_->type, target);
	else if (options->flags & MS_BIND)
		r = mount_mapped_bind(userns, target, mount_, options, text);
	else if (options->directory[0])
		r = mount_mapped_overlay(userns, target, mount_, options, text);
	else
		(void)snprintf(text, JOB_TEXT,
			"mount of type %.50s on %.300s: uidmap= applies only to overlays and bind "
			"mounts",
			mount_->type, target);
	(void)close(userns);
	return r;
}

static int mount_one(const char *target, const Wire__Mount *mount_, char text[static JOB_TEXT])
{
	struct rootfs_options options;
	int r;

	if (mount_->target[0] && strcmp(mount_->target, "/") != 0) {
		(void)snprintf(text, JOB_TEXT,
			"the mount on %.300s in the root filesystem is not supported",
			mount_->target);
		return -1;
	}
	r = rootfs_options_read(
		mount_->options, mount_->n_options, (size_t)sysconf(_SC_PAGESIZE), &options);
	if (r < 0) {
		(void)snprintf(text, JOB_TEXT, "read the options of mount %.800s: %s", target,
			strerror(-r));
		return -1;
	}
	if (options.uids)
		r = mount_mapped(target, mount_, &options, text);
	else if (options.loop)
		r = mount_loop(target, mount_, &options, text);
	else
		r = mount_plain(options.directory, mount_->source, target, mount_, &options, text);
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
