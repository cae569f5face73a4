/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/cgroup/cgroup.h"

/* More pids than a kernel has. */
#define PROCS_LIMIT (64 * 1024 * 1024)
/* Cgroups below a container's cgroup that are looked into; a container may nest them at will. */
#define DEPTH_MAX 128

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

static int list_tree(int dir_fd, int depth, struct pid_list *list, struct nacre_error *err)
{
	cleanup_close int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = NULL;
	const struct dirent *entry;
	int r;

	if (fd < 0)
		return has_no_list(errno) ? 0 : fail_errno(err, errno, "open");
	r = list_procs(fd, list, err);
	if (r < 0)
		return r;
	dir = fdopendir(fd);
	if (!dir)
		return fail_errno(err, errno, "list");
	(void)fd_steal(&fd);
	while ((entry = readdir(dir))) {
		cleanup_close int child = -1;

		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
			strcmp(entry->d_name, "..") == 0)
			continue;
		if (depth == DEPTH_MAX)
			return fail(err, E2BIG, "more than %d cgroups nested in it", DEPTH_MAX);
		child = sys_openat2(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY, 0,
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
		if (child == -ENOENT)
			continue;
		if (child < 0)
			return fail_errno(err, child, "open %s", entry->d_name);
		r = list_tree(child, depth + 1, list, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_pids(
	const struct cgroup *cgroup, pid_t **ret_pids, size_t *ret_n, struct nacre_error *err)
{
	struct pid_list list = {0};

	if (list_tree(cgroup->fd, 0, &list, err) < 0) {
		free(list.pids);
		return fail_prefix(err, "cgroup %s", cgroup->path);
	}
	*ret_pids = list.pids;
	*ret_n = list.n;
	return 0;
}

uint64_t cgroup_oom_kills(const struct cgroup *cgroup)
{
	struct nacre_error ignored; /* no file, no controller, no kill */
	cleanup_free char *text = NULL;
	const char *line;

	if (file_read(cgroup->fd, "memory.events", 4096, &text, NULL, &ignored) < 0)
		return 0;
	line = strstr(text, "oom_kill ");
	return line ? strtoull(line + strlen("oom_kill "), NULL, 10) : 0;
}
