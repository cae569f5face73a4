/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/devices.h"
#include "libcontainer/mount/mount_fs.h"
#include "specs/path_text.h"

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
	/* Two items may be one path: the later one has the say. */
	if (mknodat(fs_fd, name, type | mode, rdev) < 0 && errno != EEXIST)
		return errno == EPERM ? -EPERM : fail_errno(err, errno, "mknod");
	if (fchownat(fs_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(err, errno, "chown");
	if (fchmodat(fs_fd, name, mode, 0) < 0)
		return fail_errno(err, errno, "chmod");
	return 0;
}

/* Gives NAME, of the filesystem FS_FD, to the root of the container. */
static int give(
	int fs_fd, const char *name, const struct oci_linux *linux_, struct nacre_error *err)
{
	uint32_t uid = 0, gid = 0;
	int r = host_id(linux_->uid_mappings, linux_->n_uid_mappings, 0, "uid", &uid, err);

	if (r >= 0)
		r = host_id(linux_->gid_mappings, linux_->n_gid_mappings, 0, "gid", &gid, err);
	if (r < 0)
		return r;
	return fchownat(fs_fd, name, uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0
		       ? fail_errno(err, errno, "chown")
		       : 0;
}

static int make_default(int dev_fd, const struct default_device *d, const struct oci_linux *linux_,
	struct nacre_error *err)
{
	const struct oci_device device = {
		.major.value = d->major,
		.minor.value = d->minor,
	};

	return make_node(dev_fd, d->path + strlen("/dev/"), linux_, &device, S_IFCHR, err);
}

/* The filesystem is nobody else's yet, so no symlink is in the way. */
static int make_parents(
	int dev_fd, char *name, const struct oci_linux *linux_, struct nacre_error *err)
{
	int r = 0;

	for (char *end = strchr(name, '/'); end && r == 0; end = strchr(end + 1, '/')) {
		*end = '\0';
		if (mkdirat(dev_fd, name, 0755) == 0)
			r = fchmodat(dev_fd, name, 0755, 0) < 0 ? fail_errno(err, errno, "chmod")
								: give(dev_fd, name, linux_, err);
		else if (errno != EEXIST)
			r = fail_errno(err, errno, "mkdir");
		*end = '/';
	}
	return r;
}

/* Whether DEVICE belongs into the tmpfs on /dev: no other mount of the config lies above it. */
static bool is_for_dev(const struct oci_config *config, const struct oci_device *device,
	char ret_path[static PATH_TEXT_MAX])
{
	char clean[PATH_TEXT_MAX];

	if (path_clean(device->path, ret_path) < 0 || !path_within(ret_path, "/dev") ||
		!strcmp(ret_path, "/dev") || !strcmp(ret_path, "/dev/ptmx"))
		return false;
	for (size_t i = 0; i < config->n_mounts; i++) {
		if (path_clean(config->mounts[i].destination, clean) < 0 ||
			(path_within(clean, "/dev") && strcmp(clean, "/dev") != 0 &&
				path_within(ret_path, clean)))
			return false;
	}
	return true;
}

/* INIT makes FIFOs itself. */
static mode_t node_type(const struct oci_device *device)
{
	const mode_t type = device_type(device->type);

	return S_ISFIFO(type) ? 0 : type;
}

static int make_in_dev(int dev_fd, const struct oci_config *config, const struct oci_device *device,
	struct nacre_error *err)
{
	const mode_t type = node_type(device);
	char path[PATH_TEXT_MAX];
	char *name = path + strlen("/dev/");
	int r;

	if (!type || !is_for_dev(config, device, path))
		return 0;
	r = make_parents(dev_fd, name, config->linux_, err);
	return r < 0 ? r : make_node(dev_fd, name, config->linux_, device, type, err);
}

int devices_fill_dev(int dev_fd, const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_linux *linux_ = config->linux_;
	int r = give(dev_fd, "", linux_, err);

	for (const struct default_device *d = devices_default; r == 0 && d->path; d++)
		r = make_default(dev_fd, d, linux_, err);
	if (r < 0)
		return r == -EPERM ? r : fail_prefix(err, "/dev");
	for (size_t i = 0; i < linux_->n_devices; i++) {
		r = make_in_dev(dev_fd, config, &linux_->devices[i], err);
		if (r == -EPERM)
			return r;
		if (r < 0)
			return fail_prefix(
				err, "linux.devices[%zu]: device %s", i, linux_->devices[i].path);
	}
	return 0;
}

static bool is_wanted(const struct oci_config *config, size_t i, bool dev_filled)
{
	const struct oci_device *device = &config->linux_->devices[i];
	char path[PATH_TEXT_MAX];

	return node_type(device) && !(dev_filled && is_for_dev(config, device, path));
}

int devices_make_nodes(const struct oci_config *config, bool dev_filled, struct nacre_error *err)
{
	static const char *const words[] = {"mode=755", "nr_blocks=1"};
	const struct filesystem fs = {
		.type = "tmpfs",
		.source = "tmpfs",
		.options = {(const char **)words, sizeof(words) / sizeof(words[0])},
		.attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		.mode = -1,
	};
	const struct oci_linux *linux_ = config->linux_;
	cleanup_close int fs_fd = -1;

	for (size_t i = 0; i < linux_->n_devices; i++) {
		const struct oci_device *device = &linux_->devices[i];
		char name[24];
		int r;

		if (!is_wanted(config, i, dev_filled))
			continue;
		if (fs_fd < 0)
			fs_fd = mount_filesystem(&fs, err);
		if (fs_fd < 0)
			return fs_fd;
		(void)snprintf(name, sizeof(name), "%zu", i);
		r = make_node(fs_fd, name, linux_, device, node_type(device), err);
		if (r == -EPERM)
			return r;
		if (r < 0)
			return fail_prefix(err, "linux.devices[%zu]: device %s", i, device->path);
	}
	return fs_fd < 0 ? -ENOENT : fd_steal(&fs_fd);
}
