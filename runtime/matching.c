/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <regex.h>

#include "runtime/commands.h"

static int for_all(struct invocation *in, const regex_t *pattern,
	int (*call)(struct invocation *in, const char *id, struct nacre_error *err),
	struct nacre_error *err)
{
	struct nacre_list_entry *entries = NULL;
	struct nacre_error one;
	size_t n = 0;
	int result = nacre_list(in->nacre, &entries, &n, NULL, err);

	for (size_t i = 0; i < n; i++) {
		if (regexec(pattern, entries[i].id, 0, NULL, 0) != 0 ||
			call(in, entries[i].id, &one) >= 0)
			continue;
		/* The others are to have their turn, and the log ends with the one error. */
		if (result < 0)
			log_line(&in->log, LOG_WARNING, err->text);
		*err = one;
		result = fail_prefix(err, "%s", entries[i].id);
	}
	nacre_list_free(entries, n);
	return result;
}

int for_matching(struct invocation *in,
	int (*call)(struct invocation *in, const char *id, struct nacre_error *err),
	struct nacre_error *err)
{
	const char *text = in->operands[0];
	char why[128];
	regex_t pattern;
	int result;

	if (!in->regex)
		return call(in, text, err);
	result = regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB);
	if (result != 0) {
		(void)regerror(result, &pattern, why, sizeof(why));
		return fail(err, EINVAL, "--regex: \"%s\": %s", text, why);
	}
	result = for_all(in, &pattern, call, err);
	regfree(&pattern);
	return result;
}
