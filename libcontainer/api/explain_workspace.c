/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "libcontainer/api/explain.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/store.h"
#include "specs/json.h"
#include "specs/workspace_request.h"

/* Reports how much of the host a container can fill through its workspaces. The limits are those of
 * their records, since a limit that only the policy wants may not be enforced. */

static const struct workspace_record *find_record(
	const struct workspace_set *set, const char *destination)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->items[i].record->destination, destination) == 0)
			return set->items[i].record;
	return NULL;
}

static int look(const struct explanation *e, struct workspace_set *set, struct nacre_error *err)
{
	struct nacre_error why;
	cleanup_close int store_fd = workspace_store_open(e->c->workspaces, false, &why);
	int r = store_fd;

	if (r >= 0)
		r = workspace_set_look(e->c->arena, store_fd, e->c->id, set, &why);
	return fail_except(r < 0 ? r : 0, ENOENT, &why, err);
}

int explain_workspaces(struct explanation *e, struct nacre_error *err)
{
	const struct oci_config *config = e->c->config;
	struct workspace_set set;
	struct oci_strings words;
	int r;

	workspace_set_init(&set);
	if (!config->nacre || !config->nacre->n_workspaces)
		return 0;
	if (workspace_words(e->c->arena, config, &words) < 0 ||
		!(e->workspaces = arena_array(e->c->arena, words.n, sizeof(*e->workspaces))))
		return arena_fail(e->c->arena, "explain", err);
	r = look(e, &set, err);
	for (size_t i = 0; i < config->n_mounts && r == 0 && e->n_workspaces < words.n; i++) {
		const struct oci_mount *mount = &config->mounts[i];
		const struct oci_workspace *workspace = oci_find_workspace(config, mount);
		const struct workspace_record *record;

		if (!workspace)
			continue;
		record = find_record(&set, mount->destination);
		e->workspaces[e->n_workspaces] = (struct explained_workspace){
			.word = words.items[e->n_workspaces],
			.copy = strcmp(workspace->form, WORKSPACE_COW) == 0,
			.memory = workspace->tmpfs,
			.bytes = record ? record->bytes : 0,
			.inodes = record ? record->inodes : 0,
		};
		e->n_workspaces++;
	}
	workspace_set_done(&set);
	return r;
}

void explain_print_workspaces(FILE *out, const struct explanation *e)
{
	if (e->n_workspaces)
		(void)fputs("\nWORKSPACES\n", out);
	for (size_t i = 0; i < e->n_workspaces; i++) {
		const struct explained_workspace *x = &e->workspaces[i];

		(void)fputs(x->word, out);
		if (!x->copy)
			(void)fputs(": written to at once", out);
		else if (!x->bytes)
			(void)fputs(": unbounded (size=N needs a project quota where workspaces "
				    "lie, size=N,tmpfs takes memory)",
				out);
		else
			(void)fprintf(out, ": at most %llu bytes%s", (unsigned long long)x->bytes,
				x->memory ? " of memory" : "");
		if (x->inodes)
			(void)fprintf(out, ", %llu files", (unsigned long long)x->inodes);
		(void)fputs("\n", out);
	}
}

void explain_write_workspaces(struct json_writer *w, const struct explanation *e)
{
	json_key(w, "workspaces");
	json_open_array(w);
	for (size_t i = 0; i < e->n_workspaces; i++) {
		json_open_object(w);
		json_key_string(w, "workspace", e->workspaces[i].word);
		json_key(w, "bytes");
		json_u64(w, e->workspaces[i].bytes);
		json_key(w, "inodes");
		json_u64(w, e->workspaces[i].inodes);
		json_close_object(w);
	}
	json_close_array(w);
}
