/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_WORKSPACE_H
#define NACRE_API_WORKSPACE_H

#include <stdio.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/workspace/apply.h"
#include "libcontainer/workspace/store.h"
#include "specs/json.h"
#include "specs/workspace_changes.h"

/* Shared by the commands on workspaces. */

/* The workspaces of container ID, locked. The container is locked too if it still exists, so
 * nothing runs in it meanwhile. */
struct container_workspaces {
	struct container container; /* its arena holds everything */
	struct workspace_set set;
	int store_fd;
};

/* -EBUSY: something runs, or the receipt of the container is not written yet. PAUSED: only to read:
 * a paused container is accepted, and the receipt does not matter. -ENOENT: it has no workspace.
 * The caller closes *RET, even after an error. */
int container_workspaces_open(struct nacre *nacre, const char *id, bool paused,
	struct container_workspaces *ret, struct nacre_error *err);
void container_workspaces_close(struct container_workspaces *all);

/* -ENOENT: the source of W is gone. */
int container_workspace_check_source(const struct workspace *w, struct nacre_error *err);

/* Completes or undoes an interrupted apply or undo of W, one of ALL: apply.h. */
int container_workspace_recover(
	const struct container_workspaces *all, const struct workspace *w, struct nacre_error *err);

/* Recovers as above, and reads the changes in W, one of ALL; form direct has none. MAX_BYTES,
 * MAX_CHANGES: 0: the default. -ENOENT: its source, or its contents in memory, are gone. */
int container_workspace_changes(const struct container_workspaces *all, const struct workspace *w,
	uint64_t max_bytes, uint64_t max_changes, struct workspace_changes *ret_changes,
	struct nacre_error *err);

/* --- files of nacre_workspace_diff --- */

struct workspace_view {
	const struct workspace *workspace;
	const struct workspace_changes *changes;
	const bool *wanted; /* indexed like the changes */
	char digest[65]; /* digest of all changes, not only of the wanted ones */
};

/* workspace_text.c: writes text for people. fclose(3) of FILE reports write errors. */
void container_workspace_text(FILE *file, const struct workspace_view *view);

/* Writes a name from the container, escaped for people, between two texts. If memory is short the
 * line is incomplete, but the digest is right. */
void container_put_name(FILE *file, const char *before, const char *name, const char *behind);

/* workspace_patch.c: writes a unified diff of text files; STAT: the number of changed lines per
 * file. */
int container_workspace_patch(
	FILE *file, const struct workspace_view *view, bool stat, struct nacre_error *err);

/* --- workspace_report.c --- */

/* Begins the JSON of nacre_workspace_..., up to the opened array "workspaces". ID: the container
 * that it is about, or NULL. NULL: out of memory, which container_document_end reports. */
struct json_writer *container_document_begin(const char *id);
/* Ends the document and takes W in any case. R: the result of the array; *RET_TEXT: heap, if R is
 * 0. Returns R, or -errno. */
int container_document_end(struct json_writer *w, int r, char **ret_text, struct nacre_error *err);

/* --- workspace_report.c: the reports of nacre_workspace_apply and _undo --- */

struct container_report {
	FILE *file; /* text for people, or NULL */
	struct json_writer *json; /* otherwise */
	const char *done; /* "applied", "undone" */
	size_t n_done, n_refused, n_conflicts;
	char *text; /* text of FILE */
	size_t length;
};

/* Begins a report, which container_report_end ends in any case. *RET_TEXT: heap, if R, the result
 * of the work, is 0. */
int container_report_begin(
	struct container_report *report, const char *id, bool json, struct nacre_error *err);
int container_report_end(
	struct container_report *report, int r, char **ret_text, struct nacre_error *err);

void container_report_workspace(
	struct container_report *report, const struct workspace_record *record);
void container_report_workspace_end(struct container_report *report);
/* CHANGE NULL: only PATH is known. */
void container_report_path(struct container_report *report, const struct workspace_change *change,
	const char *path, const struct apply_result *result);

#endif
