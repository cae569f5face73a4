/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/base/sys_landlock.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

/*
 * Reading and executing are not restricted: the mount tree of a container holds only what it may
 * read. Rights have the values of linux/landlock.h, which some distributions install incomplete.
 */

#define WRITE_FILE (UINT64_C(1) << 1)
#define MAKE_CHAR (UINT64_C(1) << 6)
#define MAKE_BLOCK (UINT64_C(1) << 11)
#define TRUNCATE (UINT64_C(1) << 14)
#define IOCTL_DEV (UINT64_C(1) << 15)

/* REMOVE_DIR, REMOVE_FILE, MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK,
 * MAKE_SYM */
#define CHANGE_DIRECTORY UINT64_C(0x1ff0)

/* The rights that apply to a file that is not a directory. */
#define OF_FILES (WRITE_FILE | TRUNCATE | IOCTL_DEV)

#define LOG_NEW_EXEC_ON (1u << 1)

/* Rights that each ABI adds. */
static const struct {
	int abi;
	struct sys_landlock_ruleset handled;
	unsigned flags; /* of landlock_restrict_self */
} additions[] = {
	/* clang-format off */
	{1, {WRITE_FILE | CHANGE_DIRECTORY, 0, 0}, 0},
	{2, {UINT64_C(1) << 13 /* REFER: to another directory */, 0, 0}, 0},
	{3, {TRUNCATE, 0, 0}, 0},
	{4, {0, UINT64_C(3) /* BIND_TCP, CONNECT_TCP */, 0}, 0},
	{5, {IOCTL_DEV, 0, 0}, 0},
	{6, {0, 0, UINT64_C(3) /* ABSTRACT_UNIX_SOCKET, SIGNAL */}, 0},
	/* Logs denials only up to the next exec, which is before the program runs. */
	{7, {0, 0, 0}, LOG_NEW_EXEC_ON},
	/* clang-format on */
};

/* Returns 1 if FD is the root of a mount, 0 if not, as when a later mount hides it, or -errno. */
static int is_mount(int fd, bool *ret_directory)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) < 0)
		return -errno;
	*ret_directory = S_ISDIR(st.stx_mode);
	return (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

static int allow_below(int ruleset, const char *path, uint64_t rights, struct nacre_error *err)
{
	cleanup_close int fd = sys_openat2(AT_FDCWD, path, O_PATH, 0, RESOLVE_NO_MAGICLINKS);
	bool directory;
	int r;

	/* A later mount hides it: there is nothing to allow. */
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fail_errno(err, fd, "landlock: open %s", path);
	r = is_mount(fd, &directory);
	if (r < 0)
		return fail_errno(err, r, "landlock: stat %s", path);
	if (r == 0)
		return 0;
	r = sys_landlock_allow_below(ruleset, directory ? rights : rights & OF_FILES, fd);
	return r < 0 ? fail_errno(err, r, "landlock: allow writing below %s", path) : 0;
}

static int allow_mounts(int ruleset, const struct oci_mount *mounts, size_t n, bool root_writable,
	uint64_t handled, struct nacre_error *err)
{
	int r;

	/* Nothing may make a device node. */
	const uint64_t rights = handled & ~(MAKE_CHAR | MAKE_BLOCK);
	char path[PATH_TEXT_MAX];

	r = root_writable ? allow_below(ruleset, "/", rights & ~IOCTL_DEV, err) : 0;
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (mount_is_read_only(&mounts[i]))
			continue;
		if (path_clean(mounts[i].destination, path) < 0)
			return fail_errno(err, ENAMETOOLONG, "landlock: %s", mounts[i].destination);
		r = allow_below(ruleset, path,
			path_within(path, "/dev") ? rights : rights & ~IOCTL_DEV, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Allows to open again, as /dev/stdout, what the program can write to anyway. */
static int allow_stdio(int ruleset, uint64_t handled, struct nacre_error *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		const int flags = fcntl(fd, F_GETFL);
		int r;

		if (flags < 0 || (flags & O_PATH) || (flags & O_ACCMODE) == O_RDONLY)
			continue;
		r = sys_landlock_allow_below(ruleset, handled & OF_FILES, fd);
		if (r < 0 && r != -EBADFD) /* a pipe or a socket, which needs no rule */
			return fail_errno(err, r, "landlock: allow writing to stdio %d", fd);
	}
	return 0;
}

int landlock_restrict(const struct oci_mount *mounts, size_t n, bool root_writable, bool tcp,
	struct nacre_error *err)
{
	struct sys_landlock_ruleset handled = {0};
	cleanup_close int ruleset = -1;
	const int abi = sys_landlock_abi();
	unsigned flags = 0;
	int r;

	if (abi == -ENOSYS || abi == -EOPNOTSUPP)
		return 0;
	if (abi < 1)
		return fail_errno(err, abi, "landlock: ask for the version");
	for (size_t i = 0; i < sizeof(additions) / sizeof(additions[0]); i++) {
		if (additions[i].abi > abi)
			break;
		handled.handled_access_fs |= additions[i].handled.handled_access_fs;
		handled.handled_access_net |= tcp ? additions[i].handled.handled_access_net : 0;
		handled.scoped |= additions[i].handled.scoped;
		flags |= additions[i].flags;
	}
	ruleset = sys_landlock_create_ruleset(&handled);
	if (ruleset < 0)
		return fail_errno(err, ruleset, "landlock: make a ruleset of ABI %d", abi);
	r = allow_mounts(ruleset, mounts, n, root_writable, handled.handled_access_fs, err);
	if (r == 0)
		r = allow_stdio(ruleset, handled.handled_access_fs, err);
	if (r < 0)
		return r;
	r = sys_landlock_restrict_self(ruleset, flags);
	return r < 0 ? fail_errno(err, r, "landlock: restrict") : abi;
}
