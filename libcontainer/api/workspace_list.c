/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libcontainer/api/workspace.h"
#include "libcontainer/base/cleanup.h"
#include "specs/escape.h"
#include "specs/json.h"

/* nacre_workspace_list: also lists workspaces of containers that are gone. */

struct listing {
	struct nacre *nacre;
	int store_fd;
	FILE *file;
	struct json_writer *json; /* NULL: text */
};

static void put_record(
	struct listing *listing, const struct workspace *w, const struct workspace_record *record)
{
	cleanup_free char *source = escape_name(record->source, strlen(record->source));
	cleanup_free char *destination = escape_name(
		record->destination, strlen(record->destination));
	const time_t created = (time_t)record->created_sec;
	char time[32] = "?";
	struct tm tm;

	if (gmtime_r(&created, &tm))
		(void)strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!listing->json) {
		(void)fprintf(listing->file, "%-20s %u  %-6s %s  %s -> %s%s\n", record->id,
			w->number, record->form, time, source ? source : "?",
			destination ? destination : "?", w->source_fd < 0 ? "  (gone)" : "");
		return;
	}
	json_open_object(listing->json);
	json_key_string(listing->json, "id", record->id);
	json_key(listing->json, "number");
	json_u64(listing->json, w->number);
	json_key_string(listing->json, "form", record->form);
	json_key_string(listing->json, "created", time);
	json_key_string(listing->json, "source", record->source);
	json_key_string(listing->json, "destination", record->destination);
	json_key(listing->json, "sourceIsThere");
	json_bool(listing->json, w->source_fd >= 0);
	json_close_object(listing->json);
}

/* Skips a set that was removed meanwhile, and, with a warning, one that cannot be read. */
static int put_container(struct listing *listing, const char *id, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	const struct container_callbacks *callbacks = &listing->nacre->callbacks;
	struct workspace_set set;
	struct nacre_error why;
	int r;

	if (!arena)
		return fail_errno(err, ENOMEM, "list workspaces");
	r = workspace_set_open(
		arena, listing->store_fd, id, listing->nacre->lock_flags, &set, &why);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		put_record(listing, &set.items[i], set.items[i].record);
	workspace_set_done(&set);
	if (r < 0 && r != -ENOENT)
		callbacks->warn(callbacks->data, why.text);
	return 0;
}

static int put_all(struct listing *listing, struct nacre_error *err)
{
	struct nacre_error why;
	char **ids = NULL;
	size_t n = 0;
	int r;

	listing->store_fd = r = workspace_store_open(listing->nacre->workspaces, false, &why);
	if (r < 0)
		return fail_except(r, ENOENT, &why, err);
	r = workspace_list_ids(listing->store_fd, &ids, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = put_container(listing, ids[i], err);
	state_free_ids(ids, n);
	fd_close(&listing->store_fd);
	return r;
}

static int make_json(struct listing *listing, char **ret_text, struct nacre_error *err)
{
	listing->json = container_document_begin(NULL);
	return container_document_end(
		listing->json, listing->json ? put_all(listing, err) : 0, ret_text, err);
}

static int make_text(struct listing *listing, char **ret_text, struct nacre_error *err)
{
	char *text = NULL;
	size_t length;
	int r;

	listing->file = open_memstream(&text, &length);
	if (!listing->file)
		return fail_errno(err, ENOMEM, "list workspaces");
	r = put_all(listing, err);
	if (fclose(listing->file) != 0 && r == 0)
		r = fail_errno(err, ENOMEM, "list workspaces");
	if (r == 0)
		*ret_text = steal_ptr(text);
	free(text);
	return r;
}

int nacre_workspace_list(struct nacre *nacre, bool json, char **ret_text, struct nacre_error *err)
{
	struct listing listing = {.nacre = nacre, .store_fd = -1};

	return json ? make_json(&listing, ret_text, err) : make_text(&listing, ret_text, err);
}
