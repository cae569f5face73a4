/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/fdpass.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/sys.h"

#ifndef TIOCGPTPEER /* Linux 4.13 */
#define TIOCGPTPEER _IO('T', 0x41)
#endif

#define PTMX "/dev/pts/ptmx"

static int check_ptmx(int fd, struct nacre_error *err)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return fail_errno(err, errno, "stat " PTMX);
	if (fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return fail(err, EINVAL, PTMX ": not of a devpts file system");
	return 0;
}

static int set_size(int master, const struct oci_console_size *size, struct nacre_error *err)
{
	struct winsize window = {0};

	if (!size)
		return 0;
	if (size->height > USHRT_MAX || size->width > USHRT_MAX)
		return fail(err, EINVAL, "process.consoleSize: %llux%llu is more than %ux%u",
			(unsigned long long)size->height, (unsigned long long)size->width,
			USHRT_MAX, USHRT_MAX);
	window.ws_row = (unsigned short)size->height;
	window.ws_col = (unsigned short)size->width;
	if (ioctl(master, TIOCSWINSZ, &window) < 0)
		return fail_errno(err, errno, "process.consoleSize");
	return 0;
}

int terminal_open(int rootfs_fd, const struct oci_console_size *size, struct terminal *ret_terminal,
	struct nacre_error *err)
{
	cleanup_close int master = -1;
	cleanup_close int slave = -1;
	int unlocked = 0;
	int r;

	master = path_open_nofollow(rootfs_fd, PTMX, O_RDWR | O_NOCTTY);
	if (master < 0)
		return fail_errno(err, master, "open " PTMX "%s",
			master == -ENOENT ? " (a terminal needs a devpts mount)" : "");
	r = check_ptmx(master, err);
	if (r < 0)
		return r;
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return fail_errno(err, errno, "unlock the terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return fail_errno(err, errno, "open the terminal's slave");
	r = set_size(master, size, err);
	if (r < 0)
		return r;
	ret_terminal->master = fd_steal(&master);
	ret_terminal->slave = fd_steal(&slave);
	return 0;
}

int terminal_bind_console(int rootfs_fd, int slave, struct nacre_error *err)
{
	cleanup_close int tree = -1;
	cleanup_close int target = -1;
	int r;

	/* Mounts from fd to fd: no name is looked up for the slave, and none twice for the
	 * target. */
	tree = sys_open_tree(slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	if (tree < 0)
		return fail_errno(err, tree, "clone the terminal's mount");
	target = path_make_mount_point(rootfs_fd, "/dev/console", true, false, err);
	if (target < 0)
		return target;
	r = sys_move_mount(tree, target);
	if (r < 0)
		return fail_errno(err, r, "mount the terminal on /dev/console");
	return 0;
}

int terminal_take(int *slave, uint32_t uid, struct nacre_error *err)
{
	if (fchown(*slave, uid, (gid_t)-1) < 0)
		return fail_errno(err, errno, "give the terminal to user %u", uid);
	if (fchmod(*slave, 0620) < 0)
		return fail_errno(err, errno, "mode of the terminal");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(*slave, fd) < 0)
			return fail_errno(err, errno, "make the terminal stdio %d", fd);
	if (*slave > STDERR_FILENO)
		fd_close(slave);
	else if (fcntl(*slave, F_SETFD, 0) < 0) /* dup2 onto itself keeps close-on-exec */
		return fail_errno(err, errno, "make the terminal stdio %d", *slave);
	*slave = -1;
	return 0;
}

int terminal_control(struct nacre_error *err)
{
	if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return fail_errno(err, errno, "make the terminal the controlling one");
	return 0;
}

int terminal_keep_newlines(int slave, struct nacre_error *err)
{
	struct termios mode;

	if (tcgetattr(slave, &mode) < 0)
		return fail_errno(err, errno, "mode of the terminal");
	mode.c_oflag &= ~(tcflag_t)ONLCR;
	if (tcsetattr(slave, TCSANOW, &mode) < 0)
		return fail_errno(err, errno, "mode of the terminal");
	return 0;
}

int terminal_send(int sock, int master, struct nacre_error *err)
{
	char name[32];
	unsigned number;
	int r;

	if (ioctl(master, TIOCGPTN, &number) < 0)
		return fail_errno(err, errno, "number of the terminal");
	(void)snprintf(name, sizeof(name), "/dev/pts/%u", number);
	r = fd_send(sock, name, strlen(name), &master, 1);
	if (r < 0)
		return fail_errno(err, r, "send the terminal over the console socket");
	return 0;
}
