/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/bwrap_hidden.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"
#include "libcontainer/record/receipt_key.h"
#include "specs/error.h"

/* Adds the path as sources of binds are compared with it: no symlink leads to its directory. */
static void add(struct arena *arena, struct oci_strings *hidden, const char *path)
{
	const char *name = strrchr(path, '/');
	char directory[PATH_MAX], real[PATH_MAX];

	(void)snprintf(directory, sizeof(directory), "%.*s", (int)(name - path), path);
	hidden->items[hidden->n++] = realpath(directory, real)
					     ? arena_printf(arena, "%s%s", real, name)
					     : arena_strdup(arena, path);
}

/* Hides the real path of the key, whatever leads there. A missing key may be made later and is not
 * hidden. */
static void add_key(struct arena *arena, struct oci_strings *hidden)
{
	char path[PATH_MAX], real[PATH_MAX];
	struct nacre_error none;

	if (receipt_key_place(path, &none) == 0 && realpath(path, real))
		hidden->items[hidden->n++] = arena_strdup(arena, real);
}

/* Hides the whole directory: a directory below it could be renamed. What another user has made in
 * its place is not hidden. */
static void add_own_place(struct arena *arena, struct oci_strings *hidden)
{
	char path[OWN_PLACE_SIZE];
	struct nacre_error none;

	if (geteuid() != 0 && open_own_place(true, path, &none) == 0)
		add(arena, hidden, path);
}

/* Returns whether PATH may be the root of another call. Everybody can make such a name: a symlink
 * would hide what it leads to. Other users' roots only root can read. */
static bool is_root(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       (geteuid() == 0 || st.st_uid == geteuid());
}

int bwrap_find_hidden(struct arena *arena, const char *const *roots, const char *of_others,
	struct oci_strings *ret_hidden, struct nacre_error *err)
{
	glob_t others = {.gl_pathc = 0};
	struct oci_strings list = {.n = 0};
	const int r = glob(BWRAP_PLACE "*", GLOB_NOSORT, NULL, &others);

	/* Three more: OF_OTHERS, one's own place, and the key. */
	list.items = arena_array(
		arena, options_count(roots) + others.gl_pathc + 3, sizeof(*list.items));
	if (!list.items || (r != 0 && r != GLOB_NOMATCH)) {
		globfree(&others);
		return fail_errno(err, r == GLOB_ABORTED ? EIO : ENOMEM, "find " BWRAP_PLACE "*");
	}
	for (size_t i = 0; roots[i]; i++)
		add(arena, &list, roots[i]);
	if (of_others)
		add(arena, &list, of_others);
	for (size_t i = 0; i < others.gl_pathc; i++)
		if (is_root(others.gl_pathv[i]))
			add(arena, &list, others.gl_pathv[i]);
	globfree(&others);
	add_own_place(arena, &list);
	add_key(arena, &list);
	for (size_t i = 0; i < list.n; i++)
		if (!list.items[i])
			return fail_errno(err, ENOMEM, "bwrap");
	*ret_hidden = list;
	return 0;
}
