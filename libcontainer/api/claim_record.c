/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/claim.h"
#include "libcontainer/api/receipt.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "specs/json.h"
#include "specs/workspace_request.h"

/* Updates the records of a container that was claimed. */

/* The rules have changed nothing since the creation, so the other members of the report remain
 * true. */
static void write_report(
	struct json_writer *w, const struct json_node *report, const struct oci_strings *workspaces)
{
	json_open_object(w);
	for (const struct json_node *member = report->child; member; member = member->next) {
		json_key(w, member->key);
		if (strcmp(member->key, "workspaces") == 0)
			json_strings(w, workspaces->items, workspaces->n);
		else
			json_value(w, member);
	}
	json_close_object(w);
	json_end_line(w);
}

static int record_report(
	const struct container *c, const struct oci_config *config, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(true);
	cleanup_free char *text = NULL;
	cleanup_free char *before = NULL;
	struct oci_strings workspaces;
	struct json_document *report;
	size_t length;
	int r = file_read(
		c->state_fd, "report.json", 2 * (size_t)JSON_MAX_BYTES, &before, &length, err);

	if (r == 0)
		r = json_parse(c->arena, "report.json", before, length, &report, err);
	if (r == 0 && workspace_words(c->arena, config, &workspaces) < 0)
		r = fail_errno(err, ENOMEM, "report");
	if (r < 0)
		return r;
	write_report(w, report->root, &workspaces);
	r = json_writer_finish(w, &text, err);
	return r < 0 ? r : file_replace(c->state_fd, "report.json", text, strlen(text), 0600, err);
}

int claim_record(const struct container *c, const struct oci_config *config, bool has_workspace,
	struct nacre_error *err)
{
	int r = has_workspace ? record_report(c, config, err) : 0;

	return r < 0 ? r : receipt_note_config(c, err);
}
