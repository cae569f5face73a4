/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_WORKSPACE_H
#define NACRE_API_WORKSPACE_H

#include <stdio.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/workspace/apply.h"
#include "libcontainer/workspace/store.h"
#include "specs/json.h"
#include "specs/workspace_changes.h"

/* What the commands on workspaces share. */

/* The workspaces of container ID, locked, and the container locked as well if there still is one:
 * nothing runs in it meanwhile. */
struct container_workspaces {
	struct container container; /* its arena holds all */
	struct workspace_set set;
	int store_fd;
};

/* -EBUSY: something runs, or the receipt of the container is not written yet. PAUSED: to look
 * alone: a paused container will do, and that receipt is no matter. -ENOENT: it has no workspace.
 * *RET is the caller's to close in any case. */
int container_workspaces_open(struct nacre *nacre, const char *id, bool paused,
	struct container_workspaces *ret, struct nacre_error *err);
void container_workspaces_close(struct container_workspaces *all);

/* -ENOENT: the source of W is gone. */
int container_workspace_check_source(const struct workspace *w, struct nacre_error *err);

/* Settles what an apply or an undo of W, one of ALL, that was cut off has left: apply.h. */
int container_workspace_recover(
	const struct container_workspaces *all, const struct workspace *w, struct nacre_error *err);

/* Settles what an apply that was cut off has left, and reads what changed in W, one of ALL; nothing
 * in one of the form direct. MAX_BYTES, MAX_CHANGES: 0: the
 * default. -ENOENT: its source, or what it had in memory, is gone. */
int container_workspace_changes(const struct container_workspaces *all, const struct workspace *w,
	uint64_t max_bytes, uint64_t max_changes, struct workspace_changes *ret_changes,
	struct nacre_error *err);

/* --- files of nacre_workspace_diff --- */

struct workspace_view {
	const struct workspace *workspace;
	const struct workspace_changes *changes;
	const bool *wanted; /* by index */
	char digest[65]; /* of all, not of those that are wanted alone */
};

/* workspace_text.c: for people. What fails with FILE, its closing tells. */
void container_workspace_text(FILE *file, const struct workspace_view *view);

/* A name of the container's, as people may read it, between two texts. Where memory is short the
 * line is not whole, but the digest is. */
void container_put_name(FILE *file, const char *before, const char *name, const char *behind);

/* workspace_patch.c: a unified diff of what is text; STAT: how many lines of each file. */
int container_workspace_patch(
	FILE *file, const struct workspace_view *view, bool stat, struct nacre_error *err);

/* --- workspace_report.c --- */

/* The JSON of nacre_workspace_...: from its head to the array "workspaces", which is open. ID: of
 * the container that it is all about, or NULL. NULL: out of memory, which its end tells. */
struct json_writer *container_document_begin(const char *id);
/* Takes W in any case. R: what came of the array; *RET_TEXT: heap, if that is 0. Returns R, or
 * -errno. */
int container_document_end(struct json_writer *w, int r, char **ret_text, struct nacre_error *err);

/* --- workspace_report.c: what nacre_workspace_apply and _undo say --- */

struct container_report {
	FILE *file; /* for people */
	struct json_writer *json; /* else */
	const char *done; /* "applied", "undone" */
	size_t n_done, n_refused, n_conflicts;
	char *text; /* of FILE */
	size_t length;
};

/* Begins it. report_end takes it in any case; *RET_TEXT: heap, if R, what came of all, is 0. */
int container_report_begin(
	struct container_report *report, const char *id, bool json, struct nacre_error *err);
int container_report_end(
	struct container_report *report, int r, char **ret_text, struct nacre_error *err);

void container_report_workspace(
	struct container_report *report, const struct workspace_record *record);
void container_report_workspace_end(struct container_report *report);
/* CHANGE: NULL: PATH is all that is known. */
void container_report_path(struct container_report *report, const struct workspace_change *change,
	const char *path, const struct apply_result *result);

#endif
