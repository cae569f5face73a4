/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/namespaces.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/namespace/idmap.h"
#include "specs/harden_rules.h"

/* Finds out which namespaces are the host's, by the open namespace and not by a path. */

#define OVERFLOW_ID 65534 /* shown for an id that the caller's user namespace does not map */
#define MAP_SIZE 32768 /* 340 lines of three numbers */
#define SPACE_OF_MAPS 65536 /* of two, read */

/* Returns 1 if FD is the namespace of TYPE that process WHO ("self") is in, 0 if not. */
static int is_of(
	const struct namespace_type *type, const char *who, int fd, struct nacre_error *err)
{
	struct stat theirs, other;
	char path[48];

	(void)snprintf(path, sizeof(path), "/proc/%s/ns/%s", who, type->proc_name);
	if (stat(path, &theirs) < 0)
		return fail_errno(err, errno, "stat %s", path);
	if (fstat(fd, &other) < 0)
		return fail_errno(err, errno, "stat the %s namespace", type->name);
	return theirs.st_dev == other.st_dev && theirs.st_ino == other.st_ino;
}

int namespaces_is_own(const struct namespace_type *type, int fd, struct nacre_error *err)
{
	return is_of(type, "self", fd, err);
}

int namespaces_is_host(const struct namespace_type *type, int fd, struct nacre_error *err)
{
	struct nacre_error why;
	int r = namespaces_is_own(type, fd, err);

	if (r != 0)
		return r;
	r = is_of(type, "1", fd, &why);
	/* A namespace that the caller may not look at is none that it has opened. */
	if (r == -EACCES || r == -EPERM || r == -ENOENT)
		return 0;
	if (r < 0)
		*err = why;
	return r;
}

int namespaces_host_root(int64_t *ret_uid, int64_t *ret_gid, struct nacre_error *err)
{
	cleanup_close int proc_fd = -1;
	struct stat st;
	int r = idmap_is_initial(err);

	*ret_uid = 0;
	*ret_gid = 0;
	if (r != 0)
		return r < 0 ? r : 0;
	proc_fd = procfs_open(err);
	if (proc_fd < 0)
		return proc_fd;
	/* /proc/sys belongs to the host's root in every procfs. */
	if (fstatat(proc_fd, "sys", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(err, errno, "stat /proc/sys");
	*ret_uid = st.st_uid == OVERFLOW_ID ? -1 : (int64_t)st.st_uid;
	*ret_gid = st.st_gid == OVERFLOW_ID ? -1 : (int64_t)st.st_gid;
	return 0;
}

/* Reads FILE, the uid_map or gid_map of a process. */
static int read_map(struct arena *arena, int proc_fd, const char *file,
	struct oci_id_mapping **ret_items, size_t *ret_n, struct nacre_error *err)
{
	cleanup_free char *text = malloc(MAP_SIZE);
	struct oci_id_mapping *items;
	size_t lines = 0, n = 0;
	ssize_t length;

	if (!text)
		return fail_errno(err, ENOMEM, "%s", file);
	length = procfs_read(proc_fd, file, text, MAP_SIZE);
	if (length < 0)
		return fail_errno(err, (int)length, "read /proc/%s", file);
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	items = arena_array(arena, lines, sizeof(*items));
	if (!items)
		return arena_fail(arena, file, err);
	for (const char *line = text; *line; line = strchr(line, '\n') + 1, n++)
		if (n == lines ||
			sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &items[n].container_id,
				&items[n].host_id, &items[n].size) != 3)
			return fail(err, EINVAL, "/proc/%s is not a map of ids", file);
	*ret_items = items;
	*ret_n = n;
	return 0;
}

/* Runs a process in the namespace, so that its maps can be read as the caller sees them. It reports
 * that it is there, and waits until the socket closes, which also happens when its parent dies. */
static _Noreturn void show_namespace(int userns_fd, int socket_fd)
{
	char byte = 0;

	if (setns(userns_fd, CLONE_NEWUSER) < 0 || write(socket_fd, &byte, 1) != 1)
		_exit(1);
	while (read(socket_fd, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static int read_maps(
	struct arena *arena, pid_t pid, struct harden_maps *maps, struct nacre_error *err)
{
	cleanup_close int proc_fd = procfs_open(err);
	char file[48];
	int r;

	if (proc_fd < 0)
		return proc_fd;
	(void)snprintf(file, sizeof(file), "%d/uid_map", (int)pid);
	r = read_map(arena, proc_fd, file, &maps->uids, &maps->n_uids, err);
	(void)snprintf(file, sizeof(file), "%d/gid_map", (int)pid);
	return r < 0 ? r : read_map(arena, proc_fd, file, &maps->gids, &maps->n_gids, err);
}

int namespaces_read_maps(
	struct arena *arena, int userns_fd, struct harden_maps *ret_maps, struct nacre_error *err)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	cleanup_close int ours = -1, theirs = -1;
	int ends[2];
	char byte;
	int pid, r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fail_errno(err, errno, "socketpair");
	ours = ends[0];
	theirs = ends[1];
	pid = sys_clone3(&args);
	if (pid == 0) {
		fd_close(&ours);
		show_namespace(userns_fd, theirs);
	}
	if (pid < 0)
		return fail_errno(err, pid, "look into a user namespace: clone3");
	fd_close(&theirs);
	while ((r = (int)read(ours, &byte, 1)) < 0 && errno == EINTR)
		;
	r = r == 1 ? read_maps(arena, pid, ret_maps, err)
		   : fail(err, EPERM, "the user namespace cannot be joined");
	fd_close(&ours);
	/* The child ends by itself now, and soon. */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

int namespaces_maps_root(int userns_fd, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(SPACE_OF_MAPS);
	struct harden_maps maps;
	int64_t uid, gid;
	int r = arena ? namespaces_host_root(&uid, &gid, err) : fail_errno(err, ENOMEM, "map");

	if (r == 0)
		r = namespaces_read_maps(arena, userns_fd, &maps, err);
	if (r == 0)
		r = harden_maps_id(maps.uids, maps.n_uids, uid) ||
		    harden_maps_id(maps.gids, maps.n_gids, gid);
	return r;
}

int namespaces_look(struct arena *arena, const struct oci_config *config, struct harden_host *host,
	struct nacre_error *err)
{
	const struct oci_linux *linux_ = config->linux_;
	struct oci_strings *own = &host->own_namespaces;
	int r = 0;

	*own = (struct oci_strings){.items = arena_array(arena, linux_ ? linux_->n_namespaces : 0,
					    sizeof(*own->items))};
	if (!own->items)
		return fail_errno(err, ENOMEM, "linux.namespaces");
	for (size_t i = 0; linux_ && i < linux_->n_namespaces && r >= 0; i++) {
		const struct oci_namespace *namespace = &linux_->namespaces[i];
		cleanup_close int fd = -1;
		const struct namespace_type *type = NULL;
		struct nacre_error ignored; /* namespaces_plan reports it if the path is used */

		if (!namespace->path || !*namespace->path)
			continue;
		fd = namespaces_open(namespace, &type, &ignored);
		if (fd < 0)
			continue;
		r = namespaces_is_host(type, fd, err);
		if (r > 0)
			own->items[own->n++] = namespace->type;
		if (r == 0 && type->clone_flag == CLONE_NEWUSER)
			host->user_apart = namespaces_maps_root(fd, &ignored) == 0;
	}
	return r < 0 ? r : namespaces_host_root(&host->root_uid, &host->root_gid, err);
}
