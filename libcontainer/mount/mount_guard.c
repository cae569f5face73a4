/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "specs/mount_types.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

#ifndef MQUEUE_MAGIC
#define MQUEUE_MAGIC 0x19800202 /* ipc/mqueue.c */
#endif
#ifndef CONFIGFS_MAGIC
#define CONFIGFS_MAGIC 0x62656570 /* fs/configfs */
#endif
#ifndef FUSECTL_MAGIC
#define FUSECTL_MAGIC 0x65735543 /* fs/fuse/control.c */
#endif

/* One judgement. */
struct source {
	const struct mount_guard *guard;
	const char *place; /* in the config */
	const char *given;
	int fd;
	struct stat st;
	char path[PATH_MAX]; /* where it really lies */
};

/* Where the kernel shows itself, whatever the place it is mounted on. */
static const struct {
	long magic;
	const char *what;
} kernel_types[] = {
	/* clang-format off */
	{ PROC_SUPER_MAGIC,	"on a procfs of the host" },
	{ SYSFS_MAGIC,		"on the host's sysfs" },
	{ CGROUP2_SUPER_MAGIC,	"in the host's cgroups" },
	{ CGROUP_SUPER_MAGIC,	"in the host's cgroups" },
	{ DEBUGFS_MAGIC,	"on the host's debugfs" },
	{ TRACEFS_MAGIC,	"on the host's tracefs" },
	{ SECURITYFS_MAGIC,	"on the host's securityfs" },
	{ SELINUX_MAGIC,	"on the host's selinuxfs" },
	{ SMACK_MAGIC,		"on the host's smackfs" },
	{ BPF_FS_MAGIC,		"on the host's bpffs" },
	{ EFIVARFS_MAGIC,	"on the host's efivarfs" },
	{ PSTOREFS_MAGIC,	"on the host's pstore" },
	{ BINFMTFS_MAGIC,	"on the host's binfmt_misc" },
	{ CONFIGFS_MAGIC,	"on the host's configfs" },
	{ FUSECTL_MAGIC,	"on the host's fusectl" },
	{ NSFS_MAGIC,		"a namespace" },
	{ DEVPTS_SUPER_MAGIC,	"a terminal of the host" },
	{ MQUEUE_MAGIC,		"a message queue of the host" },
	/* clang-format on */
};

/* Where engines listen, for sockets that were linked or mounted elsewhere. */
static const char *const engine_sockets[] = {
	"/run/docker.sock",
	"/run/containerd/containerd.sock",
	"/run/containerd/containerd.sock.ttrpc",
	"/run/crio/crio.sock",
	"/run/podman/podman.sock",
	"/run/buildkit/buildkitd.sock",
	"/run/k3s/containerd/containerd.sock",
	"/run/cri-dockerd.sock",
	"/run/docker/containerd/containerd.sock",
};

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_file(const struct stat *st, const char *path)
{
	struct stat other;

	return stat(path, &other) == 0 && is_same(st, &other);
}

static int refuse_grantable(
	const struct source *s, const char *grant, const char *what, struct nacre_error *err)
{
	return harden_refuse_source(
		s->guard->arena, s->guard->request, s->place, s->path, grant, what, err);
}

/* The text rules again, on the path without symlinks. */
static int judge_place(const struct source *s, struct nacre_error *err)
{
	int r = harden_judge_source(s->guard->arena, s->guard->request, s->place, s->path, err);

	if (r < 0 && strcmp(s->given, s->path) != 0)
		return fail_prefix(err, "%s leads there", s->given);
	return r;
}

static int judge_filesystem(const struct source *s, struct nacre_error *err)
{
	struct statfs fs;

	if (fstatfs(s->fd, &fs) < 0)
		return fail_errno(err, errno, "statfs %s", s->given);
	for (size_t i = 0; i < sizeof(kernel_types) / sizeof(kernel_types[0]); i++) {
		if (kernel_types[i].magic == (long)fs.f_type)
			return refuse_grantable(s, NULL, kernel_types[i].what, err);
	}
	return 0;
}

static int judge_directory(const struct source *s, struct nacre_error *err)
{
	const char *state = s->guard->state_path;
	struct stat dev;

	if (is_file(&s->st, "/"))
		return refuse_grantable(s, NULL, "the host's root directory", err);
	/* A devtmpfs has the type of any tmpfs. A single node is let through: nodev keeps it shut.
	 */
	if (!path_within(s->path, "/dev") && stat("/dev", &dev) == 0 &&
		dev.st_dev == s->st.st_dev && !is_file(&dev, "/"))
		return refuse_grantable(s, NULL, "a directory of the host's /dev", err);
	if (is_same(&s->st, &s->guard->state) || path_within(s->path, state) ||
		path_within(state, s->path))
		return refuse_grantable(s, NULL, "the state of containers", err);
	return 0;
}

