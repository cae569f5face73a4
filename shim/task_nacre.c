/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/task_nacre.h"

#include <errno.h>
#include <stdio.h>

#include "libcontainer/container.h"
#include "shim/rootfs.h"

static int open_nacre(
	const char *root, bool expendable, struct nacre **ret_nacre, struct nacre_error *err)
{
	const struct nacre_options options = {.size = sizeof(options),
		.root = root,
		.root_must_exist = true,
		.expendable = expendable};

	return nacre_open(&options, ret_nacre, err);
}

int task_kill(const struct container *container, int sig, bool all, struct nacre_error *err)
{
	struct nacre *nacre = NULL;
	int r = open_nacre(container->root, false, &nacre, err);

	if (r == 0)
		r = nacre_kill(nacre, container->id, sig, all, err);
	nacre_close(nacre);
	return r;
}

int task_pids(
	const struct container *container, pid_t **ret_pids, size_t *ret_n, struct nacre_error *err)
{
	struct nacre *nacre = NULL;
	int r = open_nacre(container->root, false, &nacre, err);

	if (r == 0)
		r = nacre_pids(nacre, container->id, ret_pids, ret_n, err);
	nacre_close(nacre);
	return r;
}

int task_start(const struct container *container, char text[static JOB_TEXT])
{
	struct nacre *nacre = NULL;
	struct nacre_error err;
	int r = open_nacre(container->root, true, &nacre, &err);

	if (r == 0)
		r = nacre_start(nacre, container->id, NULL, &err);
	if (r < 0)
		(void)snprintf(text, JOB_TEXT, "%s", err.text);
	nacre_close(nacre);
	return r;
}

static int delete (const char *root, const char *id, struct nacre_error *err)
{
	struct nacre *nacre = NULL;
	int r = open_nacre(root, true, &nacre, err);

	if (r == -ENOENT)
		return 0; /* nacre has made no container yet */
	if (r == 0)
		r = nacre_delete(nacre, id, true, err);
	nacre_close(nacre);
	return r;
}

int task_undo_create(
	const char *root, const char *id, const char *bundle, char text[static JOB_TEXT])
{
	struct nacre_error err;
	const int r = delete (root, id, &err);

	/* Reports the first failure. */
	if (rootfs_unmount(bundle, text) == 0 && r == 0)
		return 0;
	if (r < 0)
		(void)snprintf(text, JOB_TEXT, "%s", err.text);
	return -1;
}
