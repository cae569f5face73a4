/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/mount/mountinfo.h"
#include "specs/path_text.h"

enum {
	FILE_MAX = 16 * 1024 * 1024,
};

/* Above the root of the caller's cgroup namespace the kernel writes "/../x". */
static unsigned levels_up(const char *path)
{
	unsigned n = 0;

	for (; !strncmp(path, "/..", 3) && (path[3] == '/' || !path[3]); path += 3)
		n++;
	return n;
}

/* Finds the cgroup of cgroup v2 in TEXT, /proc/self/cgroup, without its last BELOW levels. */
static char *find_own(char *text, unsigned below)
{
	char *save = NULL, *line = strtok_r(text, "\n", &save);

	while (line && strncmp(line, "0::", 3) != 0)
		line = strtok_r(NULL, "\n", &save);
	if (!line)
		return NULL;
	line += 3;
	for (char *last; below > 0 && (last = strrchr(line, '/')); below--)
		last[last == line] = '\0';
	return line;
}

static int read_text(int proc_fd, const char *path, char **ret_text, struct nacre_error *err)
{
	cleanup_close int fd = procfs_open_file(proc_fd, path, O_RDONLY);

	if (fd < 0)
		return fail_errno(err, fd, "open /proc/%s", path);
	return file_read_fd(fd, path, FILE_MAX, ret_text, NULL, err);
}

/* Whether another mount covers all of WANTED: a process reaches it only by unmounting that one. */
static int is_covered(
	int proc_fd, const char *mountinfo, const struct mountinfo *wanted, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	int r = read_text(proc_fd, mountinfo, &text, err);
	struct mountinfo mount;
	char *rest = text;

	if (r < 0)
		return r;
	while ((r = mountinfo_next(&rest, mountinfo, &mount, err)) > 0)
		if (mount.parent == wanted->id && !strcmp(mount.path, wanted->path))
			break;
	return r;
}

static bool leads_out(const struct mountinfo *mount, const char *own)
{
	return !strcmp(mount->type, "cgroup2") && strncmp(mount->options, "ro", 2) != 0 &&
	       (levels_up(mount->root) != levels_up(own) || !path_within(mount->root, own));
}

/* Checks the process whose list of mounts is MOUNTINFO, below PROC_FD. */
static int check(int proc_fd, const char *mountinfo, const char *own, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	int r = read_text(proc_fd, mountinfo, &text, err);
	struct mountinfo mount;
	char *rest = text;

	if (r < 0)
		return r;
	while ((r = mountinfo_next(&rest, mountinfo, &mount, err)) > 0) {
		if (!leads_out(&mount, own))
			continue;
		r = is_covered(proc_fd, mountinfo, &mount, err);
		if (r == 0)
			return fail(err, EPERM,
				"cgroups of the host can be written to in %s, and who leaves the "
				"container's leaves its rules: mount it read-only",
				mount.path);
		if (r < 0)
			return r;
	}
	return 0;
}

int mount_cgroups_check(int proc_fd, unsigned below, struct nacre_error *err)
{
	cleanup_free char *cgroup = NULL;
	const char *own;
	int r = read_text(proc_fd, "self/cgroup", &cgroup, err);

	if (r < 0)
		return r;
	own = find_own(cgroup, below);
	if (!own)
		return fail(err, EPROTO, "/proc/self/cgroup: no cgroup of cgroup v2");
	return check(proc_fd, "self/mountinfo", own, err);
}

int mount_cgroups_check_process(int proc_fd, pid_t pid, const char *cgroup, struct nacre_error *err)
{
	char mountinfo[32];

	(void)snprintf(mountinfo, sizeof(mountinfo), "%d/mountinfo", (int)pid);
	return check(proc_fd, mountinfo, cgroup, err);
}
