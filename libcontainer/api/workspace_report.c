/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/workspace.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/walk.h"
#include "specs/escape.h"
#include "specs/workspace_rules.h"

#define DOCUMENT_VERSION 1

struct json_writer *container_document_begin(const char *id)
{
	struct json_writer *w = json_writer_new(true);

	json_open_object(w);
	json_key(w, "version");
	json_u64(w, DOCUMENT_VERSION);
	if (id)
		json_key_string(w, "id", id);
	json_key(w, "workspaces");
	json_open_array(w);
	return w;
}

int container_document_end(struct json_writer *w, int r, char **ret_text, struct nacre_error *err)
{
	struct nacre_error ignored;
	char *text = NULL;
	int finished;

	json_close_array(w);
	json_close_object(w);
	finished = json_writer_finish(w, &text, r < 0 ? &ignored : err);
	r = r < 0 ? r : finished;
	if (r == 0)
		*ret_text = steal_ptr(text);
	free(text);
	return r;
}

int container_report_begin(
	struct container_report *report, const char *id, bool json, struct nacre_error *err)
{
	if (json) {
		report->json = container_document_begin(id);
		return report->json ? 0 : fail_errno(err, ENOMEM, "report");
	}
	report->file = open_memstream(&report->text, &report->length);
	return report->file ? 0 : fail_errno(err, ENOMEM, "report");
}

static void put_sum(struct container_report *report)
{
	if (!report->file)
		return;
	(void)fprintf(report->file, "%zu %s", report->n_done, report->done);
	if (report->n_refused)
		(void)fprintf(report->file, ", %zu refused", report->n_refused);
	if (report->n_conflicts)
		(void)fprintf(report->file, ", %zu in conflict", report->n_conflicts);
	(void)fputc('\n', report->file);
}

int container_report_end(
	struct container_report *report, int r, char **ret_text, struct nacre_error *err)
{
	if (r == 0)
		put_sum(report);
	if (report->file && fclose(report->file) != 0 && r == 0)
		r = fail_errno(err, ENOMEM, "report");
	if (report->json)
		r = container_document_end(report->json, r, ret_text, err);
	else if (r == 0)
		*ret_text = steal_ptr(report->text);
	free(report->text);
	if (r < 0)
		return r;
	return !report->n_refused && !report->n_conflicts;
}

void container_report_workspace(
	struct container_report *report, const struct workspace_record *record)
{
	cleanup_free char *source = escape_name(record->source, strlen(record->source));

	if (report->file)
		(void)fprintf(report->file, "# %s\n", source ? source : "?");
	if (!report->json)
		return;
	json_open_object(report->json);
	json_key_string(report->json, "source", record->source);
	json_key_string(report->json, "destination", record->destination);
	json_key(report->json, "results");
	json_open_array(report->json);
}

void container_report_workspace_end(struct container_report *report)
{
	if (!report->json)
		return;
	json_close_array(report->json);
	json_close_object(report->json);
}

/* Returns the reason in words for people. */
static const char *reason_of(const struct workspace_change *change, const char *reason)
{
	const struct workspace_rule *rule;

	if (!change || !reason)
		return reason;
	if (reason == change->conflict)
		return workspace_conflict_reason(reason);
	rule = reason == change->refused ? workspace_rule_of(reason) : NULL;
	return rule ? rule->reason : reason;
}

/* Returns the reason with the file that it is about; heap. NULL: out of memory. */
static char *whole_reason(const struct workspace_change *change, const char *reason)
{
	const char *text = reason_of(change, reason);
	cleanup_free char *line = escape_line(text, strlen(text));
	cleanup_free char *inside = NULL;
	char *whole = NULL;

	if (!line || !change || reason != change->refused || !change->inside)
		return steal_ptr(line);
	inside = escape_name(change->inside, strlen(change->inside));
	if (!inside || asprintf(&whole, "%s %s", inside, line) < 0)
		return NULL;
	return whole;
}

static void put_line(const struct container_report *report, const struct workspace_change *change,
	const char *name, const struct apply_result *result, const char *word, const char *reason)
{
	const char *remedy = "";

	if (change && result->reason && result->reason == change->refused && change->named)
		remedy = ": only if named";
	else if (result->outcome == APPLY_CONFLICT)
		remedy = ": only by --force";
	(void)fprintf(report->file, "%-9s", word);
	if (change)
		(void)fprintf(report->file, " %c ", workspace_kind_letter(change->kind));
	(void)fprintf(report->file, " %s%s", name,
		change && change->type == WORKSPACE_DIRECTORY ? "/" : "");
	if (result->reason)
		(void)fprintf(report->file, "  (%s%s)", reason ? reason : "?", remedy);
	(void)fputc('\n', report->file);
}

void container_report_path(struct container_report *report, const struct workspace_change *change,
	const char *path, const struct apply_result *result)
{
	cleanup_free char *name = escape_name(path, strlen(path));
	cleanup_free char *reason = result->reason ? whole_reason(change, result->reason) : NULL;
	const char *word = report->done;

	if (result->outcome == APPLY_DONE)
		report->n_done++;
	else if (result->outcome == APPLY_CONFLICT)
		report->n_conflicts++, word = "conflict";
	else
		report->n_refused++, word = "refused";
	if (report->file) {
		put_line(report, change, name ? name : "?", result, word, reason);
		return;
	}
	json_open_object(report->json);
	if (change)
		json_key_string(report->json, "kind", workspace_kind_word(change->kind));
	json_key_string(report->json, "path", name ? name : "?");
	json_key_string(report->json, "result", word);
	if (result->reason)
		json_key_string(report->json, "reason", reason ? reason : "?");
	json_close_object(report->json);
}
