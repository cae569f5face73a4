/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/store.h"
#include "specs/path_text.h"

/* Protects directories of the caller that no container may have: states, workspaces and receipts.
 */

/* FD: a directory with state, or the reason that it was not opened, which WHY describes. */
static int guard_opened(
	struct life *l, int fd, const struct nacre_error *why, struct nacre_error *err)
{
	cleanup_close int state_fd = fd;

	/* nacre uses no directory that is missing or is not the caller's. */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -EACCES || fd == -EPERM)
		return 0;
	return fd < 0 ? fail(err, why->code, "%s", why->text)
		      : mount_guard_add_state(&l->guard, state_fd, err);
}

static int guard_directory(struct life *l, const char *path, struct nacre_error *err)
{
	struct nacre_error why;
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fd = fail_errno(&why, errno, "open %s", path);
	return guard_opened(l, fd, &why, err);
}

/* A container with the host's /tmp could create this directory and put states there, so it is
 * created first. */
static int guard_own_place(struct life *l, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;
	char path[OWN_PLACE_SIZE];
	struct nacre_error why;
	bool shared = false;

	if (geteuid() == 0)
		return 0;
	(void)open_own_place(false, path, &why);
	for (size_t i = 0; i < config->n_mounts && !shared; i++)
		shared = config->mounts[i].source && path_within(path, config->mounts[i].source);
	/* A directory of another user is never used. */
	if (shared)
		(void)open_own_place(true, path, &why);
	return guard_directory(l, path, err);
}

/* Protects the default places of the caller's states and those of nacre-bwrap. */
static int guard_own_roots(struct life *l, struct nacre_error *err)
{
	static const char *const ends[] = {"", "-bwrap"};
	struct nacre_error why;
	char root[PATH_MAX];
	int r = guard_own_place(l, err);

	if (r < 0 || open_default_root(false, root, &why) < 0)
		return r;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]) && r == 0; i++) {
		const char *path = arena_printf(l->container.arena, "%s%s", root, ends[i]);

		r = path ? guard_directory(l, path, err) : fail_errno(err, ENOMEM, "%s", root);
	}
	return r;
}

/* A container that can write to the store of workspaces can make apply write anywhere; one that can
 * write to the record of receipts can change the past. A store that is needed is made first:
 * otherwise a container could get the directory above it. */
int prepare_guard_state(struct life *l, struct nacre_error *err)
{
	const struct oci_hardened *nacre = l->container.config->nacre;
	const bool needed = nacre && nacre->n_workspaces > 0;
	struct nacre_error why;
	int r = 0;

	if (!mount_guard_judges(&l->guard))
		return 0;
	r = guard_own_roots(l, err);
	if (r < 0)
		return r;
	if (needed || l->container.workspaces) {
		int fd = workspace_store_open(l->container.workspaces, needed, &why);

		if (fd < 0 && needed)
			return fail(err, why.code, "workspaces: %s", why.text);
		r = guard_opened(l, fd, &why, err);
	}
	return r < 0 ? r : guard_opened(l, workspace_store_open_state(&why), &why, err);
}
