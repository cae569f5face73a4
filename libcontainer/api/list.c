/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <unistd.h>

#include "libcontainer/api/inspect.h"
#include "libcontainer/api/nacre.h"
#include "libcontainer/base/cleanup.h"

enum {
	PARTS = 2,
	WORTH_A_THREAD = 64, /* containers: starting a thread costs as much as it saves with about
			      * ten */
};

struct nacre_containers {
	struct oci_state *states; /* sorted by id */
	struct nacre_container *containers; /* the same containers */
	size_t n;
	struct arena *memory[PARTS]; /* holds the strings of the states */
};

/* A part of the containers, and its results. */
struct part {
	const struct nacre *nacre;
	const struct status_view *view;
	char *const *ids;
	size_t n_ids;
	struct oci_state *states; /* one element per id */
	size_t n_states;
	struct arena *kept; /* holds the strings of the states, and the warnings */
	const char **warnings;
	size_t n_warnings;
	int result; /* 0, or an error of is_shortage */
};

/* Copies what the list needs of a record; the decoded document, ten times as large, is freed. */
static int keep_state(struct part *part, const struct oci_state *state)
{
	struct oci_state *kept = &part->states[part->n_states++];
	const char **strings[] = {&kept->id, &kept->bundle, &kept->rootfs, &kept->created,
		&kept->owner, &kept->profile};
	struct oci_map *map = &kept->annotations;

	*kept = *state;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (*strings[i] && !(*strings[i] = arena_strdup(part->kept, *strings[i])))
			return -ENOMEM;
	map->items = arena_array(part->kept, map->n, sizeof(*map->items));
	for (size_t i = 0; map->items && i < map->n; i++) {
		map->items[i].key = arena_strdup(part->kept, state->annotations.items[i].key);
		map->items[i].value = arena_strdup(part->kept, state->annotations.items[i].value);
		if (!map->items[i].key || !map->items[i].value)
			return -ENOMEM;
	}
	return map->items ? 0 : -ENOMEM;
}

static int keep_warning(struct part *part, const struct nacre_error *err)
{
	const char *text = arena_strdup(part->kept, err->text);

	if (!text)
		return -ENOMEM;
	part->warnings[part->n_warnings++] = text;
	return 0;
}

/* Whether the error is not the container's: a list without the container would claim that it is
 * gone. */
static bool is_shortage(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

/* Skips a container that was deleted meanwhile, and, with a warning, one whose state cannot be
 * read. */
static int look_at(struct part *part, const char *id)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	int root_fd = part->nacre->root_fd;
	struct container_record *record;
	enum container_status status;
	struct oci_state state;
	struct nacre_error err;
	int r = arena ? record_load(arena, root_fd, id, STATE_LOCK_UNOPENED, &record, &err)
		      : -ENOMEM;

	if (r == 0)
		r = status_read(part->view, record, &status, &err);
	if (is_shortage(r) || r == -ENOENT)
		return r == -ENOENT ? 0 : r;
	if (r < 0)
		return keep_warning(part, &err);
	state = container_state(record, status, arena);
	return keep_state(part, &state);
}

static int look_at_part(void *data)
{
	struct part *part = data;

	part->kept = arena_new(ARENA_LIMIT);
	if (part->kept)
		part->warnings = arena_array(part->kept, part->n_ids, sizeof(*part->warnings));
	part->result = part->warnings ? 0 : -ENOMEM;
	for (size_t i = 0; i < part->n_ids && part->result == 0; i++)
		part->result = look_at(part, part->ids[i]);
	return 0;
}

/* Nearly all time is spent in the kernel, in ten system calls per container. With many containers a
 * second thread does half of the work. */
static void look_at_parts(struct part parts[PARTS])
{
	thrd_t thread;
	bool shared = parts[1].n_ids >= WORTH_A_THREAD &&
		      thrd_create(&thread, look_at_part, &parts[1]) == thrd_success;

	(void)look_at_part(&parts[0]);
	if (shared)
		(void)thrd_join(thread, NULL);
	else
		(void)look_at_part(&parts[1]);
}

/* Moves the states of the parts together in one array, in order. Returns 0 or -errno. */
static int join_parts(const struct nacre *nacre, const struct part parts[PARTS], size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < PARTS; i++) {
		for (size_t j = 0; j < parts[i].n_warnings; j++)
			nacre->callbacks.warn(nacre->callbacks.data, parts[i].warnings[j]);
		if (parts[i].result < 0)
			return parts[i].result;
		memmove(parts[0].states + n, parts[i].states,
			parts[i].n_states * sizeof(*parts[i].states));
		n += parts[i].n_states;
	}
	*ret_n = n;
	return 0;
}

