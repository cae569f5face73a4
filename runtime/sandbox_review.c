/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/colour.h"
#include "runtime/commands.h"
#include "runtime/progress.h"
#include "specs/error.h"

/* Reviews, after nacre sandbox, what its program has changed in the workspace. */

#define DIGEST "digest "

/* Collects the digests in TEXT, which it cuts into lines, for nacre_workspace_apply_options.expect.
 * Text from the container never begins a line. NULL: no memory. */
static const char **take_digests(char *text)
{
	const char **digests;
	size_t n = 0;
	char *save = NULL;

	digests = calloc(strlen(text) / strlen(DIGEST) + 2, sizeof(*digests));
	for (char *line = strtok_r(text, "\n", &save); digests && line;
		line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, DIGEST, strlen(DIGEST)))
			digests[n++] = line + strlen(DIGEST);
	return digests;
}

static void write_changes(const char *text)
{
	char *coloured = colour_is_wanted(STDERR_FILENO) ? colour_changes(text) : NULL;

	log_text(coloured ? coloured : text);
	free(coloured);
}

/* Applies the changes that the person has seen: SHOWN is their text. Returns 1 if nothing is
 * kept. */
static int apply(struct invocation *in, char *shown, struct nacre_error *err)
{
	const char **digests = take_digests(shown);
	struct progress progress;
	const struct nacre_workspace_apply_options options = {.size = sizeof(options),
		.expect = digests,
		.progress = progress_show,
		.data = &progress};
	char *report;
	int r;

	progress_begin(&progress);
	r = digests ? nacre_workspace_apply(in->nacre, in->id, &options, &report, err)
		    : fail_errno(err, ENOMEM, "digests");

	progress_end(&progress);
	free(digests);
	if (r < 0)
		return r;
	write_changes(report);
	free(report);
	if (r == 0) /* some changes were left out */
		return 0;
	r = nacre_workspace_discard(in->nacre, in->id, err);
	return r < 0 ? r : 1;
}

static int show(struct invocation *in, enum nacre_workspace_format format, char **ret_text,
	struct nacre_error *err)
{
	const struct nacre_workspace_diff_options options = {
		.size = sizeof(options), .format = format};
	int r = nacre_workspace_diff(in->nacre, in->id, &options, ret_text, err);

	if (r >= 0) {
		sandbox_terminal_reset();
		write_changes(*ret_text);
	}
	return r;
}

/* Accepts a whole word or its first letter. Returns the letter: 'k' if nobody answers, 0 for
 * anything else. */
static int ask(void)
{
	static const char *const words[] = {"yes", "keep", "discard", "patch", NULL};
	char *answer;
	int letter = 0;

	if (sandbox_terminal_ask("apply these changes? [y]es, [k]eep them for later, [d]iscard, "
				 "show the [p]atch: ",
		    &answer) < 0)
		return 'k';
	for (const char *const *word = words; *word; word++)
		if (!strcmp(answer, *word) || (answer[0] == **word && !answer[1]))
			letter = **word;
	free(answer);
	return letter;
}

/* Returns 1 if nothing is kept. */
static int decide(struct invocation *in, char *shown, struct nacre_error *err)
{
	for (;;) {
		char *patch;
		int r;

		switch (ask()) {
		case 'y':
			return apply(in, shown, err);
		case 'd':
			r = nacre_workspace_discard(in->nacre, in->id, err);
			return r < 0 ? r : 1;
		case 'p':
			r = show(in, NACRE_WORKSPACE_PATCH, &patch, err);
			if (r < 0)
				return r;
			free(patch);
			break;
		case 'k':
			return 0;
		}
	}
}

bool sandbox_reviews(const struct invocation *in)
{
	/* All three must be a terminal: a program behind a pipe (| cat) could still write over the
	 * question. */
	return in->apply ? strcmp(in->apply, "never") != 0
			 : isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
}

static void tell_kept(const struct invocation *in)
{
	struct nacre_error text;

	(void)fail(&text, EEXIST, "workspace of %s kept: nacre workspace diff %s", in->id, in->id);
	log_line(&in->log, LOG_WARNING, text.text);
}

/* Only reports kept changes, and asks nothing: the run failed. */
static void look_for_kept(const struct invocation *in)
{
	const struct nacre_workspace_diff_options options = {.size = sizeof(options)};
	struct nacre_error ignored; /* the error that is reported came before */
	char *text;

	if (nacre_workspace_diff(in->nacre, in->id, &options, &text, &ignored) < 0)
		return;
	free(text);
	tell_kept(in);
}

/* Returns 1 if nothing is kept. */
static int review(struct invocation *in, struct nacre_error *err)
{
	const bool all = in->apply && !strcmp(in->apply, "all");
	char *shown;
	int r;

	if (in->apply && !strcmp(in->apply, "discard")) {
		r = nacre_workspace_discard(in->nacre, in->id, err);
		return r == 0 || r == -ENOENT ? 1 : r;
	}
	r = show(in, NACRE_WORKSPACE_TEXT, &shown, err);
	if (r < 0)
		return r == -ENOENT ? 1 : r; /* nothing was changed */
	r = all ? apply(in, shown, err) : decide(in, shown, err);
	free(shown);
	return r;
}

void sandbox_review(struct invocation *in, int r)
{
	struct nacre_error err;

	if (r < 0) {
		look_for_kept(in);
		return;
	}
	r = review(in, &err);
	if (r < 0) {
		(void)fail_prefix(&err, "review");
		log_line(&in->log, LOG_WARNING, err.text);
	}
	if (r <= 0)
		tell_kept(in);
}
