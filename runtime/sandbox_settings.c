/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/commands.h"
#include "specs/error.h"

/* nacre sandbox --settings FILE and --print-settings: options that are not specific to one run. */

static const struct option_row *const tables[OPTION_TABLES_MAX] = {
	sandbox_rows, create_profile_rows};

/* Parses the words of the file into options of their own. */
static int parse(const char *const *words, struct invocation *ret_settings, struct nacre_error *err)
{
	const char *const *operands;
	int r = options_parse(tables, ret_settings, words, true, &operands, err);

	if (r < 0)
		return r;
	free((void *)operands);
	return sandbox_read_limits(ret_settings, err);
}

/* Drops the rule "none" of the settings if the command line has rules: "none" excludes all
 * others. */
static void yield_none(const struct invocation *in, struct invocation *settings)
{
	const char *const *rules = settings->create.egress;

	if (!in->create.egress || !rules || strcmp(rules[0], "none") != 0 || rules[1])
		return;
	free((void *)rules);
	settings->create.egress = NULL;
}

int sandbox_take_settings(struct invocation *in, struct nacre_error *err)
{
	struct invocation settings = {.settings = NULL};
	int r;

	if (!in->settings)
		return 0;
	r = nacre_sandbox_settings(in->settings, &in->settings_words, err);
	if (r < 0)
		return r;
	r = parse(in->settings_words, &settings, err);
	if (r < 0)
		(void)fail_prefix(err, "%s", in->settings);
	yield_none(in, &settings);
	if (r >= 0)
		r = options_merge(tables, &settings, in, err);
	options_release(tables, &settings);
	return r;
}

int sandbox_print_settings(struct invocation *in, struct nacre_error *err)
{
	char **words, *text;
	int r;

	if (!in->limits_of_sandbox.tmp)
		in->limits_of_sandbox.tmp = SANDBOX_TMP;
	if (!in->create.egress)
		in->create.egress = sandbox_no_egress;
	r = options_words(tables, in, &words, err);
	if (in->create.egress == sandbox_no_egress)
		in->create.egress = NULL; /* it is static: main frees only what it parsed */
	if (r < 0)
		return r;
	r = nacre_sandbox_settings_json((const char *const *)words, &text, err);
	options_free_words(words);
	if (r < 0)
		return r;
	(void)fputs(text, stdout);
	free(text);
	return 0;
}
