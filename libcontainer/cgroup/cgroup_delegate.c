/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/cgroup/cgroup.h"

#define LIST_LIMIT 4096

static int give(const struct cgroup *cgroup, const char *name, uid_t uid, struct nacre_error *err)
{
	/* The list has all files that this kernel knows; those of a disabled controller do not
	 * exist. */
	if (fchownat(cgroup->fd, name, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
		return fail_errno(err, errno, "cgroup %s: give %s to uid %u", cgroup->path, name,
			(unsigned)uid);
	return 0;
}

int cgroup_make_below(const struct cgroup *cgroup, const char *name, struct cgroup *ret_below,
	struct nacre_error *err)
{
	char path[2 * PATH_MAX];
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", cgroup->path, name);
	if (mkdirat(cgroup->fd, name, 0755) < 0)
		return fail_errno(err, errno, "cgroup %s: make it", path);
	r = cgroup_open(path, ret_below, err);
	return r == -ENOENT ? fail_errno(err, r, "cgroup %s", path) : r;
}

int cgroup_delegate(const struct cgroup *cgroup, uid_t uid, struct nacre_error *err)
{
	cleanup_free char *list = NULL;
	char *at = NULL;
	int r = file_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", LIST_LIMIT, &list, NULL, err);

	if (r < 0)
		return r;
	r = give(cgroup, ".", uid, err);
	for (char *name = strtok_r(list, "\n", &at); name && r == 0;
		name = strtok_r(NULL, "\n", &at))
		r = give(cgroup, name, uid, err);
	return r;
}
