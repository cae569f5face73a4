/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/process/self_protect.h"

/* What the variable would name after a login (pam_systemd(8)): su and cron leave it out. */
static bool find_runtime_dir(char ret_path[sizeof("/run/user/4294967295")])
{
	struct stat st;

	(void)sprintf(ret_path, "/run/user/%u", geteuid());
	return lstat(ret_path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

int open_default_root(char ret_path[PATH_MAX], struct nacre_error *err)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	const char *user = getenv("USER");
	char found[sizeof("/run/user/4294967295")];
	int of_system = geteuid() == 0;

	/* As runc: root of a user namespace has a /run of its own only if it is the root of a
	 * system, and then is called that. */
	if (of_system && runtime_dir && *runtime_dir && !(user && strcmp(user, "root") == 0))
		of_system = idmap_is_initial(err);
	if (of_system < 0)
		return of_system;
	if (of_system) {
		(void)snprintf(ret_path, PATH_MAX, "/run/nacre");
		return 0;
	}
	if ((!runtime_dir || !*runtime_dir) && find_runtime_dir(found))
		runtime_dir = found;
	if (!runtime_dir || *runtime_dir != '/')
		return fail(err, EINVAL,
			"no place for the state: XDG_RUNTIME_DIR is not set, and /run/user/%u is "
			"not there: set it, or give --root before the command",
			geteuid());
	if (snprintf(ret_path, PATH_MAX, "%s/nacre", runtime_dir) >= PATH_MAX)
		return fail_errno(err, ENAMETOOLONG, "%s/nacre", runtime_dir);
	return 0;
}

/* By whatever name it is called: "//", "/.", or a link to it. */
static int refuse_root_directory(int fd, struct nacre_error *err)
{
	struct stat given, root;

	if (fstat(fd, &given) < 0 || stat("/", &root) < 0)
		return fail_errno(err, errno, "stat the state root");
	if (given.st_dev == root.st_dev && given.st_ino == root.st_ino)
		return fail(err, EINVAL, "--root may not be \"/\"");
	return 0;
}

static int open_root(const struct nacre_options *options, struct nacre_error *err)
{
	cleanup_close int fd = -1;
	char path[PATH_MAX];
	int r = 0;

	if (!options->root)
		r = open_default_root(path, err);
	else if (snprintf(path, sizeof(path), "%s", options->root) >= (int)sizeof(path))
		r = fail(err, ENAMETOOLONG, "--root: the path is longer than %zu bytes: %.100s...",
			sizeof(path) - 1, path);
	if (r < 0)
		return r;
	fd = state_open_root(path, !options->root_must_exist, err);
	if (fd < 0)
		return fd;
	r = refuse_root_directory(fd, err);
	return r < 0 ? r : fd_steal(&fd);
}

int nacre_open(const struct nacre_options *given, struct nacre **ret_nacre, struct nacre_error *err)
{
	struct nacre_options options;
	struct nacre *nacre;
	int r;

	r = options_take(given, &options, err);
	if (r < 0)
		return r;
	nacre = calloc(1, sizeof(*nacre));
	if (!nacre)
		return fail_errno(err, ENOMEM, "nacre_open");
	nacre->callbacks = (struct container_callbacks){
		.warn = options.warn ? options.warn : container_drop_warning,
		.debug = options.debug,
		.data = options.data,
		.reviews = options.reviews,
	};
	nacre->timeout_ms = options.timeout_ms;
	if (options.workspaces && !(nacre->workspaces = strdup(options.workspaces))) {
		free(nacre);
		return fail_errno(err, ENOMEM, "nacre_open");
	}
	nacre->untrusted = options.untrusted;
	nacre->lock_flags = options.expendable ? STATE_LOCK_EXPENDABLE : 0;
	nacre->root_fd = r = open_root(&options, err);
	if (r < 0) {
		free(nacre->workspaces);
		free(nacre);
		return r;
	}
	*ret_nacre = nacre;
	return 0;
}

void nacre_close(struct nacre *nacre)
{
	if (!nacre)
		return;
	fd_close(&nacre->root_fd);
	free(nacre->workspaces);
	free(nacre);
}

int nacre_self_protect(char *const argv[], struct nacre_error *err)
{
	return self_protect(argv, err);
}
