/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/mount_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "specs/mount_words.h"
#include "specs/path_text.h"

struct node {
	const char *path; /* clean */
	size_t index;
};

/* By path, and the order of the config among equal ones. */
static int compare(const void *x, const void *y)
{
	const struct node *a = x, *b = y;
	int order = strcmp(a->path, b->path);

	if (order != 0)
		return order;
	return a->index < b->index ? -1 : 1;
}

static int list_nodes(struct arena *arena, const struct oci_mount *mounts, size_t n,
	struct node *nodes, size_t *ret_n)
{
	char clean[PATH_TEXT_MAX];
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		const char *path = mounts[i].destination;

		if (!path || path_clean(path, clean) < 0)
			continue;
		path = arena_strdup(arena, clean);
		if (!path)
			return -ENOMEM;
		nodes[used++] = (struct node){path, i};
	}
	qsort(nodes, used, sizeof(*nodes), compare);
	*ret_n = used;
	return 0;
}

int mount_tree_make(
	struct arena *arena, const struct oci_mount *mounts, size_t n, struct mount_tree *ret_tree)
{
	struct node *nodes = arena_array(arena, n + 1, sizeof(*nodes));
	size_t *subject = arena_array(arena, n + 1, sizeof(*subject));
	size_t n_nodes, seen = MOUNT_TREE_NONE;

	if (!nodes || !subject || list_nodes(arena, mounts, n, nodes, &n_nodes) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		subject[i] = mount_has(&mounts[i], "remount") ? MOUNT_TREE_NONE : i;
	for (size_t k = 0; k < n_nodes; k++) {
		const size_t i = nodes[k].index;

		if (k && strcmp(nodes[k].path, nodes[k - 1].path) != 0)
			seen = MOUNT_TREE_NONE;
		if (subject[i] == i)
			seen = i;
		else
			subject[i] = seen;
	}
	*ret_tree = (struct mount_tree){subject};
	return 0;
}
