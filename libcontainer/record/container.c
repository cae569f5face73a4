/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/container.h"

#include "libcontainer/base/cleanup.h"

void container_init(struct container *c)
{
	*c = (struct container){
		.root_fd = -1,
		.state_fd = -1,
		.lock_fd = -1,
		.audit_fds = {-1, -1},
		.cgroup = CGROUP_CLOSED,
		.pidfd = -1,
	};
}

void container_done(struct container *c)
{
	fd_close(&c->state_fd);
	fd_close(&c->lock_fd);
	for (size_t i = 0; i < CONTAINER_AUDIT_FILES; i++)
		fd_close(&c->audit_fds[i]);
	cgroup_close(&c->cgroup);
	fd_close(&c->pidfd);
	arena_free(c->arena);
}

void container_warn(const struct container *c, const char *text)
{
	c->callbacks->warn(c->callbacks->data, text);
}

void container_drop_warning(void *data, const char *text)
{
	(void)data;
	(void)text;
}
