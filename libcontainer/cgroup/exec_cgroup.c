/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/exec_cgroup.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"

#define NAME_PREFIX "exec-"
/* Values of N: an earlier command with the same pid may have left some in use. */
#define NAMES_MAX 1000

/* Whether NAME is a cgroup whose command has ended. While the command lives, an empty cgroup may be
 * about to get its first process. */
static bool is_left_over(const char *name)
{
	char *end;
	long pid;

	if (strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) != 0)
		return false;
	pid = strtol(name + strlen(NAME_PREFIX), &end, 10);
	return *end == '.' && pid > 0 && pid <= INT_MAX && kill((pid_t)pid, 0) < 0 &&
	       errno == ESRCH;
}

/* The kernel refuses to remove one with processes or with cgroups below it. */
static void remove_unused(int container_fd)
{
	cleanup_close int fd = openat(container_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir)
		return;
	(void)fd_steal(&fd);
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_DIR && is_left_over(entry->d_name))
			(void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
}

/* Sets own->path and own->fd. Returns 0 or -errno. */
static int make_unique(const struct cgroup *container, struct cgroup *own)
{
	for (int n = 0; n < NAMES_MAX; n++) {
		const char *name = own->path + strlen(container->path) + 1;

		if (snprintf(own->path, sizeof(own->path), "%s/" NAME_PREFIX "%d.%d",
			    container->path, (int)getpid(), n) >= (int)sizeof(own->path))
			return -ENAMETOOLONG;
		if (mkdirat(container->fd, name, 0755) == 0) {
			own->fd = sys_openat2(container->fd, name, O_RDONLY | O_DIRECTORY, 0,
				RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
			if (own->fd < 0)
				(void)unlinkat(container->fd, name, AT_REMOVEDIR);
			return own->fd < 0 ? own->fd : 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static const char *reason(int r)
{
	switch (r) {
	case -EAGAIN:
		return " (cgroup.max.descendants or cgroup.max.depth forbid one more)";
	case -EACCES:
	case -EPERM:
		return " (it is not delegated to this user)";
	default:
		return "";
	}
}

int exec_cgroup_make(
	const struct cgroup *container, struct cgroup *ret_own, struct nacre_error *err)
{
	struct cgroup own = {.fd = -1};
	int r;

	remove_unused(container->fd);
	own.mount_fd = fcntl(container->mount_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	r = own.mount_fd < 0 ? -errno : make_unique(container, &own);
	if (r < 0) {
		cgroup_close(&own);
		return fail_errno(
			err, r, "cgroup %s: make one below it%s", container->path, reason(r));
	}
	*ret_own = own;
	return 0;
}

bool exec_cgroup_is_forbidden(int r)
{
	return r == -EAGAIN || r == -EACCES || r == -EPERM || r == -EROFS;
}

void exec_cgroup_leave(const struct cgroup *own)
{
	(void)unlinkat(own->mount_fd, own->path + 1, AT_REMOVEDIR);
}
