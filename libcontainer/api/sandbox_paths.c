/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/sandbox_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_identity.h"
#include "specs/path_text.h"

static int is_directory(void *data, const struct mount_identity *identity)
{
	return mount_identity_same(data, identity);
}

/* Whether the path CLEAN leads through a directory in HERE, under any name. */
static int leads_through(char *clean, struct mount_identity *here, struct nacre_error *err)
{
	int r = 0;

	for (char *slash = strchr(clean + 1, '/'); r == 0 && slash;
		slash = strchr(slash + 1, '/')) {
		cleanup_close int fd = -1;

		*slash = '\0';
		fd = open(clean, O_PATH | O_DIRECTORY | O_CLOEXEC);
		*slash = '/';
		/* The kernel does not walk through it: CLEAN has no ".." any more. */
		if (fd < 0)
			continue;
		r = mount_identity_each_above(fd, is_directory, here, err);
		r = r == -EACCES ? 0 : r;
	}
	return r;
}

/* A path that is written as one in the working directory HERE must stay in it: a symlink there may
 * come from somebody else's repository. HERE may have several names. FD: opened PATH; REAL: its
 * real path. */
static int check_inside(const char *here, const char *option, const char *path, int fd,
	const char *real, struct nacre_error *err)
{
	struct nacre_error none;
	char text[PATH_TEXT_MAX], clean[PATH_TEXT_MAX];
	struct mount_identity directory;
	int r;

	if (path_within(real, here))
		return 0;
	if (*path != '/' && snprintf(text, sizeof(text), "%s/%s", here, path) >= (int)sizeof(text))
		return fail_errno(err, ENAMETOOLONG, "%s %s", option, path);
	if (path_clean(*path == '/' ? path : text, clean) < 0)
		return fail_errno(err, ENAMETOOLONG, "%s %s", option, path);
	r = mount_identity_of_path(AT_FDCWD, ".", 0, &directory);
	if (r < 0)
		return fail_errno(err, r, "working directory");
	r = leads_through(clean, &directory, err);
	if (r > 0 && mount_identity_each_above(fd, is_directory, &directory, &none) > 0)
		return 0;
	return r > 0 ? fail(err, EPERM, "%s %s: a symlink leads to %s: name that, if it is meant",
			       option, path, real)
		     : r;
}

int sandbox_resolve(struct arena *arena, const char *here, const char *option, const char *path,
	struct oci_judged *ret_object, bool *ret_directory, struct nacre_error *err)
{
	/* With automounts, as mount_guard.c opens it later. */
	cleanup_close int fd = sys_open_tree(AT_FDCWD, path, 0);
	char real[PATH_MAX];
	struct stat st;
	int r = fd < 0 ? fd : file_path(fd, real);

	if (r < 0)
		return fail_errno(err, r, "%s %s", option, path);
	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "%s %s", option, path);
	if (*real != '/')
		return fail(err, EPERM, "%s %s leads out of the host's file system", option, path);
	r = here ? check_inside(here, option, path, fd, real, err) : 0;
	if (r < 0)
		return r;
	*ret_object = (struct oci_judged){
		.path = arena_strdup(arena, real), .device = st.st_dev, .inode = st.st_ino};
	ret_object->name = ret_object->path;
	*ret_directory = S_ISDIR(st.st_mode);
	return ret_object->path ? 0 : fail_errno(err, ENOMEM, "%s %s", option, path);
}
