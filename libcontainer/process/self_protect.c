/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/self_protect.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"

/*
 * Theory of operation
 *
 * A process in a container can make the runtime execute a file of its choice inside: the program
 * may be /proc/self/exe, or have it as script or ELF interpreter. Through /proc/PID/exe of that
 * process, and through fds opened from there, it then holds the runtime's own file. A write is
 * refused while the file executes (ETXTBSY), but not later (CVE-2019-5736).
 *
 * The mount that such a handle came through, and the inode, decide what it may do. So the runtime
 * executes itself through a mount of its own that is read-only and detached: it has no path, so
 * nobody can remount it. The page cache is shared with the original, and nothing is copied.
 * (self_protect_entry.c does this earlier in the nacre binary.) If the mount API is denied (a
 * nested container without CAP_SYS_ADMIN), the inode is replaced instead: by a copy in memory,
 * sealed against writing.
 */

#ifndef MFD_EXEC /* Linux 6.3; needed to execute it with vm.memfd_noexec=1 */
#define MFD_EXEC 0x0010U
#endif
#ifndef EROFS_SUPER_MAGIC_V1
#define EROFS_SUPER_MAGIC_V1 0xE0F5E1E2
#endif
#define STATFS_NOSYMFOLLOW 0x2000 /* ST_NOSYMFOLLOW of the kernel */

/* Returns whether the program was executed by fd, which gives it the name /dev/fd/N: execve(2),
 * AT_EXECFN in getauxval(3). */
static bool is_executed_by_fd(void)
{
	const char *name = (const char *)getauxval(AT_EXECFN);

	return name && strncmp(name, "/dev/fd/", strlen("/dev/fd/")) == 0;
}

/* Recognizes the clone of execute_sealed, which is in no mount namespace: any other mount accepts
 * the request to clear a flag that it does not have. */
static bool is_detached_clone(int exe, const struct statfs *fs)
{
	const struct sys_mount_attr nothing = {.attr_clr = MOUNT_ATTR_NOSYMFOLLOW};
	struct statx stx;

	return is_executed_by_fd() && fs->f_flags & ST_RDONLY &&
	       !(fs->f_flags & STATFS_NOSYMFOLLOW) && statx(exe, "", AT_EMPTY_PATH, 0, &stx) == 0 &&
	       stx.stx_attributes & STATX_ATTR_MOUNT_ROOT &&
	       sys_mount_setattr(exe, "", AT_EMPTY_PATH, &nothing) == -EINVAL;
}

static bool is_sealed(int exe)
{
	struct statfs fs;
	struct statx stx;
	int seals;

	if (fstatfs(exe, &fs) == 0 &&
		(fs.f_type == EROFS_SUPER_MAGIC_V1 || fs.f_type == SQUASHFS_MAGIC ||
			is_detached_clone(exe, &fs)))
		return true;
	/* fs-verity: nobody can open the inode for writing, through any mount. */
	if (statx(exe, "", AT_EMPTY_PATH, 0, &stx) == 0 && stx.stx_attributes & STATX_ATTR_VERITY)
		return true;
	seals = fcntl(exe, F_GET_SEALS);
	return seals >= 0 && seals & F_SEAL_WRITE && seals & F_SEAL_SEAL;
}

/* Returns whether the file belongs to root and nobody else may write it. An unprivileged caller can
 * make no user namespace in which anybody is its owner. Another owner, or a group, may be among the
 * caller's subordinate ids (subuid(5)), and so be used by the program in the container. An ACL
 * gives no more than the group's bits of the mode show: acl(5). */
static bool is_out_of_reach(int exe)
{
	struct stat st;

	return geteuid() != 0 && fstat(exe, &st) == 0 && st.st_uid == 0 &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* Returns an fd with the clone, or -errno. */
static int clone_read_only(int exe)
{
	const struct sys_mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	cleanup_close int tree = sys_open_tree(exe, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	int r;

	if (tree < 0)
		return tree;
	r = sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr);
	return r < 0 ? r : fd_steal(&tree);
}

static int copy_to_memory(int exe, struct nacre_error *err)
{
	cleanup_close int copy = -1;
	struct stat st;

	copy = memfd_create("nacre", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (copy < 0 && errno == EINVAL)
		copy = memfd_create("nacre", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy < 0)
		return fail_errno(err, errno, "seal: memfd_create");
	if (fstat(exe, &st) < 0)
		return fail_errno(err, errno, "seal: stat /proc/self/exe");
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(copy, exe, NULL, (size_t)left);

		if (n <= 0)
			return fail_errno(err, n < 0 ? errno : EIO, "seal: copy /proc/self/exe");
		left -= n;
	}
	if (fcntl(copy, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return fail_errno(err, errno, "seal: seal the copy in memory");
	return fd_steal(&copy);
}

/* Does not return on success. */
static int execute_sealed(int exe, char *const argv[], struct nacre_error *err)
{
	cleanup_close int sealed = -1;
	int r;

	/* Never executes a clone twice: a clone that is not recognized as read-only would make an
	 * endless loop. The seals of a copy in memory are always recognized. */
	if (!is_executed_by_fd())
		sealed = clone_read_only(exe);
	if (sealed >= 0)
		(void)sys_execveat(sealed, "", argv, environ, AT_EMPTY_PATH);
	/* There is no mount, or no exec from it (EACCES if its file system is noexec for the
	 * caller). */
	fd_close(&sealed);
	sealed = copy_to_memory(exe, err);
	if (sealed < 0)
		return sealed;
	r = sys_execveat(sealed, "", argv, environ, AT_EMPTY_PATH);
	return fail_errno(err, r, "seal: execute the copy in memory");
}

/* Restores the process's name for ps: an exec by fd sets it to the fd's number. */
static void restore_name(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	if (argv0)
		(void)prctl(PR_SET_NAME, slash ? slash + 1 : argv0, 0, 0, 0);
}

int self_protect(char *const argv[], struct nacre_error *err)
{
	cleanup_close int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (exe < 0)
		return fail_errno(err, errno, "seal: open /proc/self/exe");
	if (!is_sealed(exe) && !is_out_of_reach(exe))
		return execute_sealed(exe, argv, err);
	if (is_executed_by_fd())
		restore_name(argv[0]);
	return 0;
}
