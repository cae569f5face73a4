/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/devices.h"
#include "libcontainer/mount/mount_fs.h"

static int host_id(const struct oci_id_mapping *maps, size_t n, uint32_t id, const char *what,
	uint32_t *ret_id, struct nacre_error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (id >= maps[i].container_id && id - maps[i].container_id < maps[i].size) {
			*ret_id = maps[i].host_id + (id - maps[i].container_id);
			return 0;
		}
	}
	return fail(err, EINVAL, "%s %u is not mapped", what, id);
}

/* The umask is the caller's, so the mode is set once more. */
static int make_node(int fs_fd, const char *name, const struct oci_linux *linux_,
	const struct oci_device *device, mode_t type, struct nacre_error *err)
{
	const mode_t mode = (device->file_mode.set ? device->file_mode.value
						   : DEVICE_DEFAULT_MODE) &
			    07777;
	const dev_t rdev = makedev((unsigned)device->major.value, (unsigned)device->minor.value);
	uint32_t uid = 0, gid = 0;
	int r;

	r = host_id(
		linux_->uid_mappings, linux_->n_uid_mappings, device->uid.value, "uid", &uid, err);
	if (r >= 0)
		r = host_id(linux_->gid_mappings, linux_->n_gid_mappings, device->gid.value, "gid",
			&gid, err);
	if (r < 0)
		return r;
	if (mknodat(fs_fd, name, type | mode, rdev) < 0)
		return errno == EPERM ? -EPERM : fail_errno(err, errno, "mknod");
	if (fchownat(fs_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(err, errno, "chown");
	if (fchmodat(fs_fd, name, mode, 0) < 0)
		return fail_errno(err, errno, "chmod");
	return 0;
}

int devices_make_nodes(const struct oci_linux *linux_, struct nacre_error *err)
{
	static const char *const words[] = {"mode=755", "nr_blocks=1"};
	const struct filesystem fs = {
		.type = "tmpfs",
		.source = "tmpfs",
		.options = {(const char **)words, sizeof(words) / sizeof(words[0])},
		.attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		.mode = -1,
	};
	cleanup_close int fs_fd = mount_filesystem(&fs, err);

	if (fs_fd < 0)
		return fs_fd;
	for (size_t i = 0; i < linux_->n_devices; i++) {
		const struct oci_device *device = &linux_->devices[i];
		const mode_t type = device_type(device->type);
		char name[24];
		int r;

		if (!type || S_ISFIFO(type))
			continue;
		(void)snprintf(name, sizeof(name), "%zu", i);
		r = make_node(fs_fd, name, linux_, device, type, err);
		if (r == -EPERM)
			return r;
		if (r < 0)
			return fail_prefix(err, "linux.devices[%zu]: device %s", i, device->path);
	}
	return fd_steal(&fs_fd);
}
