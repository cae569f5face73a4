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

/* 1 if there is such a container, 0 if it went in the meantime or its state cannot be read. */
static int look_at(
	struct nacre *nacre, struct arena *arena, const char *id, struct oci_state *ret_state)
{
	cleanup_close int state_fd = -1;
	struct container_record *record;
	enum container_status status;
	struct nacre_error err;
	int result;

	state_fd = state_open(nacre->root_fd, id, &err);
	result = state_fd < 0 ? state_fd : state_load(arena, state_fd, -1, id, &record, &err);
	if (result == 0)
		result = state_status(state_fd, record, &status, &err);
	if (result < 0) {
		if (result != -ENOENT)
			nacre->callbacks.warn(nacre->callbacks.data, err.text);
		return 0;
	}
	*ret_state = container_state(record, status, arena);
	return 1;
}

int nacre_list(struct nacre *nacre, struct nacre_list_entry **ret_entries, size_t *ret_n,
	char **ret_json, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(16 * ARENA_LIMIT);
	struct oci_state *states = NULL;
	char **ids = NULL;
	size_t n_ids = 0, n = 0;
	int result = state_list_ids(nacre->root_fd, &ids, &n_ids, err);

	if (result < 0)
		return result;
	states = arena ? arena_array(arena, n_ids + 1, sizeof(*states)) : NULL;
	if (!states)
		result = fail_errno(err, ENOMEM, "list containers");
	for (size_t i = 0; i < n_ids && result == 0; i++)
		if (look_at(nacre, arena, ids[i], &states[n]))
			n++;
	if (result == 0 && ret_json)
		result = oci_states_encode(states, n, ret_json, err);
	if (result == 0 && ret_entries)
		result = to_entries(states, n, ret_entries, err);
	if (result == 0 && ret_n)
		*ret_n = n;
	state_free_ids(ids, n_ids);
	return result;
}
