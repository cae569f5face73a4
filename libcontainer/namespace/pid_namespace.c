/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/pid_namespace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"

enum {
	DEPTH_MAX = 32, /* MAX_PID_NS_LEVEL of the kernel */
};

static int open_namespace(pid_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool is_within(pid_t pid, const struct stat *wanted)
{
	cleanup_close int fd = open_namespace(pid);

	for (int depth = 0; fd >= 0 && depth <= DEPTH_MAX; depth++) {
		struct stat st;
		int parent;

		if (fstat(fd, &st) < 0)
			return false;
		if (st.st_dev == wanted->st_dev && st.st_ino == wanted->st_ino)
			return true;
		/* fails with EPERM at the caller's own */
		parent = ioctl(fd, NS_GET_PARENT);
		fd_close(&fd);
		fd = parent;
	}
	return false;
}

struct pid_list {
	pid_t *pids;
	size_t n;
	size_t room;
};

static int append(struct pid_list *list, pid_t pid)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 16;
		pid_t *more = reallocarray(list->pids, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->pids = more;
		list->room = room;
	}
	list->pids[list->n++] = pid;
	return 0;
}

static int walk(DIR *proc, pid_t init, const struct stat *wanted, struct pid_list *list)
{
	const struct dirent *entry;
	int r = append(list, init);

	errno = 0;
	while (r == 0 && wanted && (errno = 0, entry = readdir(proc))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (*end == '\0' && pid > 0 && pid != init && is_within((pid_t)pid, wanted))
			r = append(list, (pid_t)pid);
	}
	return r < 0 ? r : -errno;
}

int pid_namespace_pids(pid_t init, pid_t **ret_pids, size_t *ret_n, struct nacre_error *err)
{
	cleanup_dir DIR *proc = opendir("/proc");
	cleanup_close int fd = open_namespace(init);
	struct pid_list list = {.n = 0};
	struct stat st, own;
	bool found;
	int r;

	if (!proc)
		return fail_errno(err, errno, "open /proc");
	/* Lists only INIT if its pid namespace is the caller's. */
	found = fd >= 0 && fstat(fd, &st) == 0 && stat("/proc/self/ns/pid", &own) == 0 &&
		(st.st_dev != own.st_dev || st.st_ino != own.st_ino);
	r = walk(proc, init, found ? &st : NULL, &list);
	if (r < 0) {
		free(list.pids);
		return fail_errno(err, r, "list the processes of the container");
	}
	*ret_pids = list.pids;
	*ret_n = list.n;
	return 0;
}
