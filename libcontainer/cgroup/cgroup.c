/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/cgroup.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/cgroup/cgroup_controllers.h"

/*
 * Makes, finds and reads cgroups. Freezing, killing, waiting and removing are in cgroup_wait.c,
 * limits in cgroup_limits.c and cgroup_controllers.c, the device filter in cgroup_devices.c.
 *
 * No path below the mount is ever walked through a symlink or onto another mount: each file that is
 * written to is one of cgroup2, and nothing that somebody put in its place.
 */

#define RESOLVE_CGROUP (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV)

/* Bytes of /proc/PID/cgroup, which also has a line for each v1 hierarchy. */
#define PROC_CGROUP_LIMIT (64 * 1024)

static int is_cgroup2(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == CGROUP2_SUPER_MAGIC;
}

int cgroup_open_mount(struct nacre_error *err)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		cleanup_close int fd = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		int r;

		if (fd < 0 && errno != ENOENT)
			return fail_errno(err, errno, "open %s", places[i]);
		r = fd < 0 ? 0 : is_cgroup2(fd);
		if (r < 0)
			return fail_errno(err, r, "statfs of %s", places[i]);
		if (r > 0)
			return fd_steal(&fd);
	}
	return fail(err, ENOSYS,
		"cgroup v2 is not mounted: neither /sys/fs/cgroup nor /sys/fs/cgroup/unified is a "
		"cgroup2 filesystem (boot with systemd.unified_cgroup_hierarchy=1)");
}

/* Appends the components of PATH to RET_PATH, each after one slash. */
static int append_components(
	char ret_path[PATH_MAX], const char *path, const char *whole, struct nacre_error *err)
{
	size_t used = strlen(ret_path);

	for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
		size_t n = strcspn(path, "/");

		if (n == 2 && strncmp(path, "..", 2) == 0)
			return fail(err, EINVAL, "linux.cgroupsPath: \"%s\" has a \"..\"", whole);
		if (n > NAME_MAX || used + 1 + n >= PATH_MAX)
			return fail(err, ENAMETOOLONG,
				"linux.cgroupsPath: \"%.200s...\" is too long", whole);
		if (n != 1 || path[0] != '.') {
			ret_path[used++] = '/';
			memcpy(ret_path + used, path, n);
			used += n;
			ret_path[used] = '\0';
		}
		path += n;
	}
	return 0;
}

int cgroup_of_process(pid_t pid, char ret_path[PATH_MAX], struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	const char *line;
	char name[32];
	size_t length;
	int r;

	if (pid > 0)
		(void)snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	else
		(void)snprintf(name, sizeof(name), "/proc/self/cgroup");
	r = file_read(AT_FDCWD, name, PROC_CGROUP_LIMIT, &text, NULL, err);
	if (r < 0)
		return r;
	line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line)
		return fail(err, ENOSYS, "%s has no entry for cgroup v2", name);
	line = strchr(line, '/');
	length = line ? strcspn(line, "\n") : 0;
	if (length == 0 || length >= PATH_MAX)
		return fail(err, EINVAL, "%s: the entry for cgroup v2 is not a path", name);
	memcpy(ret_path, line, length);
	ret_path[length] = '\0';
	if (strncmp(ret_path, "/..", 3) == 0)
		return fail(err, ERANGE, "%s: %s lies outside the runtime's cgroup namespace", name,
			ret_path);
	return 0;
}

/* The parent of the cgroup that the runtime itself is in. */
static int own_parent(char ret_path[PATH_MAX], struct nacre_error *err)
{
	int r = cgroup_of_process(getpid(), ret_path, err);

	if (r < 0)
		return fail_prefix(err, "relative linux.cgroupsPath (give an absolute one)");
	*strrchr(ret_path, '/') = '\0';
	return 0;
}

/* Whether PATH is slice:prefix:name, the form of the systemd driver. */
static bool is_systemd_form(const char *path)
{
	const char *colon = strchr(path, ':');

	return colon && strchr(colon + 1, ':') && !strchr(path, '/');
}

