/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
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

/* Finds the directory that XDG_RUNTIME_DIR names after a login (pam_systemd(8)): su and cron do not
 * set the variable. */
static bool find_runtime_dir(char ret_path[sizeof("/run/user/4294967295")])
{
	struct stat st;

	(void)sprintf(ret_path, "/run/user/%u", geteuid());
	return lstat(ret_path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

#define SHARED "/tmp"

/* If anybody may rename files of others in it, the opened directory need not be the judged one. */
static int open_shared(struct nacre_error *err)
{
	cleanup_close int fd = open(SHARED, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(err, errno, "open " SHARED);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
		((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX)))
		return fail(err, EPERM,
			SHARED " has the owner %u and the mode %04o: others could replace what "
			       "lies there",
			st.st_uid, st.st_mode & 07777);
	return fd_steal(&fd);
}

#define OVERFLOW_UID 65534

/* In a user namespace that does not map the caller, files of every other unmapped user appear as
 * the caller's own: user_namespaces(7). */
static int check_caller(struct nacre_error *err)
{
	int r = geteuid() == OVERFLOW_UID ? idmap_is_initial(err) : 1;

	return r == 0 ? fail(err, EPERM,
				"the caller's uid is not mapped in this user namespace, so that an "
				"owner in " SHARED " cannot be told from another")
		      : r;
}

/* Makes PATH in SHARED. An existing object is accepted only if nobody else can have changed it: a
 * directory, not a symlink, that belongs to the caller and is closed to others. */
static int make_own(const char *path, struct nacre_error *err)
{
	const char *name = path + sizeof(SHARED);
	cleanup_close int shared_fd = -1, fd = -1;
	struct stat st;
	int r = check_caller(err);

	if (r < 0)
		return r;
	shared_fd = open_shared(err);
	if (shared_fd < 0)
		return shared_fd;
	if (mkdirat(shared_fd, name, 0700) < 0 && errno != EEXIST)
		return fail_errno(err, errno, "make %s", path);
	fd = openat(shared_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(err, errno, "open %s", path);
	if (!S_ISDIR(st.st_mode))
		return fail(err, EPERM, "%s is not a directory", path);
	if (st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)))
		return fail(err, EPERM,
			"%s has the owner %u and the mode %04o, not %u and 0700: another user may "
			"have made it",
			path, st.st_uid, st.st_mode & 07777, geteuid());
	return 0;
}

int open_own_place(bool make, char ret_path[OWN_PLACE_SIZE], struct nacre_error *err)
{
	(void)sprintf(ret_path, SHARED "/nacre-%u", geteuid());
	return make ? make_own(ret_path, err) : 0;
}

/* Takes the place in /tmp: there is neither XDG_RUNTIME_DIR nor a login session, as with su, cron,
 * ssh without logind, or in a container. */
static int take_own(bool make, char ret_path[OWN_PLACE_SIZE], struct nacre_error *err)
{
	struct nacre_error why;
	int r = open_own_place(make, ret_path, &why);

	if (r == 0)
		return 0;
	return fail(err, why.code,
		"no place for the state: XDG_RUNTIME_DIR is not set, /run/user/%u is not there, "
		"and %s: set XDG_RUNTIME_DIR to a directory of yours, or give --root before the "
		"command",
		geteuid(), why.text);
}

int open_default_root(bool make, char ret_path[PATH_MAX], struct nacre_error *err)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	const char *user = getenv("USER");
	char found[sizeof("/run/user/4294967295")], own[OWN_PLACE_SIZE];
	int of_system = geteuid() == 0;
	int r = 0;

	/* Like runc: root of a user namespace has its own /run only if it is the root of a system,
	 * and then its USER is "root". */
	if (of_system && runtime_dir && *runtime_dir && !(user && strcmp(user, "root") == 0))
		of_system = idmap_is_initial(err);
	if (of_system < 0)
		return of_system;
	if (of_system) {
		(void)snprintf(ret_path, PATH_MAX, "/run/nacre");
		return 0;
	}
	if (!runtime_dir || !*runtime_dir) {
		runtime_dir = find_runtime_dir(found) ? found : own;
		if (runtime_dir == own)
			r = take_own(make, own, err);
	}
	if (r < 0)
		return r;
	if (*runtime_dir != '/')
		return fail(err, EINVAL,
			"no place for the state: XDG_RUNTIME_DIR is no absolute path: \"%s\"",
			runtime_dir);
	if (snprintf(ret_path, PATH_MAX, "%s/nacre", runtime_dir) >= PATH_MAX)
		return fail_errno(err, ENAMETOOLONG, "%s/nacre", runtime_dir);
	return 0;
}

/* Refuses "/" under any name: "//", "/.", or a symlink to it. */
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
		r = open_default_root(true, path, err);
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
