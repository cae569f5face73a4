/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/oom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "shim/loop.h"
#include "shim/publish.h"
#include "shim/small_file.h"
#include "shim/task_cgroup.h"

static struct source source = {.fd = -1};

static void file_of(const struct container *c, char path[static 64])
{
	(void)snprintf(path, 64, "/proc/self/fd/%d/memory.events", c->cgroup_fd);
}

/* Returns whether the OOM killer has struck since the last call. */
static bool has_struck(struct container *c)
{
	char text[1024];
	const char *at;
	uint64_t kills;

	if (small_file_read(c->cgroup_fd, "memory.events", text, sizeof(text)) < 0)
		return false;
	at = strstr(text, "\noom_kill ");
	kills = at ? strtoull(at + strlen("\noom_kill "), NULL, 10) : 0;
	if (kills <= c->oom_kills)
		return false;
	c->oom_kills = kills;
	return true;
}

void oom_look(struct container *container)
{
	if (container->oom_watch >= 0 && has_struck(container))
		publish_named("/tasks/oom", "TaskOOM", container);
}

static void oom_ready(struct source *ready, uint32_t events)
{
	union {
		char bytes[4096];
		struct inotify_event align;
	} buffer;
	const ssize_t n = read(ready->fd, buffer.bytes, sizeof(buffer.bytes));

	(void)events;
	if (n <= 0)
		return;
	/* Looks at all containers: an overflow of the inotify queue names none. */
	for (struct container *c = task_first(); c; c = c->next)
		oom_look(c);
}

void oom_watch(struct container *container)
{
	char path[64];

	container->cgroup_fd = task_cgroup_open(container->init.pid);
	if (container->cgroup_fd < 0)
		return;
	if (source.fd < 0) {
		source.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		source.ready = oom_ready;
		if (source.fd < 0 || loop_watch(&source, EPOLLIN) < 0)
			return;
	}
	file_of(container, path);
	/* Without the memory controller this file is missing, and no limit can be reached. */
	container->oom_watch = inotify_add_watch(source.fd, path, IN_MODIFY);
	(void)has_struck(container);
}

void oom_forget(struct container *container)
{
	if (container->oom_watch >= 0)
		(void)inotify_rm_watch(source.fd, container->oom_watch);
	if (container->cgroup_fd >= 0)
		(void)close(container->cgroup_fd);
	container->oom_watch = container->cgroup_fd = -1;
}