/* The containers borrow the strings of the states. */
static int fill(struct nacre_containers *list, struct nacre_error *err)
{
	list->containers = calloc(list->n + 1, sizeof(*list->containers));
	for (size_t i = 0; list->containers && i < list->n; i++) {
		if (inspect_state(&list->states[i], list->memory[0], &list->containers[i]) < 0)
			return fail_errno(err, ENOMEM, "list containers");
	}
	return list->containers ? 0 : fail_errno(err, ENOMEM, "list containers");
}

static int look_at_all(const struct nacre *nacre, char *const *ids, size_t n_ids,
	struct nacre_containers *list, struct nacre_error *err)
{
	struct oci_state *states = list->states = calloc(n_ids + 1, sizeof(*states));
	struct status_view view;
	size_t half = n_ids / 2;
	struct part parts[PARTS] = {
		{nacre, &view, ids, half, states},
		{nacre, &view, ids ? ids + half : NULL, n_ids - half, states + half},
	};
	int r;

	if (!states)
		return fail_errno(err, ENOMEM, "list containers");
	r = status_view_open(nacre->root_fd, &view, err);
	if (r < 0)
		return r;
	look_at_parts(parts);
	status_view_close(&view);
	for (size_t i = 0; i < PARTS; i++)
		list->memory[i] = parts[i].kept;
	r = join_parts(nacre, parts, &list->n);
	return r < 0 ? fail_errno(err, r, "list containers") : fill(list, err);
}

/* A directory with neither a record nor a lock is not nacre's, or was just deleted. */
static bool is_container(int root_fd, const char *id)
{
	static const char *const files[] = {"lock", "record"};
	char path[NAME_MAX + sizeof("/record")];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", id, files[i]);
		if (faccessat(root_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
			return true;
	}
	return false;
}

static int take_ids(const struct nacre *nacre, char *const *ids, size_t n_ids,
	struct nacre_containers *list, struct nacre_error *err)
{
	list->memory[0] = arena_new(ARENA_LIMIT);
	list->containers = calloc(n_ids + 1, sizeof(*list->containers));
	if (!list->memory[0] || !list->containers)
		return fail_errno(err, ENOMEM, "list containers");
	for (size_t i = 0; i < n_ids; i++) {
		struct nacre_container *container = &list->containers[list->n];

		if (!is_container(nacre->root_fd, ids[i]))
			continue;
		container->id = arena_strdup(list->memory[0], ids[i]);
		if (!container->id)
			return fail_errno(err, ENOMEM, "list containers");
		list->n++;
	}
	return 0;
}

static int list_by(const struct nacre *nacre,
	int (*look)(const struct nacre *, char *const *, size_t, struct nacre_containers *,
		struct nacre_error *),
	struct nacre_containers **ret_list, struct nacre_error *err)
{
	struct nacre_containers *list = calloc(1, sizeof(*list));
	char **ids = NULL;
	size_t n_ids = 0;
	int r = list ? state_list_ids(nacre->root_fd, &ids, &n_ids, err)
		     : fail_errno(err, ENOMEM, "list containers");

	if (r == 0)
		r = look(nacre, ids, n_ids, list, err);
	state_free_ids(ids, n_ids);
	if (r < 0)
		nacre_containers_free(list);
	else
		*ret_list = list;
	return r;
}

int nacre_list(struct nacre *nacre, struct nacre_containers **ret_list, struct nacre_error *err)
{
	return list_by(nacre, look_at_all, ret_list, err);
}

int nacre_list_ids(struct nacre *nacre, struct nacre_containers **ret_list, struct nacre_error *err)
{
	return list_by(nacre, take_ids, ret_list, err);
}

size_t nacre_containers_size(const struct nacre_containers *list)
{
	return list->n;
}

const struct nacre_container *nacre_containers_get(const struct nacre_containers *list, size_t i)
{
	return i < list->n ? &list->containers[i] : NULL;
}

int nacre_containers_json(
	const struct nacre_containers *list, char **ret_json, struct nacre_error *err)
{
	if (!list->states)
		return fail(err, EINVAL, "a list of IDs alone has no states");
	return oci_states_encode(list->states, list->n, ret_json, err);
}

void nacre_containers_free(struct nacre_containers *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < PARTS; i++)
		arena_free(list->memory[i]);
	free(list->containers);
	free(list->states);
	free(list);
}
