/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "libcontainer/api/workspace.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/walk.h"
#include "specs/escape.h"
#include "specs/workspace_rules.h"

void container_put_name(FILE *file, const char *before, const char *name, const char *behind)
{
	cleanup_free char *shown = escape_name(name, strlen(name));

	(void)fprintf(file, "%s%s%s", before, shown ? shown : "?", behind);
}

static void put_reasons(FILE *file, const struct workspace_change *change)
{
	const struct workspace_rule *rule = change->refused ? workspace_rule_of(change->refused)
							    : NULL;

	if (change->refused || change->conflict)
		(void)fprintf(file, "  (%s", workspace_kind_word(change->kind));
	if (change->refused && change->inside)
		container_put_name(file, "; ", change->inside, "");
	if (change->refused)
		(void)fprintf(file, "%s%s%s", change->inside ? " " : "; ",
			rule ? rule->reason : change->refused,
			change->named ? ": only if named" : "");
	if (change->conflict)
		(void)fprintf(file, "; %s", workspace_conflict_reason(change->conflict));
	if (change->refused || change->conflict)
		(void)fputc(')', file);
}

static void put_change(FILE *file, const struct workspace_change *change)
{
	(void)fputc(change->refused    ? '!'
		    : change->conflict ? 'C'
				       : workspace_kind_letter(change->kind),
		file);
	container_put_name(
		file, "  ", change->path, change->type == WORKSPACE_DIRECTORY ? "/" : "");
	if (change->target)
		container_put_name(file, " -> ", change->target, "");
	if (change->from)
		container_put_name(file, " <- ", change->from, "/");
	if (change->mode != change->old_mode)
		(void)fprintf(file, "  (mode %04o -> %04o)", change->old_mode, change->mode);
	put_reasons(file, change);
	(void)fputc('\n', file);
}

void container_workspace_text(FILE *file, const struct workspace_view *view)
{
	const struct workspace_changes *changes = view->changes;
	size_t shown = 0, refused = 0, conflicts = 0;

	for (size_t i = 0; i < changes->n; i++) {
		const struct workspace_change *change = &changes->items[i];

		if (!view->wanted[i])
			continue;
		shown++;
		refused += change->refused != NULL;
		conflicts += !change->refused && change->conflict;
		put_change(file, change);
	}
	(void)fprintf(file, "%zu change%s", shown, shown == 1 ? "" : "s");
	if (shown < changes->n)
		(void)fprintf(file, " of %zu", changes->n);
	if (refused)
		(void)fprintf(file, ", %zu refused", refused);
	if (conflicts)
		(void)fprintf(file, ", %zu in conflict", conflicts);
	(void)fprintf(file, "\ndigest %s\n", view->digest);
}
