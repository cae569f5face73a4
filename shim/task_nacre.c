/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/task_nacre.h"

#include "libcontainer/container.h"

static int open_nacre(const struct container *c, struct nacre **ret_nacre, struct nacre_error *err)
{
	const struct nacre_options options = {
		.size = sizeof(options), .root = c->root, .root_must_exist = true};

	return nacre_open(&options, ret_nacre, err);
}

int task_kill(const struct container *container, int sig, bool all, struct nacre_error *err)
{
	struct nacre *nacre = NULL;
	int r = open_nacre(container, &nacre, err);

	if (r == 0)
		r = nacre_kill(nacre, container->id, sig, all, err);
	nacre_close(nacre);
	return r;
}

int task_pids(
	const struct container *container, pid_t **ret_pids, size_t *ret_n, struct nacre_error *err)
{
	struct nacre *nacre = NULL;
	int r = open_nacre(container, &nacre, err);

	if (r == 0)
		r = nacre_pids(nacre, container->id, ret_pids, ret_n, err);
	nacre_close(nacre);
	return r;
}
