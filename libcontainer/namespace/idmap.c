/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/idmap.h"

#include <errno.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/namespace/idmap_tool.h"

enum {
	MAX_MAPPINGS = 340, /* the kernel's limit since Linux 4.15 */
};

#define INITIAL_USERNS 0xeffffffdU /* PROC_USER_INIT_INO of the kernel */

static int open_process_file(pid_t pid, const char *name, int flags, struct nacre_error *err)
{
	cleanup_close int proc_fd = procfs_open(err);
	char path[64];
	int fd;

	if (proc_fd < 0)
		return proc_fd;
	(void)snprintf(path, sizeof(path), "%d/%s", (int)pid, name);
	fd = procfs_open_file(proc_fd, path, flags);
	return fd < 0 ? fail_errno(err, fd, "open /proc/%s", path) : fd;
}

static int write_process_file(
	pid_t pid, const char *name, const char *text, struct nacre_error *err)
{
	cleanup_close int fd = open_process_file(pid, name, O_WRONLY, err);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return fd;
	/* The kernel accepts a map only in one write(2). */
	n = write(fd, text, length);
	if (n < 0)
		return fail_errno(err, errno, "write %s", name);
	return (size_t)n == length ? 0 : fail(err, EIO, "write %s: cut short", name);
}

static int write_directly(pid_t pid, const struct id_map *map, struct nacre_error *err)
{
	const size_t size = map->n * 3 * IDMAP_NUMBER_MAX + 1;
	cleanup_free char *text = malloc(size);
	size_t used = 0;

	if (!text)
		return fail_errno(err, ENOMEM, "%s", map->file);
	text[0] = '\0';
	for (size_t i = 0; i < map->n; i++)
		used += (size_t)snprintf(text + used, size - used, "%u %u %u\n",
			map->items[i].container_id, map->items[i].host_id, map->items[i].size);
	if (used >= (size_t)sysconf(_SC_PAGESIZE))
		return fail(err, EINVAL, "%s: %zu mappings are more text than the kernel takes",
			map->file, map->n);
	return write_process_file(pid, map->file, text, err);
}

static bool maps_only_itself(const struct id_map *map)
{
	return map->n == 1 && map->items[0].size == 1 && map->items[0].host_id == map->own;
}

static int write_map(pid_t pid, const struct id_map *map, struct nacre_error *err)
{
	if (map->n == 0 || map->n > MAX_MAPPINGS)
		return fail(err, EINVAL, "%s: %zu mappings, the kernel takes 1 to %d", map->file,
			map->n, MAX_MAPPINGS);
	if (geteuid() == 0 || maps_only_itself(map))
		return write_directly(pid, map, err);
	return idmap_write_with_tool(pid, map, err);
}

int idmap_write(pid_t pid, const struct oci_id_mapping *uids, size_t n_uids,
	const struct oci_id_mapping *gids, size_t n_gids, struct nacre_error *err)
{
	const struct id_map uid_map = {"uid_map", "newuidmap", "/etc/subuid", "linux.uidMappings",
		uids, n_uids, geteuid()};
	const struct id_map gid_map = {"gid_map", "newgidmap", "/etc/subgid", "linux.gidMappings",
		gids, n_gids, getegid()};
	int r;

	/* user_namespaces(7): without privilege the kernel accepts a gid map only after
	 * setgroups(2) is denied, since a process could otherwise drop a group that denies it
	 * something. newgidmap does this itself. */
	r = geteuid() != 0 && maps_only_itself(&gid_map)
		    ? write_process_file(pid, "setgroups", "deny", err)
		    : 0;
	if (r < 0)
		return r;
	if (write_map(pid, &uid_map, err) < 0 || write_map(pid, &gid_map, err) < 0)
		return fail_prefix(err, "id mappings");
	return 0;
}

int idmap_is_initial(struct nacre_error *err)
{
	struct stat st;

	if (stat("/proc/self/ns/user", &st) < 0)
		return fail_errno(err, errno, "stat /proc/self/ns/user");
	return st.st_ino == INITIAL_USERNS;
}