static int judge_socket(const struct source *s, struct nacre_error *err)
{
	for (size_t i = 0; i < sizeof(engine_sockets) / sizeof(engine_sockets[0]); i++) {
		if (is_file(&s->st, engine_sockets[i]))
			return refuse_grantable(s, "engine-socket",
				"an engine's socket, and whoever has it has the host", err);
	}
	return 0;
}

/* The kernel's own path of an open file has no symlinks in it. */
static int locate(struct source *s, struct nacre_error *err)
{
	char link[32];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", s->fd);
	n = readlink(link, s->path, sizeof(s->path) - 1);
	if (n < 0)
		return fail_errno(err, errno, "where %s leads: read %s", s->given, link);
	s->path[n] = '\0';
	/* "(unreachable)/x": below a mount that is not in this namespace. */
	if (s->path[0] != '/')
		return fail(err, EPERM, "%s leads out of the host's file system", s->given);
	return 0;
}

static int judge(struct source *s, struct nacre_error *err)
{
	int r;

	if (fstat(s->fd, &s->st) < 0)
		return fail_errno(err, errno, "stat %s", s->given);
	r = locate(s, err);
	if (r == 0)
		r = judge_place(s, err);
	if (r == 0)
		r = judge_filesystem(s, err);
	if (r == 0 && S_ISDIR(s->st.st_mode))
		r = judge_directory(s, err);
	if (r == 0 && S_ISSOCK(s->st.st_mode))
		r = judge_socket(s, err);
	return r;
}

bool mount_guard_judges(const struct mount_guard *guard)
{
	return guard && guard->request;
}

int mount_guard_judge(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	int fd, struct nacre_error *err)
{
	struct source source = {.guard = guard, .given = mount->source, .fd = fd};
	char place[48];

	(void)snprintf(place, sizeof(place), "mounts[%zu].source", index);
	source.place = place;
	return judge(&source, err);
}

int mount_guard_open(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	bool nofollow, struct nacre_error *err)
{
	int r;

	/* Not open(2): this call triggers automounts as mounting would. */
	cleanup_close int fd = sys_open_tree(
		AT_FDCWD, mount->source, nofollow ? AT_SYMLINK_NOFOLLOW : 0);

	if (fd < 0)
		return fail_errno(err, fd, "open the source");
	r = mount_guard_judge(guard, mount, index, fd, err);
	if (r < 0)
		return r;
	return fd_steal(&fd);
}

/* PATH as the kernel will open it. ITEM: of which option, for the error. */
static int judge_path(const struct mount_guard *guard, const char *place, const char *path,
	struct nacre_error *err)
{
	struct source source = {.guard = guard, .place = place, .given = path};
	cleanup_close int fd = -1;

	if (path[0] != '/')
		return 0;
	fd = open(path, O_PATH | O_CLOEXEC);
	/* A source is only a name to most types. */
	if (fd < 0)
		return errno == ENOENT ? 0 : fail_errno(err, errno, "open %s", path);
	source.fd = fd;
	return judge(&source, err);
}

static int judge_layer(void *data, const char *place, const char *path, struct nacre_error *err)
{
	return judge_path(data, place, path, err);
}

int mount_guard_filesystem(const struct mount_guard *guard, const struct oci_mount *mount,
	size_t index, struct nacre_error *err)
{
	char place[48];

	if (!mount_guard_judges(guard))
		return 0;
	if (mount_has_type(mount, "overlay"))
		return harden_each_layer(mount, index, judge_layer, (void *)guard, err);
	if (mount_opens_disk(mount)) /* by its numbers: mount_disk.h */
		return 0;
	(void)snprintf(place, sizeof(place), "mounts[%zu].source", index);
	return mount->source ? judge_path(guard, place, mount->source, err) : 0;
}

int mount_guard_init(struct mount_guard *guard, struct arena *arena,
	const struct harden_request *request, int state_fd, struct nacre_error *err)
{
	char link[32];
	ssize_t n;

	*guard = (struct mount_guard){.arena = arena};
	if (!harden_judges_sources(request))
		return 0;
	if (fstat(state_fd, &guard->state) < 0)
		return fail_errno(err, errno, "stat the state root");
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", state_fd);
	n = readlink(link, guard->state_path, sizeof(guard->state_path) - 1);
	if (n < 0)
		return fail_errno(err, errno, "read %s", link);
	guard->request = request;
	return 0;
}
