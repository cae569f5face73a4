/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/colour.h"
#include "runtime/commands.h"
#include "runtime/progress.h"
#include "runtime/quantity.h"
#include "specs/error.h"
#include "specs/nearest.h"

const struct option_row workspace_rows[] = {
	/* clang-format off */
	{"format", 0, WORD(format), "text|json", "all except discard; default: text"},
	{"patch", 'p', FLAG(patch), NULL, "diff: a unified diff of text files"},
	{"stat", 0, FLAG(stat), NULL, "diff: lines added and removed in each file"},
	{"max-bytes", 0, TEXT(max_bytes), "SIZE", "diff, apply: limit of content to read, further files are refused; default: 4G"},
	{"max-changes", 0, POSITIVE(max_changes), "N", "diff, apply: more changes are an error; default: 1000000"},
	{"force", 0, LIST(force_paths), "PATH", "apply, undo: also if the source was changed there meanwhile; may be repeated"},
	{"expect", 0, LIST(expect), "DIGEST", "apply: apply only the changes that diff printed this digest for; may be repeated"},
	{"dry-run", 0, FLAG(dry_run), NULL, "apply, undo: only report what would be done"},
	{NULL},
	/* clang-format on */
};

/* A sub-command and the options that it takes. */
struct verb {
	const char *name;
	int (*run)(struct invocation *in, struct nacre_error *err);
	size_t min, max; /* operands after the sub-command */
	const char *operands;
	bool format;
	bool diff; /* takes the options of diff */
	bool limits; /* takes --max-bytes, --max-changes */
	bool expect;
	bool source; /* changes the source: takes --force, --dry-run */
};

/* CHANGES: the text lists changes. */
static int finish(int r, char *text, bool changes)
{
	char *coloured;

	if (r < 0)
		return r;
	coloured = changes && colour_is_wanted(STDOUT_FILENO) ? colour_changes(text) : NULL;
	if (*text)
		state_print_text(coloured ? coloured : text);
	free(coloured);
	free(text);
	return 0;
}

static bool is_json(const struct invocation *in)
{
	return in->format && !strcmp(in->format, "json");
}

static int list(struct invocation *in, struct nacre_error *err)
{
	char *text = NULL;
	int r = nacre_workspace_list(in->nacre, is_json(in), &text, err);

	return finish(r, text, false);
}

static int diff(struct invocation *in, struct nacre_error *err)
{
	struct nacre_workspace_diff_options options = {
		.size = sizeof(options),
		.format = is_json(in) ? NACRE_WORKSPACE_JSON
			  : in->patch ? NACRE_WORKSPACE_PATCH
			  : in->stat  ? NACRE_WORKSPACE_STAT
				      : NACRE_WORKSPACE_TEXT,
		.paths = in->n_operands > 2 ? in->operands + 2 : NULL,
		.max_changes = in->max_changes,
	};
	char *text = NULL;
	int r;

	if (is_json(in) + in->patch + in->stat > 1)
		return fail(err, EINVAL, "--format json, --patch and --stat exclude each other");
	r = quantity_size_of("--max-bytes", in->max_bytes, &options.max_bytes, err);
	if (r == 0)
		r = nacre_workspace_diff(in->nacre, in->operands[1], &options, &text, err);
	return finish(r, text, !is_json(in));
}

/* Makes the exit status 1 if some changes were left out. */
static int finish_report(const struct invocation *in, int r, char *text)
{
	int failed = finish(r < 0 ? r : 0, text, !is_json(in));

	return failed < 0 ? failed : r == 0;
}

static int apply(struct invocation *in, struct nacre_error *err)
{
	struct progress progress;
	struct nacre_workspace_apply_options options = {
		.size = sizeof(options),
		.paths = in->n_operands > 2 ? in->operands + 2 : NULL,
		.force = in->force_paths,
		.expect = in->expect,
		.max_changes = in->max_changes,
		.dry_run = in->dry_run,
		.json = is_json(in),
		.progress = progress_show,
		.data = &progress,
	};
	char *text = NULL;
	int r = quantity_size_of("--max-bytes", in->max_bytes, &options.max_bytes, err);

	progress_begin(&progress);
	if (r == 0)
		r = nacre_workspace_apply(in->nacre, in->operands[1], &options, &text, err);
	progress_end(&progress);
	return finish_report(in, r, text);
}

static int undo(struct invocation *in, struct nacre_error *err)
{
	struct nacre_workspace_undo_options options = {
		.size = sizeof(options),
		.force = in->force_paths,
		.dry_run = in->dry_run,
		.json = is_json(in),
	};
	char *text = NULL;
	int r = nacre_workspace_undo(in->nacre, in->operands[1], &options, &text, err);

	return finish_report(in, r, text);
}

static int discard(struct invocation *in, struct nacre_error *err)
{
	return nacre_workspace_discard(in->nacre, in->operands[1], err);
}

static const struct verb verbs[] = {
	{"list", list, 0, 0, "", .format = true},
	{"diff", diff, 1, (size_t)-1, " ID [PATH]...", .format = true, .diff = true,
		.limits = true},
	{"apply", apply, 1, (size_t)-1, " ID [PATH]...", .format = true, .limits = true,
		.expect = true, .source = true},
	{"undo", undo, 1, 1, " ID", .format = true, .source = true},
	{"discard", discard, 1, 1, " ID"},
};

enum {
	N_VERBS = sizeof(verbs) / sizeof(verbs[0]),
};

static int fail_unknown(const char *name, struct nacre_error *err)
{
	struct nearest nearest = {.given = name};
	char hint[NEAREST_HINT];

	for (size_t i = 0; i < N_VERBS; i++)
		nearest_offer(&nearest, verbs[i].name);
	return fail(err, EINVAL, "workspace: unknown command \"%s\"%s: see nacre help workspace",
		name, nearest_hint(&nearest, hint));
}

int command_workspace(struct invocation *in, struct nacre_error *err)
{
	const struct verb *verb = NULL;
	const size_t n = in->n_operands - 1;

	for (size_t i = 0; i < N_VERBS; i++)
		if (!strcmp(verbs[i].name, in->operands[0]))
			verb = &verbs[i];
	if (!verb)
		return fail_unknown(in->operands[0], err);
	if (n < verb->min || n > verb->max)
		return fail(err, EINVAL,
			"workspace %s: too %s arguments: expected \"nacre workspace %s%s\"",
			verb->name, n < verb->min ? "few" : "many", verb->name, verb->operands);
	if ((in->format && !verb->format) || (!verb->diff && (in->patch || in->stat)) ||
		(!verb->limits && (in->max_bytes || in->max_changes)) ||
		(!verb->expect && in->expect) ||
		(!verb->source && (in->force_paths || in->dry_run)))
		return fail(err, EINVAL,
			"workspace %s: an option is not of this command: see "
			"nacre help workspace",
			verb->name);
	return verb->run(in, err);
}
