/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/credentials.h"

#include <errno.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/process/lsm.h"

#define DEFAULT_UMASK 0022
#define MEMORY_MAJOR 1 /* /dev/null, zero, full, random ... */

/* Refuses -1, which means "no change" for setresuid(2) and setresgid(2), and so would mean root. */
static int check_ids(const struct oci_user *user, struct nacre_error *err)
{
	if (user->uid == UINT32_MAX)
		return fail(err, EINVAL, "process.user.uid: 4294967295 is not a user");
	if (user->gid == UINT32_MAX)
		return fail(err, EINVAL, "process.user.gid: 4294967295 is not a group");
	return 0;
}

static int set_groups(const struct oci_user *user, bool user_namespace, struct nacre_error *err)
{
	/* Drops the caller's groups with an empty list, too. */
	if (setgroups(user->n_additional_gids, user->additional_gids) == 0)
		return 0;
	/* If setgroups(2) is denied for good (/proc/PID/setgroups, user_namespaces(7)), the groups
	 * stay those with which the user namespace was made. */
	if (errno == EPERM && user_namespace && user->n_additional_gids == 0)
		return 0;
	return fail_errno(err, errno, "process.user.additionalGids: setgroups of %zu groups%s",
		user->n_additional_gids,
		errno == EINVAL	 ? " (is each mapped in linux.gidMappings?)"
		: user_namespace ? " (is it denied in this user namespace?)"
				 : "");
}

int credentials_apply(
	const struct oci_user *user, bool user_namespace, bool keep_groups, struct nacre_error *err)
{
	int r = check_ids(user, err);

	if (r < 0)
		return r;
	r = keep_groups ? 0 : set_groups(user, user_namespace, err);
	if (r < 0)
		return r;
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return fail_errno(err, errno, "process.user.gid: setresgid %u%s", user->gid,
			errno == EINVAL ? " (is it mapped in linux.gidMappings?)" : "");
	/* The kernel clears it at execve(2). */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return fail_errno(err, errno, "keep capabilities over setresuid");
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return fail_errno(err, errno, "process.user.uid: setresuid %u%s", user->uid,
			errno == EINVAL ? " (is it mapped in linux.uidMappings?)" : "");
	(void)umask(user->umask.set ? user->umask.value : DEFAULT_UMASK);
	return 0;
}

/* Refuses memory devices, whose nodes the whole host shares. The type counts as well as the number:
 * block device 1:3 is a RAM disk (CVE-2026-88265). A regular file is a log of the caller's. */
static bool may_own(const struct stat *st)
{
	if (S_ISCHR(st->st_mode))
		return major(st->st_rdev) != MEMORY_MAJOR;
	return S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode);
}

int credentials_own_stdio(const struct oci_user *user, struct nacre_error *err)
{
	struct stat st;
	gid_t group;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fstat(fd, &st) < 0) {
			if (errno == EBADF)
				continue;
			return fail_errno(err, errno, "stat stdio %d", fd);
		}
		if (S_ISDIR(st.st_mode))
			return fail(err, EISDIR,
				"stdio %d is a directory, which leads to all files of the host: "
				"redirect it to a file, a pipe or /dev/null",
				fd);
		/* A terminal keeps the group that its devpts has given it. */
		group = S_ISCHR(st.st_mode) ? st.st_gid : user->gid;
		if (!may_own(&st) || (st.st_uid == user->uid && st.st_gid == group))
			continue;
		if (fchown(fd, user->uid, group == st.st_gid ? (gid_t)-1 : group) < 0 &&
			errno != EPERM && errno != EINVAL && errno != EROFS)
			return fail_errno(err, errno, "give stdio %d to user %u", fd, user->uid);
	}
	return 0;
}

static int label_new_keys(const char *label, struct nacre_error *err)
{
	cleanup_close int proc_fd = procfs_open(err);

	if (proc_fd < 0)
		return proc_fd;
	return lsm_selinux_on_new_key(proc_fd, label, err);
}

int credentials_new_keyring(const char *id, const char *label, struct nacre_error *err)
{
	const bool labelled = label && label[0];
	int joined;
	int r;

	if (labelled) {
		r = label_new_keys(label, err);
		if (r < 0)
			return r;
	}
	joined = sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0);
	if (labelled) {
		r = label_new_keys("", err);
		if (r < 0)
			return r;
	}
	if (joined >= 0)
		return 0;
	/* There are no keyrings in this kernel, or a seccomp filter outside nacre denies keyctl(2):
	 * either applies to the container, too, and keeps it away from the caller's keys. */
	if (joined == -ENOSYS || joined == -EPERM)
		return 0;
	if (joined == -EDQUOT)
		return 1;
	return fail_errno(err, joined, "session keyring of container %s", id);
}
