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
 * core) below ROOTFS_FD. BIND: binds the host's nodes instead of mknod(2), which a user namespace
 * may not call. NODES_FD: directory of devices_make_nodes, whose nodes are bound for linux.devices;
 * -1: none. Without OWN_DEV, /dev belongs to somebody else and nothing is made in it. Runs before
 * the pivot, with a umask of 0. */
int devices_create(int rootfs_fd, const struct oci_linux *linux_, bool own_dev, bool bind,
	int nodes_fd, struct nacre_error *err);

/* Makes the nodes of linux.devices for a container in a user namespace with mappings: on a detached
 * tmpfs, named by their index, with the mode and owner of the config. Returns its fd; -EPERM
 * without text: the caller may not make nodes. */
int devices_make_nodes(const struct oci_linux *linux_, struct nacre_error *err);

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
