/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_HOST_OBJECTS_H
#define NACRE_HOST_OBJECTS_H

#include <stdbool.h>

/*
 * Objects of the host that give a container control of the host: control sockets, the directories
 * that hold them, the state of engines and runtimes, and the file systems of the kernel.
 *
 * harden() compares sources with this table as text; libcontainer/mount/mount_guard.c opens each
 * row and compares what was opened, by identity. There also whatever lies above a row is refused,
 * since it contains it. What engines themselves bind (resolv.conf, hostname, shm, secrets, the
 * rootfs) lies below directories of this table and is let through.
 */

enum host_object_below {
	HOST_BELOW_NOTHING,
	HOST_BELOW_DIRECTORIES, /* a single node is let through: nodev keeps it shut */
	HOST_BELOW_ALL,
};

struct host_object {
	const char *path; /* one component may be '*' */
	enum host_object_below below; /* what else is refused with it */
	bool engine; /* allowed by engine-socket */
	const char *what; /* why it is refused; NULL: it is only the parent of other rows */
};

/* Sorted so that each row has its directory before it, as a row. Ends with a NULL path. */
extern const struct host_object host_objects[];

/* The row that forbids PATH, which is clean; NULL: none does. */
const struct host_object *host_object_find(const char *path);

/* Whether PATH ends in a name that engines give to their sockets, wherever they put them. */
bool host_object_is_socket(const char *path);

#endif
