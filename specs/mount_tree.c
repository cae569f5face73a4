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
	size_t parent; /* index of the innermost node that contains it; MOUNT_TREE_NONE: none */
};

/* Orders "/" before any other byte, so that the paths below a path directly follow it. */
static int rank(char c)
{
	return c == '/' ? 1 : (unsigned char)c + (c != '\0');
}

static int compare(const void *x, const void *y)
{
	const struct node *a = x, *b = y;
	const char *p = a->path, *q = b->path;

	while (*p && *p == *q) {
		p++;
		q++;
	}
	if (*p != *q)
		return rank(*p) - rank(*q);
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
		nodes[used++] = (struct node){path, i, MOUNT_TREE_NONE};
	}
	qsort(nodes, used, sizeof(*nodes), compare);
	*ret_n = used;
	return 0;
}

static void find_parents(struct node *nodes, size_t n)
{
	for (size_t k = 1; k < n; k++) {
		size_t above = k - 1;

		while (above != MOUNT_TREE_NONE && !path_within(nodes[k].path, nodes[above].path))
			above = nodes[above].parent;
		nodes[k].parent = above;
	}
}

int mount_tree_make(
	struct arena *arena, const struct oci_mount *mounts, size_t n, struct mount_tree *ret_tree)
{
	struct node *nodes = arena_array(arena, n + 1, sizeof(*nodes));
	size_t *last = arena_array(arena, n + 1, sizeof(*last));
	size_t *subject = arena_array(arena, n + 1, sizeof(*subject));
	size_t n_nodes, seen = MOUNT_TREE_NONE;

	if (!nodes || !last || !subject || list_nodes(arena, mounts, n, nodes, &n_nodes) < 0)
		return -ENOMEM;
	find_parents(nodes, n_nodes);
	for (size_t i = 0; i < n; i++)
		subject[i] = mount_has(&mounts[i], "remount") ? MOUNT_TREE_NONE : i;
	for (size_t k = 0; k < n_nodes; k++) {
		const size_t i = nodes[k].index;

		if (k && strcmp(nodes[k].path, nodes[k - 1].path) != 0)
			seen = MOUNT_TREE_NONE;
		if (subject[i] == i)
			last[i] = seen = i;
		else
			subject[i] = seen;
	}
	for (size_t k = n_nodes; k-- > 0;) {
		const size_t i = nodes[k].index, above = nodes[k].parent;

		if (above != MOUNT_TREE_NONE && last[nodes[above].index] < last[i])
			last[nodes[above].index] = last[i];
	}
	*ret_tree = (struct mount_tree){last, subject};
	return 0;
}

bool mount_tree_has_inside(const struct mount_tree *tree, size_t i)
{
	return tree->subject[i] == i && tree->last_inside[i] > i;
}
