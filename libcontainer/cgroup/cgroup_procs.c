/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/cgroup/cgroup.h"

/* Bytes: more pids than a kernel has. */
#define PROCS_LIMIT (64 * 1024 * 1024)

static const char *attach_reason(int r)
{
	switch (r) {
	case -EBUSY:
		return " (it hands controllers down, so it cannot hold processes)";
	case -EOPNOTSUPP:
		return " (it is threaded or below a threaded cgroup)";
	case -EACCES:
	case -EPERM:
		return " (it is not delegated to this user)";
	default:
		return "";
	}
}

int cgroup_attach(const struct cgroup *cgroup, pid_t pid, struct nacre_error *err)
{
	char text[16];
	int r;

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	r = file_write(cgroup->fd, "cgroup.procs", text);
	if (r < 0)
		return fail_errno(err, r, "cgroup %s: move process %d in%s", cgroup->path, (int)pid,
			attach_reason(r));
	return 0;
}

struct pid_list {
	pid_t *pids;
	size_t n;
	size_t room;
};

static int pid_list_add(struct pid_list *list, pid_t pid)
{
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		pid_t *grown = reallocarray(list->pids, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		list->pids = grown;
		list->room = room;
	}
	list->pids[list->n++] = pid;
	return 0;
}

/* A cgroup that is removed meanwhile holds no process; the processes of a threaded one are listed
 * by the cgroup that its threads belong to. */
static bool has_no_list(int code)
{
	return code == ENOENT || code == ENODEV || code == EOPNOTSUPP;
}

static int list_procs(int fd, struct pid_list *list, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	struct nacre_error why;
	char *line, *end;
	int r = file_read(fd, "cgroup.procs", PROCS_LIMIT, &text, NULL, &why);

	if (r < 0 && has_no_list(-r))
		return 0;
	if (r < 0) {
		*err = why;
		return r;
	}
	for (line = text; *line; line = end + (*end == '\n')) {
		long pid = strtol(line, &end, 10);

		if (end == line || (*end != '\n' && *end != '\0'))
			return fail(err, EINVAL, "cgroup.procs: not a number: %.20s", line);
		/* 0 is a process that this pid namespace does not show; to kill(2) it would be
		 * the caller's own group. */
		if (pid > 0 && pid_list_add(list, (pid_t)pid) < 0)
			return fail_errno(err, ENOMEM, "cgroup.procs");
	}
	return 0;
}

/* A cgroup on the way down, with its children that are still to be visited. */
struct level {
	struct level *above;
	char **children;
	size_t n;
	size_t room;
};

/* A container can nest cgroups deeper than there are fds, stack and bytes in a path. So one fd goes
 * down by names and up by "..", which also leads out of a cgroup that was removed. */
struct tree_walk {
	int fd; /* of the cgroup of LEVEL */
	struct level *level;
	struct pid_list list;
};

static void drop_level(struct tree_walk *w)
{
	struct level *level = w->level;

	w->level = level->above;
	while (level->n > 0)
		free(level->children[--level->n]);
	free(level->children);
	free(level);
}

static int add_child(struct level *level, const char *name)
{
	if (level->n == level->room) {
		size_t room = level->room ? 2 * level->room : 8;
		char **grown = reallocarray(level->children, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		level->children = grown;
		level->room = room;
	}
	level->children[level->n] = strdup(name);
	return level->children[level->n++] ? 0 : -ENOMEM;
}

static int list_children(struct tree_walk *w)
{
	int fd = openat(w->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = -errno;
		fd_close(&fd);
		return has_no_list(-r) ? 0 : r;
	}
	while (r == 0 && (errno = 0, entry = readdir(dir)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0)
			r = add_child(w->level, entry->d_name);
	if (r < 0)
		return r;
	return has_no_list(errno) ? 0 : -errno;
}

/* Goes to the cgroup of FD, one level down. Takes FD over. */
static int enter(struct tree_walk *w, int fd, struct nacre_error *err)
{
	struct level *level = calloc(1, sizeof(*level));
	int r;

	fd_close(&w->fd);
	w->fd = fd;
	if (!level)
		return fail_errno(err, ENOMEM, "list");
	level->above = w->level;
	w->level = level;
	r = list_procs(fd, &w->list, err);
	if (r < 0)
		return r;
	r = list_children(w);
	return r < 0 ? fail_errno(err, r, "list") : 0;
}

/* Goes to the next child of this level, or up; from the first level the walk ends. */
static int go_on(struct tree_walk *w, struct nacre_error *err)
{
	cleanup_free char *name = NULL;
	int fd = -1;

	if (w->level->n > 0) {
		name = w->level->children[--w->level->n];
		fd = sys_openat2(w->fd, name, O_RDONLY | O_DIRECTORY, 0,
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
		if (fd >= 0)
			return enter(w, fd, err);
		return has_no_list(-fd) ? 0 : fail_errno(err, fd, "open %s", name);
	}
	drop_level(w);
	if (!w->level)
		return 0;
	fd = openat(w->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, errno, "open the cgroup above");
	fd_close(&w->fd);
	w->fd = fd;
	return 0;
}

int cgroup_pids(
	const struct cgroup *cgroup, pid_t **ret_pids, size_t *ret_n, struct nacre_error *err)
{
	struct tree_walk w = {.fd = -1};
	int fd = openat(cgroup->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0 && !has_no_list(errno))
		return fail_errno(err, errno, "cgroup %s: open", cgroup->path);
	if (fd >= 0)
		r = enter(&w, fd, err);
	while (r == 0 && w.level)
		r = go_on(&w, err);
	while (w.level)
		drop_level(&w);
	fd_close(&w.fd);
	if (r < 0) {
		free(w.list.pids);
		return fail_prefix(err, "cgroup %s", cgroup->path);
	}
	*ret_pids = w.list.pids;
	*ret_n = w.list.n;
	return 0;
}

int cgroup_read_oom_kills(const struct cgroup *cgroup, uint64_t *ret_kills, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	struct nacre_error why;
	const char *line;
	int r = file_read(cgroup->fd, "memory.events", 4096, &text, NULL, &why);

	*ret_kills = 0;
	if (r == -ENOENT || r == -ENODEV) /* no controller, or no cgroup any more */
		return 0;
	if (r < 0) {
		*err = why;
		return fail_prefix(err, "cgroup %s", cgroup->path);
	}
	line = strstr(text, "oom_kill ");
	if (line)
		*ret_kills = strtoull(line + strlen("oom_kill "), NULL, 10);
	return 0;
}

uint64_t cgroup_oom_kills(const struct cgroup *cgroup)
{
	struct nacre_error ignored;
	uint64_t kills;

	return cgroup_read_oom_kills(cgroup, &kills, &ignored) < 0 ? 0 : kills;
}
