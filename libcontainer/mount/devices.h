/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_DEVICES_H
#define NACRE_DEVICES_H

#include <stdbool.h>
#include <sys/types.h>

#include "specs/spec.h"

/* The nodes that every container has: config-linux.md, Default Devices. */
struct default_device {
	const char *path;
	unsigned major;
	unsigned minor;
};
extern const struct default_device devices_default[]; /* ends with a NULL path */

/* How a node comes to be. */
enum device_way {
	DEVICES_MKNOD,
	DEVICES_BIND, /* the host's, or one of devices_make_nodes: a user namespace may not mknod(2)
		       */
	DEVICES_FILLED, /* devices_fill_dev has made it; what is not there is bound */
};

/* Makes the default devices, linux.devices and the symlinks (/dev/fd, stdin, stdout, stderr, ptmx,
 * core) below ROOTFS_FD. NODES_FD: directory of devices_make_nodes; -1: none. Without OWN_DEV, /dev
 * belongs to somebody else and nothing is made in it. Runs before the pivot, with a umask of 0. */
int devices_create(int rootfs_fd, const struct oci_linux *linux_, bool own_dev, enum device_way way,
	int nodes_fd, struct nacre_error *err);

/* Which of CONFIG's mounts is a tmpfs on /dev that a process outside of the container's user
 * namespace can make for it; n_mounts: none. */
size_t devices_find_dev(const struct oci_config *config);

/* Makes the default devices, and those of linux.devices that lie there, on the new filesystem
 * DEV_FD for /dev, for a container in a user namespace with mappings. -EPERM without text: the
 * caller may not make nodes. */
int devices_fill_dev(int dev_fd, const struct oci_config *config, struct nacre_error *err);

/* Makes the nodes of linux.devices for a container in a user namespace with mappings, but those of
 * devices_fill_dev if DEV_FILLED: on a detached tmpfs, named by their index, with the mode and
 * owner of the config. Returns its fd; -ENOENT without text: there are none; -EPERM without text:
 * the caller may not make nodes. */
int devices_make_nodes(const struct oci_config *config, bool dev_filled, struct nacre_error *err);

/* Returns the S_IFMT bits of a linux.devices[].type; 0: no such type. */
mode_t device_type(const char *type);
#define DEVICE_DEFAULT_MODE 0666

/* Whether /dev in the container is its own: false if the config binds a directory of the host
 * there. */
bool devices_own_dev(const struct oci_config *config);

/* Opens the host's /dev/null and proves that it is character device 1:3: CVE-2025-31133 bound what
 * a symlink of that name pointed to. Also CVE-2026-88265. Returns an O_PATH fd. */
int device_open_null(struct nacre_error *err);

#endif
