/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_objects.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
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

static const struct {
	long magic;
	const char *name;
	const char *what;
} kernel_types[] = {
	/* clang-format off */
	{ PROC_SUPER_MAGIC,	"proc",		"on a procfs of the host" },
	{ SYSFS_MAGIC,		"sysfs",	"on the host's sysfs" },
	{ CGROUP2_SUPER_MAGIC,	"cgroup2",	"in the host's cgroups" },
	{ CGROUP_SUPER_MAGIC,	"cgroup",	"in the host's cgroups" },
	{ DEBUGFS_MAGIC,	"debugfs",	"on the host's debugfs" },
	{ TRACEFS_MAGIC,	"tracefs",	"on the host's tracefs" },
	{ SECURITYFS_MAGIC,	"securityfs",	"on the host's securityfs" },
	{ SELINUX_MAGIC,	"selinuxfs",	"on the host's selinuxfs" },
	{ SMACK_MAGIC,		"smackfs",	"on the host's smackfs" },
	{ BPF_FS_MAGIC,		"bpf",		"on the host's bpffs" },
	{ EFIVARFS_MAGIC,	"efivarfs",	"on the host's efivarfs" },
	{ PSTOREFS_MAGIC,	"pstore",	"on the host's pstore" },
	{ BINFMTFS_MAGIC,	"binfmt_misc",	"on the host's binfmt_misc" },
	{ CONFIGFS_MAGIC,	"configfs",	"on the host's configfs" },
	{ FUSECTL_MAGIC,	"fusectl",	"on the host's fusectl" },
	{ NSFS_MAGIC,		"nsfs",		"a namespace" },
	{ DEVPTS_SUPER_MAGIC,	"devpts",	"a terminal of the host" },
	{ MQUEUE_MAGIC,		"mqueue",	"a message queue of the host" },
	/* clang-format on */
};

enum {
	N_KERNEL_TYPES = sizeof(kernel_types) / sizeof(kernel_types[0]),
};

const char *mount_objects_kernel_type(long magic)
{
	for (size_t i = 0; i < N_KERNEL_TYPES; i++) {
		if (kernel_types[i].magic == magic)
			return kernel_types[i].what;
	}
	return NULL;
}

bool mount_objects_is_kernel_type(const char *name)
{
	for (size_t i = 0; i < N_KERNEL_TYPES; i++) {
		if (strcmp(kernel_types[i].name, name) == 0)
			return true;
	}
	return false;
}

static const struct host_object own_state = {
	.below = HOST_BELOW_ALL,
	.what = "part of the state of containers",
};

/* Finds the first match from OBJECT on. */
static struct mount_object *find_from(
	struct mount_object *object, const struct mount_identity *identity)
{
	while (object && !mount_identity_same(&object->identity, identity))
		object = object->next;
	return object;
}

const struct mount_object *mount_objects_find(const struct mount_objects *objects,
	const struct mount_identity *identity, const struct mount_object *after)
{
	return find_from(after ? after->next : objects->newest, identity);
}

static int fail_memory(struct nacre_error *err)
{
	return fail_errno(err, ENOMEM, "objects of the host");
}

static void name(struct mount_object *object, const char *path)
{
	object->path = path;
	object->length = strlen(path);
}

static struct mount_object *add(struct mount_objects *objects,
	const struct mount_identity *identity, const char *path, struct mount_object *above)
{
	struct mount_object *object = arena_alloc(objects->arena, sizeof(*object));

	if (!object)
		return NULL;
	object->identity = *identity;
	name(object, path);
	object->above = above;
	object->next = objects->newest;
	objects->newest = object;
	return object;
}

/* Marks OBJECT as ROW, and the directories above it as containing that. */
static void forbid(struct mount_object *object, const struct host_object *row)
{
	object->row = row;
	for (struct mount_object *o = object->above; o && row->what; o = o->above) {
		const struct mount_object **of_kind = row->engine ? &o->engine : &o->other;

		if (*of_kind)
			return;
		*of_kind = object;
	}
}

/* --- a row that a symlink leads to, or the state: its directories have to be looked for --- */

struct climb {
	struct mount_objects *objects;
	struct mount_object *first; /* of those that were added */
	struct mount_object *last;
};

/* Adds directories up to the first that is known. Returns 1 to end, or -ENOMEM. */
static int add_above(void *data, const struct mount_identity *identity)
{
	struct climb *c = data;
	struct mount_object *known = find_from(c->objects->newest, identity), *object;

	object = known ? known : add(c->objects, identity, "", NULL);
	if (!object)
		return -ENOMEM;
	if (c->last)
		c->last->above = object;
	else
		c->first = object;
	c->last = object;
	return known != NULL;
}

