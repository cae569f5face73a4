/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_MOUNTS_FIXTURE_H
#define NACRE_TEST_MOUNTS_FIXTURE_H

#include "libcontainer/mount/mounts.h"

#include "tests/live/mount_fixture.h"

#include <sys/vfs.h>
#include <sys/xattr.h>

static struct mount_context context;
static int proc_fd = -1;
static struct mount_made made[16];

#define WORDS(...)                                                                   \
	(struct oci_strings)                                                         \
	{                                                                            \
		(const char *[]){__VA_ARGS__},                                       \
			sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *) \
	}
#define WORDS_NONE ((struct oci_strings){})

static inline void set_up_mounts(void)
{
	set_up_rootfs();
	context = (struct mount_context){
		.rootfs_fd = rootfs_fd,
		.own_cgroup_namespace = true,
		.cgroup_fd = -1,
		.made = made,
		.proc_fd = &proc_fd,
	};
}

/* One mount, as a config of its own. */
static inline int perform(
	const char *destination, const char *source, const char *type, struct oci_strings options)
{
	const struct oci_mount mount = {destination, source, type, options};

	return mounts_perform(&context, &mount, 1, &err);
}

/* In a child with another mount namespace: the rootfs as it is there. */
static inline int mount_rootfs_anew(void)
{
	int fd = -1;
	int r = rootfs_prepare(rootfs_fd, NULL, &fd, &err);

	context.rootfs_fd = fd;
	return r;
}

/* BASE/source with a file, and a mount on BASE/source/sub that has one too. */
static inline void make_nested_source(void)
{
	SYS(mkdir(BASE "/source", 0755));
	SYS(mount("tmpfs", BASE "/source", "tmpfs", 0, NULL));
	SYS(mkdir(BASE "/source/sub", 0755));
	SYS(mount("tmpfs", BASE "/source/sub", "tmpfs", 0, NULL));
	put(BASE "/source/file", "x");
	put(BASE "/source/sub/below", "x");
}

static inline long magic_of(const char *path)
{
	struct statfs fs;

	SYS(statfs(path, &fs));
	return (long)fs.f_type;
}

static inline const char *cgroup2_mount(void)
{
	return access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 ? "/sys/fs/cgroup"
								      : "/sys/fs/cgroup/unified";
}

#endif
