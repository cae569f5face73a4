/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_TYPES_H
#define NACRE_MOUNT_TYPES_H

#include <stdbool.h>

#include "specs/spec.h"

/*
 * The types in mounts[].type: what is known of each, for the rules of the profiles and for the
 * mount code. A profile lets through what stands here and nothing else, since a file system that
 * nobody has judged may show the host, or parse what the container wrote. Profile oci mounts any
 * type that the kernel has.
 *
 * TYPE(name, kind, host), sorted by name. HOST: of a HOST kind, where the host has the one
 * instance.
 */
/* clang-format off */
#define MOUNT_TYPES(TYPE)                                                                          \
	TYPE("bind",        BIND,    NULL)                                                         \
	TYPE("binfmt_misc", HOST,    "/proc/sys/fs/binfmt_misc")                                   \
	TYPE("btrfs",       DISK,    NULL)                                                         \
	TYPE("cgroup",      CGROUP,  NULL)                                                         \
	TYPE("cgroup2",     CGROUP,  NULL)                                                         \
	TYPE("configfs",    HOST,    "/sys/kernel/config")                                         \
	TYPE("debugfs",     HOST,    "/sys/kernel/debug")                                          \
	TYPE("devpts",      DEVPTS,  NULL)                                                         \
	TYPE("devtmpfs",    HOST,    "/dev")                                                       \
	TYPE("efivarfs",    HOST,    "/sys/firmware/efi/efivars")                                  \
	TYPE("erofs",       DISK,    NULL)                                                         \
	TYPE("exfat",       DISK,    NULL)                                                         \
	TYPE("ext2",        DISK,    NULL)                                                         \
	TYPE("ext3",        DISK,    NULL)                                                         \
	TYPE("ext4",        DISK,    NULL)                                                         \
	TYPE("f2fs",        DISK,    NULL)                                                         \
	TYPE("fusectl",     HOST,    "/sys/fs/fuse/connections")                                   \
	TYPE("iso9660",     DISK,    NULL)                                                         \
	TYPE("mqueue",      MQUEUE,  NULL)                                                         \
	TYPE("ntfs3",       DISK,    NULL)                                                         \
	TYPE("overlay",     OVERLAY, NULL)                                                         \
	TYPE("proc",        PROC,    NULL)                                                         \
	TYPE("pstore",      HOST,    "/sys/fs/pstore")                                             \
	TYPE("ramfs",       MEMORY,  NULL)                                                         \
	TYPE("rbind",       BIND,    NULL)                                                         \
	TYPE("securityfs",  HOST,    "/sys/kernel/security")                                       \
	TYPE("squashfs",    DISK,    NULL)                                                         \
	TYPE("sysfs",       SYSFS,   NULL)                                                         \
	TYPE("tmpfs",       MEMORY,  NULL)                                                         \
	TYPE("tracefs",     HOST,    "/sys/kernel/tracing")                                        \
	TYPE("udf",         DISK,    NULL)                                                         \
	TYPE("vfat",        DISK,    NULL)                                                         \
	TYPE("xfs",         DISK,    NULL)
/* clang-format on */

/* What a config made by nacre itself has among its mounts, so that it is made in their order: an
 * empty directory (option "mode=OCTAL"), and a file of its own mount ("data=BASE64" besides). No
 * profile but oci has them. */
#define MOUNT_DIRECTORY "nacre:directory"
#define MOUNT_FILE "nacre:file"

enum mount_kind {
	MOUNT_UNKNOWN, /* no type, or none of the table */
	MOUNT_BIND, /* by its type or by a word */
	MOUNT_MEMORY,
	MOUNT_OVERLAY,
	MOUNT_PROC,
	MOUNT_SYSFS,
	MOUNT_CGROUP, /* always cgroup v2 */
	MOUNT_DEVPTS,
	MOUNT_MQUEUE,
	MOUNT_DISK, /* on a block device, whose bytes the kernel parses */
	MOUNT_HOST, /* one instance for the whole host */
};

struct mount_type {
	const char *name;
	enum mount_kind kind;
	const char *host;
};

/* The row of NAME, which may be NULL. NULL: there is none. */
const struct mount_type *mount_type_find(const char *name);

enum mount_kind mount_kind(const struct oci_mount *mount);

/* Where a filesystem of the kernel's view of itself belongs, "/proc" or "/sys", if MOUNT makes one
 * that lands elsewhere; NULL. */
const char *mount_view_elsewhere(const struct oci_mount *mount);

/* Whether the kernel opens a device to mount TYPE. Of a type that is not known: it may. */
bool mount_type_opens_disk(const char *type);

/* Whether MOUNT makes a filesystem of such a type. */
bool mount_opens_disk(const struct oci_mount *mount);

/* Whether "ro" is for the superblock as well, so that nothing below is written to: an ext4's
 * journal, an overlay's work directory. The other types have nothing below, and a superblock that
 * others of the host use. */
bool mount_type_writes_below(const char *type);

/* Whether WORD is one for the filesystem of a disk that says how its own bytes are used, and names
 * nothing else of the host. */
bool mount_word_is_of_disk(const char *word);

#endif