int idmap_is_host_root(struct nacre_error *err)
{
	return geteuid() == 0 ? idmap_is_initial(err) : 0;
}

int idmap_become_root(bool keep_groups, struct nacre_error *err)
{
	/* EPERM: setgroups(2) was denied for the gid map. The remaining groups are the caller's
	 * own. */
	if (!keep_groups && setgroups(0, NULL) < 0 && errno != EPERM)
		return fail_errno(err, errno, "setgroups");
	if (setresgid(0, 0, 0) < 0)
		return fail_errno(err, errno, "setresgid to 0 (is gid 0 mapped?)");
	if (setresuid(0, 0, 0) < 0)
		return fail_errno(err, errno, "setresuid to 0 (is uid 0 mapped?)");
	return 0;
}

/* Makes the user keyring and its session keyring, which the kernel makes together. They belong to
 * the user namespace, user-keyring(7), and end with it. Returns 0 or an errno. */
static int show_namespace(void)
{
	int r;

	if (setresuid(0, 0, 0) < 0)
		return errno;
	r = sys_keyctl(KEYCTL_GET_KEYRING_ID, (unsigned long)KEY_SPEC_USER_KEYRING, true, 0, 0);
	return r < 0 ? -r : 0;
}

/* Runs the process that holds a new user namespace. It waits until the pipe closes, which also
 * happens when its parent dies. */
static _Noreturn void hold_namespace(int pipe_fd, bool shown)
{
	char byte;

	while (read(pipe_fd, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(shown ? show_namespace() : 0);
}

/* Returns 0, or the errno of a holder that failed to show its namespace. */
static int wait_for_holder(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int open_namespace(pid_t pid, struct nacre_error *err)
{
	char path[64];
	int fd;

	/* Follows a magic link, which procfs.h refuses: it leads to the namespace of nacre's own
	 * child, which runs no foreign code. */
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? fail_errno(err, errno, "open %s", path) : fd;
}

static int make_userns(const struct oci_id_mapping *uids, size_t n_uids,
	const struct oci_id_mapping *gids, size_t n_gids, bool shown, struct nacre_error *err)
{
	struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	cleanup_close int hold = -1;
	cleanup_close int release = -1;
	int ends[2];
	int pid, r;
	int fd;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, errno, "pipe");
	hold = ends[0];
	release = ends[1];
	pid = sys_clone3(&args);
	if (pid == 0) {
		fd_close(&release);
		hold_namespace(hold, shown);
	}
	if (pid < 0)
		return fail_errno(err, pid, "make a user namespace for id-mapped mounts");
	fd = idmap_write(pid, uids, n_uids, gids, n_gids, err);
	if (fd == 0)
		fd = open_namespace(pid, err);
	fd_close(&release);
	/* The child ends by itself now, and soon. */
	r = wait_for_holder(pid);
	if (fd < 0 || r == 0 || !shown)
		return fd;
	fd_close(&fd);
	/* Containers of a pod have the same ids, and so one quota. The kernel says ENOKEY for any
	 * reason that there is no user keyring (lookup_user_key). */
	if (r == ENOKEY || r == EDQUOT)
		return fail(err, r,
			"make a keyring in a user namespace: its root has all keys that sysctl "
			"kernel.keys.maxkeys and kernel.keys.maxbytes allow, or there is no "
			"memory: raise them, or end other containers of the pod");
	return fail_errno(err, r, "make a keyring in a user namespace");
}

int idmap_userns(const struct oci_id_mapping *uids, size_t n_uids,
	const struct oci_id_mapping *gids, size_t n_gids, struct nacre_error *err)
{
	return make_userns(uids, n_uids, gids, n_gids, false, err);
}

int idmap_userns_shown(const struct oci_id_mapping *uids, size_t n_uids,
	const struct oci_id_mapping *gids, size_t n_gids, struct nacre_error *err)
{
	return make_userns(uids, n_uids, gids, n_gids, true, err);
}
