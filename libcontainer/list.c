/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/cleanup.h"
#include "libcontainer/control.h"
#include "libcontainer/nacre.h"

void nacre_list_free(struct nacre_list_entry *entries, size_t n)
{
	for (size_t i = 0; entries && i < n; i++) {
		free(entries[i].id);
		free(entries[i].bundle);
		free(entries[i].created);
		free(entries[i].owner);
	}
	free(entries);
}

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

static int to_entries(const struct oci_state *states, size_t n,
	struct nacre_list_entry **ret_entries, struct nacre_error *err)
{
	struct nacre_list_entry *entries = calloc(n ? n : 1, sizeof(*entries));
	bool complete = entries;

	for (size_t i = 0; i < n && complete; i++) {
		entries[i] = (struct nacre_list_entry){
			.id = copy(states[i].id),
			.pid = (pid_t)states[i].pid,
			.status = states[i].status,
			.bundle = copy(states[i].bundle),
			.created = copy(states[i].created),
			.owner = copy(states[i].owner),
		};
		complete = entries[i].id && entries[i].bundle && entries[i].created &&
			   entries[i].owner;
	}
	if (!complete) {
		nacre_list_free(entries, n);
		return fail_errno(err, ENOMEM, "list containers");
	}
	*ret_entries = entries;
	return 0;
}

/* What the list keeps of a record goes to KEPT; the decoded document, ten times as large, does not
 * stay. */
static int keep(struct arena *kept, const struct oci_state *state, struct oci_state *ret_state)
{
	const char **strings[] = {&ret_state->id, &ret_state->bundle, &ret_state->rootfs,
		&ret_state->created, &ret_state->owner, &ret_state->profile};
	struct oci_map *map = &ret_state->annotations;

	*ret_state = *state;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (*strings[i] && !(*strings[i] = arena_strdup(kept, *strings[i])))
			return -ENOMEM;
	map->items = arena_array(kept, map->n, sizeof(*map->items));
	for (size_t i = 0; map->items && i < map->n; i++) {
		map->items[i].key = arena_strdup(kept, state->annotations.items[i].key);
		map->items[i].value = arena_strdup(kept, state->annotations.items[i].value);
		if (!map->items[i].key || !map->items[i].value)
			return -ENOMEM;
	}
	return map->items ? 1 : -ENOMEM;
}

/* 1 if there is such a container, 0 if it went in the meantime or its state cannot be read. */
static int look_at(struct nacre *nacre, const struct status_view *view, struct arena *kept,
	const char *id, struct oci_state *ret_state)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	struct container_record *record;
	enum container_status status;
	struct oci_state state;
	struct nacre_error err;
	int result = arena ? state_load(arena, nacre->root_fd, id, -1, &record, &err) : -ENOMEM;

	if (result == 0)
		result = container_status(view, record, &status, &err);
	if (result < 0) {
		if (result != -ENOENT && result != -ENOMEM)
			nacre->callbacks.warn(nacre->callbacks.data, err.text);
		return result == -ENOMEM ? result : 0;
	}
	state = container_state(record, status, arena);
	return keep(kept, &state, ret_state);
}

/* Fills STATES, which has a place for each ID. Returns how many there are, or -ENOMEM. */
static int look_at_all(struct nacre *nacre, const struct status_view *view, struct arena *kept,
	char *const *ids, size_t n_ids, struct oci_state *states)
{
	int n = 0;

	for (size_t i = 0; i < n_ids; i++) {
		int result = look_at(nacre, view, kept, ids[i], &states[n]);

		if (result < 0)
			return result;
		n += result;
	}
	return n;
}

int nacre_list(struct nacre *nacre, struct nacre_list_entry **ret_entries, size_t *ret_n,
	char **ret_json, struct nacre_error *err)
{
	cleanup_arena struct arena *kept = arena_new(16 * ARENA_LIMIT);
	struct oci_state *states = NULL;
	struct status_view view;
	char **ids = NULL;
	size_t n_ids = 0;
	int n = -ENOMEM, result = status_view_open(nacre->root_fd, &view, err);

	if (result < 0)
		return result;
	result = state_list_ids(nacre->root_fd, &ids, &n_ids, err);
	if (result == 0) {
		states = kept ? arena_array(kept, n_ids + 1, sizeof(*states)) : NULL;
		if (states)
			n = look_at_all(nacre, &view, kept, ids, n_ids, states);
		if (n < 0)
			result = fail_errno(err, ENOMEM, "list containers");
	}
	if (result == 0 && ret_json)
		result = oci_states_encode(states, (size_t)n, ret_json, err);
	if (result == 0 && ret_entries)
		result = to_entries(states, (size_t)n, ret_entries, err);
	if (result == 0 && ret_n)
		*ret_n = (size_t)n;
	state_free_ids(ids, n_ids);
	status_view_close(&view);
	return result;
}