int cgroup_resolve_path(int mount_fd, const char *cgroups_path, const char *id,
	char ret_path[PATH_MAX], struct nacre_error *err)
{
	char path[PATH_MAX] = "", name[NAME_MAX + 1];
	int r;

	if (!cgroups_path || !*cgroups_path) {
		r = snprintf(name, sizeof(name), "nacre-%s", id);
		if (r >= (int)sizeof(name))
			return fail(err, ENAMETOOLONG, "the cgroup name nacre-%.40s... is too long",
				id);
		cgroups_path = name;
	}
	if (is_systemd_form(cgroups_path))
		return fail(err, EINVAL,
			"linux.cgroupsPath: \"%s\" names a systemd slice and scope, which needs "
			"--systemd-cgroup",
			cgroups_path);
	if (cgroups_path[0] != '/') {
		r = own_parent(path, err);
		if (r < 0)
			return r;
		/* If the mount shows another part of the tree, cgroups would be made in the wrong
		 * place. A path of the config may lie deeper, in a part that is delegated. */
		if ((path[0] || cgroups_path == name) &&
			faccessat(mount_fd, path[0] ? path + 1 : ".",
				cgroups_path == name ? W_OK : F_OK, 0) < 0)
			return fail_errno(err, errno, "cgroup %s, the parent of the runtime's own",
				path[0] ? path : "/");
	}
	/* The kernel makes no such cgroup (cgroup_mkdir), and the lock file would get an extra
	 * line. */
	if (strchr(cgroups_path, '\n'))
		return fail(err, EINVAL, "linux.cgroupsPath: \"%s\" has a newline", cgroups_path);
	r = append_components(path, cgroups_path, cgroups_path, err);
	if (r < 0)
		return r;
	if (!path[0])
		return fail(
			err, EINVAL, "linux.cgroupsPath: \"%s\" is the root cgroup", cgroups_path);
	strcpy(ret_path, path);
	return 0;
}

/* Whether a process that is put into the leaf will run, and alone there. Below a frozen cgroup even
 * a new leaf is frozen: init would hang, and the runtime would wait for it. */
static int check_usable(const struct cgroup *cgroup, struct nacre_error *err)
{
	cleanup_free char *events = NULL;
	cleanup_free pid_t *pids = NULL;
	size_t n;
	int r;

	r = file_read(cgroup->fd, "cgroup.events", 4096, &events, NULL, err);
	if (r < 0)
		return fail_prefix(err, "cgroup %s", cgroup->path);
	if (strstr(events, "populated 1")) {
		r = cgroup_pids(cgroup, &pids, &n, err);
		if (r < 0)
			return r;
		return fail(err, EBUSY,
			"container's cgroup is not empty: %zu process(es) found in %s", n,
			cgroup->path);
	}
	if (strstr(events, "frozen 1"))
		return fail(err, EBUSY,
			"container's cgroup unexpectedly frozen: %s (or a cgroup above it)",
			cgroup->path);
	return 0;
}

/* Opens NAME below DIR_FD, and makes it if missing. RET_MADE: whether it did. Returns an fd. */
static int make_level(int dir_fd, const char *name, bool leaf, bool *ret_made)
{
	int fd = -ENOENT;

	*ret_made = false;
	/* Levels above mostly exist, the container's own mostly does not. */
	if (!leaf)
		fd = sys_openat2(dir_fd, name, O_RDONLY | O_DIRECTORY, 0, RESOLVE_CGROUP);
	if (fd != -ENOENT)
		return fd;
	if (mkdirat(dir_fd, name, 0755) == 0)
		*ret_made = true;
	else if (errno != EEXIST)
		return -errno;
	fd = sys_openat2(dir_fd, name, O_RDONLY | O_DIRECTORY, 0, RESOLVE_CGROUP);
	if (fd < 0 && *ret_made)
		(void)unlinkat(dir_fd, name, AT_REMOVEDIR);
	return fd;
}

static const char *why_not_made(int r)
{
	if (r == -EACCES)
		return " (" CGROUP_DELEGATION ")";
	if (r == -EAGAIN)
		return " (a cgroup above it has reached its cgroup.max.descendants or "
		       "cgroup.max.depth)";
	return "";
}

/* Reads the controllers of the cgroup at DIR_FD into CONTROLLERS and enables them for its children.
 * If a level has none, those below it have none either. */
static int hand_down(int dir_fd, char controllers[CGROUP_CONTROLLERS_MAX])
{
	int r = controllers[0] ? cgroup_controllers_read(dir_fd, controllers) : 0;

	return r < 0 ? r : cgroup_controllers_enable(dir_fd, controllers);
}

/* Walks down from the mount, with every available controller enabled on the way. */
static int make_levels(struct cgroup *cgroup, bool *ret_made, struct nacre_error *err)
{
	char controllers[CGROUP_CONTROLLERS_MAX] = "?", name[NAME_MAX + 1];
	const char *path = cgroup->path;
	cleanup_close int fd = -1;

	*ret_made = false;
	while (*path) {
		size_t n = strcspn(++path, "/");
		int dir_fd = fd < 0 ? cgroup->mount_fd : fd, next, r;

		r = hand_down(dir_fd, controllers);
		if (r < 0)
			return fail_errno(err, r, "cgroup %s: controllers for %.*s", cgroup->path,
				(int)(path + n - cgroup->path), cgroup->path);
		memcpy(name, path, n);
		name[n] = '\0';
		path += n;
		next = make_level(dir_fd, name, !*path, ret_made);
		if (next < 0)
			return fail_errno(err, next, "cgroup %s: make %.*s%s", cgroup->path,
				(int)(path - cgroup->path), cgroup->path, why_not_made(next));
		fd_close(&fd);
		fd = next;
	}
	cgroup->fd = fd_steal(&fd);
	return 0;
}

