/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "shim/log.h"
#include "shim/publish.h"
#include "shim/task_cgroup.h"

/* Reads the number of kills. Returns 0, also where the file tells none, or -errno. */
static int read_kills(const struct container *c, uint64_t *ret_kills)
{
	char text[1024];
	const ssize_t n = pread(c->oom.fd, text, sizeof(text) - 1, 0);
	const char *at;

	if (n < 0)
		return -errno;
	text[n] = '\0';
	at = strstr(text, "\noom_kill ");
	*ret_kills = at ? strtoull(at + strlen("\noom_kill "), NULL, 10) : 0;
	return 0;
}

/* Returns 1 if the OOM killer has struck since the last call, 0 if not, or -errno. */
static int has_struck(struct container *c)
{
	uint64_t kills;
	const int r = read_kills(c, &kills);

	if (r < 0 || kills <= c->oom_kills)
		return r;
	c->oom_kills = kills;
	return 1;
}

void oom_look(struct container *container)
{
	const int r = container->oom.fd >= 0 ? has_struck(container) : 0;

	if (r > 0)
		publish_named("/tasks/oom", "TaskOOM", container);
	/* The file of a cgroup that was removed is always ready. */
	if (r < 0)
		loop_forget(&container->oom);
	if (r < 0 && r != -ENODEV)
		log_warning("read memory.events of %s: %s", container->id, strerror(-r));
}

static void oom_ready(struct source *source, uint32_t events)
{
	(void)events;
	oom_look((void *)((char *)source - offsetof(struct container, oom)));
}

void oom_watch(struct container *container)
{
	int r;

	container->cgroup_fd = task_cgroup_open(container->init.pid);
	if (container->cgroup_fd < 0)
		return;
	container->oom.ready = oom_ready;
	container->oom.fd = openat(container->cgroup_fd, "memory.events",
		O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	/* Without the memory controller this file is missing, and no limit can be reached. */
	if (container->oom.fd < 0 && errno == ENOENT)
		return;
	/* Waits by epoll(7): a host has 128 instances of inotify(7) for all shims of root. */
	r = container->oom.fd < 0 ? -errno : has_struck(container);
	if (r >= 0)
		r = loop_watch(&container->oom, EPOLLPRI);
	if (r < 0)
		log_warning("watch memory.events of %s: %s", container->id, strerror(-r));
}

void oom_forget(struct container *container)
{
	loop_forget(&container->oom);
	if (container->oom.fd >= 0)
		(void)close(container->oom.fd);
	if (container->cgroup_fd >= 0)
		(void)close(container->cgroup_fd);
	container->oom.fd = container->cgroup_fd = -1;
}