static int add_opened(struct mount_objects *objects, int fd, const char *path,
	struct mount_object **ret_object, struct nacre_error *err)
{
	struct climb c = {.objects = objects};
	int r = mount_identity_each_above(fd, add_above, &c, err);

	if (r == -ENOMEM)
		return fail_memory(err);
	if (r < 0)
		return fail_prefix(err, "%s", path);
	if (!*c.first->path)
		name(c.first, path);
	*ret_object = c.first;
	return 0;
}

/* --- the rows --- */

/* A caller cannot mount what it may not look up. */
static bool is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -EACCES;
}

static struct mount_object *directory_of(const struct mount_objects *objects, const char *path)
{
	size_t length = (size_t)(strrchr(path, '/') - path);
	struct mount_object *object = objects->newest;

	length += length == 0; /* "/" */
	while (object && (object->length != length || memcmp(object->path, path, length)))
		object = object->next;
	return object;
}

/* *ABSENT: the last row that does not exist; what lies below it does not either. */
static int add_row(struct mount_objects *objects, const struct host_object *row, const char *path,
	const char **absent, struct nacre_error *err)
{
	struct mount_object *object = NULL;
	struct mount_identity identity;
	cleanup_close int fd = -1;
	int r;

	if (*absent && path_within(path, *absent))
		return 0;
	r = mount_identity_of_path(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &identity);
	if (r == 0 && S_ISLNK(identity.mode)) {
		fd = open(path, O_PATH | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	}
	if (is_absent(r)) {
		*absent = path;
		return 0;
	}
	if (r < 0)
		return fail_errno(err, r, "%s", path);
	if (fd >= 0)
		r = add_opened(objects, fd, path, &object, err);
	else
		object = add(
			objects, &identity, path, path[1] ? directory_of(objects, path) : NULL);
	if (r < 0)
		return r;
	if (!object)
		return fail_memory(err);
	forbid(object, row);
	return 0;
}

/* Adds the rows from ROW on that have its '*', with NAME in its place. */
static int add_named(struct mount_objects *objects, const struct host_object *row, const char *name,
	struct nacre_error *err)
{
	const size_t length = strcspn(row->path, "*");
	const char *absent = NULL;
	int r = 0;

	for (const char *first = row->path; r == 0 && row->path; row++) {
		const char *path;

		if (strncmp(row->path, first, length + 1))
			break;
		path = arena_printf(objects->arena, "%.*s%s%s", (int)length, first, name,
			row->path + length + 1);
		if (!path)
			return fail_memory(err);
		r = add_row(objects, row, path, &absent, err);
	}
	return r;
}

static int add_each(
	struct mount_objects *objects, const struct host_object *row, struct nacre_error *err)
{
	const char *path = arena_strndup(objects->arena, row->path, strcspn(row->path, "*"));
	cleanup_dir DIR *dir = path ? opendir(path) : NULL;
	struct dirent *entry;
	int r = 0;

	if (!path)
		return fail_memory(err);
	if (!dir)
		return is_absent(-errno) ? 0 : fail_errno(err, errno, "read %s", path);
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			r = add_named(objects, row, entry->d_name, err);
	}
	return r == 0 && errno ? fail_errno(err, errno, "read %s", path) : r;
}

int mount_objects_add_state(struct mount_objects *objects, int state_fd, struct nacre_error *err)
{
	struct mount_object *object = NULL;
	char path[PATH_MAX];
	int r = file_path(state_fd, path);
	const char *kept = r < 0 ? NULL : arena_strdup(objects->arena, path);

	if (r < 0)
		return fail_errno(err, r, "path of the state of containers");
	if (!kept)
		return fail_memory(err);
	r = add_opened(objects, state_fd, kept, &object, err);
	if (r == 0)
		forbid(object, &own_state);
	return r;
}

/* Takes one system call per row, and none for rows in a directory that does not exist. The table
 * has the directory of each row before it, so that directory is known unless it is a symlink. */
int mount_objects_collect(
	struct mount_objects *objects, struct arena *arena, struct nacre_error *err)
{
	const char *absent = NULL;
	int r = 0;

	*objects = (struct mount_objects){.arena = arena};
	for (const struct host_object *row = host_objects; r == 0 && row->path; row++) {
		const char *star = strchr(row->path, '*');

		if (absent && path_within(row->path, absent))
			continue;
		if (!star)
			r = add_row(objects, row, row->path, &absent, err);
		else if (!star[1])
			r = add_each(objects, row, err);
	}
	return r;
}
