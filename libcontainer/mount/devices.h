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

/* Makes the default devices, linux.devices and the symlinks (/dev/fd, stdin, stdout, stderr, ptmx,
 * core) below ROOTFS_FD. BIND: bind the host's nodes instead of mknod (user namespaces may not make
 * them). NODES_FD: for those of linux.devices these are bound instead, -1: none. Without OWN_DEV
 * nothing is made in /dev, which belongs to somebody else. Runs before the pivot, with a umask of
 * 0. */
int devices_create(int rootfs_fd, const struct oci_linux *linux_, bool own_dev, bool bind,
	int nodes_fd, struct nacre_error *err);

/* For a container in a user namespace with mappings: the nodes of linux.devices with the mode and
 * owner that the config has, on a detached tmpfs, named by their index. Returns its fd; -EPERM
 * without text: the caller may not make nodes. */
int devices_make_nodes(const struct oci_linux *linux_, struct nacre_error *err);

/* What S_IFMT bits a linux.devices[].type has; 0: it is none. */
mode_t device_type(const char *type);
#define DEVICE_DEFAULT_MODE 0666

/* Whether /dev in the container is its own: false if the config binds a directory of the host
 * there. */
bool devices_own_dev(const struct oci_config *config);

/* Opens the host's /dev/null and proves that it is character device 1:3: CVE-2025-31133 bound what
 * a symlink of that name pointed to. Also CVE-2026-88265. Returns an O_PATH fd. */
int device_open_null(struct nacre_error *err);

#endif