int cgroup_create(
	int mount_fd, const char *path, struct cgroup *ret_cgroup, struct nacre_error *err)
{
	struct cgroup cgroup = {.mount_fd = mount_fd, .fd = -1};
	bool made;
	int r;

	r = append_components(cgroup.path, path, path, err);
	if (r == 0 && !cgroup.path[0])
		r = fail(err, EINVAL, "linux.cgroupsPath: \"%s\" is the root cgroup", path);
	if (r == 0)
		r = make_levels(&cgroup, &made, err);
	/* The root cannot be frozen. */
	if (r == 0 && (!made || strchr(cgroup.path + 1, '/'))) {
		r = check_usable(&cgroup, err);
		if (r < 0 && made)
			(void)unlinkat(mount_fd, cgroup.path + 1, AT_REMOVEDIR);
	}
	if (r < 0) {
		cgroup_close(&cgroup);
		return r;
	}
	*ret_cgroup = cgroup;
	return 0;
}

int cgroup_check_free(int mount_fd, const char *path, struct nacre_error *err)
{
	struct cgroup cgroup = {.mount_fd = mount_fd, .fd = -1};
	cleanup_close int fd = -1;
	int r = append_components(cgroup.path, path, path, err);

	if (r < 0)
		return r;
	fd = sys_openat2(mount_fd, cgroup.path + 1, O_RDONLY | O_DIRECTORY, 0, RESOLVE_CGROUP);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fail_errno(err, fd, "cgroup %s", cgroup.path);
	cgroup.fd = fd;
	return check_usable(&cgroup, err);
}

/* A process that systemd puts into a frozen cgroup, or below one, hangs. Looks at each level, since
 * cgroup.events shows a frozen ancestor only once the process has stopped. */
static int check_thawed(const struct cgroup *cgroup, struct nacre_error *err)
{
	char path[PATH_MAX];

	strcpy(path, cgroup->path);
	do {
		int r = cgroup_is_frozen(cgroup->mount_fd, path, err);

		if (r > 0)
			return fail(err, EBUSY, "container's cgroup unexpectedly frozen: %s", path);
		if (r < 0)
			return r;
		*strrchr(path, '/') = '\0';
	} while (path[0]);
	return 0;
}

int cgroup_adopt(int mount_fd, const char *path, struct cgroup *ret_cgroup, struct nacre_error *err)
{
	struct cgroup cgroup = {.mount_fd = mount_fd, .fd = -1};
	bool made;
	int r = append_components(cgroup.path, path, path, err);

	if (r == 0 && !cgroup.path[0])
		r = fail(err, EINVAL, "cgroup \"%s\" is the root cgroup", path);
	/* systemd may use another part of the tree. */
	if (r == 0 && faccessat(mount_fd, cgroup.path + 1, F_OK, 0) < 0)
		r = fail_errno(err, errno, "cgroup %s of the systemd unit, below the cgroup2 mount",
			cgroup.path);
	if (r == 0)
		r = make_levels(&cgroup, &made, err);
	if (r == 0)
		r = check_thawed(&cgroup, err);
	if (r < 0) {
		cgroup_close(&cgroup);
		return r;
	}
	*ret_cgroup = cgroup;
	return 0;
}

int cgroup_open(const char *path, struct cgroup *ret_cgroup, struct nacre_error *err)
{
	struct cgroup cgroup = CGROUP_CLOSED;
	int r;

	r = append_components(cgroup.path, path, path, err);
	if (r < 0)
		return r;
	/* Destroying the root cgroup would destroy the host. */
	if (!cgroup.path[0])
		return fail(err, EINVAL, "cgroup \"%s\" is the root cgroup", path);
	cgroup.mount_fd = cgroup_open_mount(err);
	if (cgroup.mount_fd < 0)
		return cgroup.mount_fd;
	cgroup.fd = sys_openat2(
		cgroup.mount_fd, cgroup.path + 1, O_RDONLY | O_DIRECTORY, 0, RESOLVE_CGROUP);
	if (cgroup.fd < 0) {
		r = cgroup.fd == -ENOENT ? -ENOENT
					 : fail_errno(err, cgroup.fd, "cgroup %s", cgroup.path);
		cgroup_close(&cgroup);
		return r;
	}
	*ret_cgroup = cgroup;
	return 0;
}

void cgroup_close(struct cgroup *cgroup)
{
	fd_close(&cgroup->fd);
	fd_close(&cgroup->mount_fd);
}
