/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/json_tree.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct json_node *json_tree(struct arena *arena, const char *name, const char *text)
{
	struct json_document *document = NULL;
	struct nacre_error err;
	int r = json_parse(arena, name, text, strlen(text), &document, &err);

	ck_assert_msg(r == 0, "%s", err.text);
	return document->root;
}

const char *json_tree_text(struct arena *arena, const struct json_node *node, bool pretty)
{
	struct json_writer *w = json_writer_new(pretty);
	char *text = NULL, *copy;
	struct nacre_error err;

	json_value(w, node);
	ck_assert_int_eq(json_writer_finish(w, &text, &err), 0);
	copy = arena_strdup(arena, text);
	free(text);
	ck_assert_ptr_nonnull(copy);
	return copy;
}

static struct json_node *new_node(struct arena *arena, const struct json_node *from)
{
	struct json_node *node = arena_alloc(arena, sizeof(*node));

	ck_assert_ptr_nonnull(node);
	*node = *from;
	node->next = NULL;
	return node;
}

struct json_node *json_tree_merge(
	struct arena *arena, struct json_node *target, const struct json_node *patch)
{
	const struct json_node empty = {.type = JSON_OBJECT, .key = patch->key};

	if (patch->type != JSON_OBJECT)
		return new_node(arena, patch);
	if (!target || target->type != JSON_OBJECT)
		target = new_node(arena, &empty);
	for (const struct json_node *member = patch->child; member; member = member->next) {
		struct json_node **place = &target->child, *rest;

		while (*place && strcmp((*place)->key, member->key))
			place = &(*place)->next;
		rest = *place ? (*place)->next : NULL;
		if (member->type == JSON_NULL) {
			*place = rest;
			continue;
		}
		*place = json_tree_merge(arena, *place, member);
		(*place)->next = rest;
	}
	return target;
}

/* --- differences --- */

struct walk {
	struct arena *arena;
	struct oci_strings found;
	size_t room;
};

static void add(struct walk *w, const char *text)
{
	if (w->found.n == w->room) {
		const char **larger = arena_array(w->arena, 2 * w->room + 16, sizeof(*larger));

		ck_assert_ptr_nonnull(larger);
		if (w->found.n)
			memcpy(larger, w->found.items, w->found.n * sizeof(*larger));
		w->found.items = larger;
		w->room = 2 * w->room + 16;
	}
	ck_assert_ptr_nonnull(text);
	w->found.items[w->found.n++] = text;
}

static bool equal(struct walk *w, const struct json_node *a, const struct json_node *b)
{
	return !strcmp(json_tree_text(w->arena, a, false), json_tree_text(w->arena, b, false));
}

/* A or B may be NULL. */
static void differ(
	struct walk *w, const char *path, const struct json_node *a, const struct json_node *b);

static void differ_objects(
	struct walk *w, const char *path, const struct json_node *a, const struct json_node *b)
{
	const char *dot = *path ? "." : "";

	for (const struct json_node *from = a->child; from; from = from->next)
		differ(w, arena_printf(w->arena, "%s%s%s", path, dot, from->key), from,
			json_member(b, from->key));
	for (const struct json_node *to = b->child; to; to = to->next) {
		if (!json_member(a, to->key))
			differ(w, arena_printf(w->arena, "%s%s%s", path, dot, to->key), NULL, to);
	}
}

/* The elements of an array, with a NULL behind the last. */
static const struct json_node **elements(struct walk *w, const struct json_node *array)
{
	const struct json_node **list = arena_array(w->arena, array->n_children + 1, sizeof(*list));
	size_t n = 0;

	ck_assert_ptr_nonnull(list);
	for (const struct json_node *node = array->child; node; node = node->next)
		list[n++] = node;
	return list;
}

/* [i * (length of B + 1) + k]: how many elements of A from i on and of B from k on are common to
 * both, in this order. */
static const size_t *count_common(
	struct walk *w, const struct json_node *a, const struct json_node *b)
{
	const struct json_node **from = elements(w, a), **to = elements(w, b);
	const size_t width = b->n_children + 1;
	size_t *common = arena_array(w->arena, (a->n_children + 1) * width, sizeof(*common));

	ck_assert_ptr_nonnull(common);
	for (size_t i = a->n_children; i-- > 0;) {
		for (size_t k = b->n_children; k-- > 0;) {
			size_t *here = &common[i * width + k];

			*here = here[width] > here[1] ? here[width] : here[1];
			if (equal(w, from[i], to[k]))
				*here = here[width + 1] + 1;
		}
	}
	return common;
}

/* Of what is not common to both, an object of A and one of B in the same gap are taken for one that
 * was changed. */
static void differ_arrays(
	struct walk *w, const char *path, const struct json_node *a, const struct json_node *b)
{
	const struct json_node **from = elements(w, a), **to = elements(w, b);
	const size_t width = b->n_children + 1;
	const size_t *common = count_common(w, a, b);
	size_t i = 0, k = 0;

	while (from[i] || to[k]) {
		const size_t *here = &common[i * width + k];
		const bool old = from[i] && *here == here[width];
		const bool new = to[k] && *here == here[1];

		if (old && new &&*here == here[width + 1] && from[i]->type == JSON_OBJECT &&
			to[k]->type == JSON_OBJECT) {
			differ(w, arena_printf(w->arena, "%s[%zu]", path, k), from[i], to[k]);
			i++;
			k++;
		} else if (old) {
			differ(w, arena_printf(w->arena, "%s[%zu]", path, i), from[i], NULL);
			i++;
		} else if (new) {
			differ(w, arena_printf(w->arena, "%s[%zu]", path, k), NULL, to[k]);
			k++;
		} else {
			i++;
			k++;
		}
	}
}

static void differ(
	struct walk *w, const char *path, const struct json_node *a, const struct json_node *b)
{
	const char *from = a ? json_tree_text(w->arena, a, false) : NULL;
	const char *to = b ? json_tree_text(w->arena, b, false) : NULL;

	if (!a)
		add(w, arena_printf(w->arena, "%s: added %s", path, to));
	else if (!b)
		add(w, arena_printf(w->arena, "%s: removed %s", path, from));
	else if (!strcmp(from, to))
		return;
	else if (a->type == JSON_OBJECT && b->type == JSON_OBJECT)
		differ_objects(w, path, a, b);
	else if (a->type == JSON_ARRAY && b->type == JSON_ARRAY)
		differ_arrays(w, path, a, b);
	else
		add(w, arena_printf(w->arena, "%s: %s -> %s", path, from, to));
}

struct oci_strings json_tree_differences(
	struct arena *arena, const struct json_node *a, const struct json_node *b)
{
	struct walk w = {.arena = arena};

	differ(&w, "", a, b);
	return w.found;
}
