/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/inspect.h"

#include <errno.h>
#include <string.h>

#include "libcontainer/api/nacre.h"

/* nacre_inspect returns the first member, which has the address of the whole struct. */
struct inspected {
	struct nacre_container container;
	struct arena *arena; /* holds this struct too */
};

/* In the order of enum nacre_status. */
static const enum container_status statuses[] = {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED,
};

enum {
	N_STATUSES = sizeof(statuses) / sizeof(statuses[0]),
};

_Static_assert(N_STATUSES == NACRE_STOPPED + 1, "a status has no name");

const char *nacre_status_name(enum nacre_status status)
{
	return (unsigned)status < N_STATUSES ? status_name(statuses[status]) : NULL;
}

static enum nacre_status status_of(const char *name)
{
	enum nacre_status status = NACRE_CREATING;

	while (status < NACRE_STOPPED && strcmp(name, nacre_status_name(status)) != 0)
		status++;
	return status;
}

/* Returns keys and values in turn. */
static const char *const *flatten(const struct oci_map *map, struct arena *arena)
{
	const char **words = arena_array(arena, 2 * map->n + 1, sizeof(*words));

	for (size_t i = 0; words && i < map->n; i++) {
		words[2 * i] = map->items[i].key;
		words[2 * i + 1] = map->items[i].value;
	}
	return words;
}

int inspect_state(
	const struct oci_state *state, struct arena *arena, struct nacre_container *ret_container)
{
	*ret_container = (struct nacre_container){
		.id = state->id,
		.status = status_of(state->status),
		.pid = (pid_t)state->pid,
		.bundle = state->bundle,
		.rootfs = state->rootfs ? state->rootfs : "",
		.created = state->created ? state->created : "",
		.owner = state->owner,
		.profile = state->profile ? state->profile : "",
		.annotations = flatten(&state->annotations, arena),
	};
	return ret_container->annotations ? 0 : -ENOMEM;
}

/* On success the result owns the container's arena. */
static int inspect(struct container *c, enum container_status status,
	struct nacre_container **ret_container, struct nacre_error *err)
{
	struct oci_state state = container_state(&c->record, status, c->arena);
	struct inspected *inspected = arena_alloc(c->arena, sizeof(*inspected));

	if (!state.owner || !inspected || !(state.id = arena_strdup(c->arena, state.id)) ||
		inspect_state(&state, c->arena, &inspected->container) < 0)
		return fail_errno(err, ENOMEM, "inspect");
	inspected->arena = c->arena;
	c->arena = NULL;
	*ret_container = &inspected->container;
	return 0;
}

int nacre_inspect(struct nacre *nacre, const char *id, struct nacre_container **ret_container,
	struct nacre_error *err)
{
	enum container_status status;
	struct container c;
	int r = container_open(nacre, id, CONTAINER_LOOKED_AT, &c, &status, err);

	if (r == 0)
		r = inspect(&c, status, ret_container, err);
	container_done(&c);
	return r;
}

void nacre_container_free(struct nacre_container *container)
{
	if (container)
		arena_free(((struct inspected *)container)->arena);
}
