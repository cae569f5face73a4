/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_DEVICES_H
#define NACRE_DEVICES_H

#include <stdbool.h>

#include "specs/spec.h"

/* The nodes that every container has: config-linux.md, Default Devices. */
struct default_device {
	const char *path;
	unsigned major;
	unsigned minor;
};
extern const struct default_device default_devices[]; /* ends with a NULL path */

/* Makes the default devices, linux.devices and the symlinks (/dev/fd, stdin, stdout, stderr, ptmx,
 * core) below ROOTFS_FD. BIND: bind the host's nodes instead of mknod (user namespaces may not make
 * them). Without OWN_DEV nothing is made in /dev, which belongs to somebody else. Runs before the
 * pivot, with a umask of 0. */
int devices_create(int rootfs_fd, const struct oci_linux *linux_, bool own_dev, bool bind,
	struct nacre_error *err);

/* Whether /dev in the container is its own: false if the config binds a directory of the host
 * there. */
bool devices_own_dev(const struct oci_config *config);

/* Opens the host's /dev/null and proves that it is character device 1:3: CVE-2025-31133 bound what
 * a symlink of that name pointed to. Also CVE-2026-88265. Returns an O_PATH fd. */
int device_open_null(struct nacre_error *err);

#endif
