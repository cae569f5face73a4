/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <regex.h>

#include "runtime/commands.h"
#include "specs/error.h"

static int for_all(struct invocation *in, const regex_t *pattern,
	int (*call)(struct invocation *in, const char *id, struct nacre_error *err),
	struct nacre_error *err)
{
	struct nacre_containers *list = NULL;
	struct nacre_error one;
	int r = nacre_list(in->nacre, &list, err);

	for (size_t i = 0; list && i < nacre_containers_size(list); i++) {
		const char *id = nacre_containers_get(list, i)->id;

		if (regexec(pattern, id, 0, NULL, 0) != 0 || call(in, id, &one) >= 0)
			continue;
		/* Goes on with the other containers; the log must end with the one error that is
		 * returned. */
		if (r < 0)
			log_line(&in->log, LOG_WARNING, err->text);
		*err = one;
		r = fail_prefix(err, "%s", id);
	}
	nacre_containers_free(list);
	return r;
}

int matching_each(struct invocation *in,
	int (*call)(struct invocation *in, const char *id, struct nacre_error *err),
	struct nacre_error *err)
{
	const char *text = in->operands[0];
	char why[128];
	regex_t pattern;
	int r;

	if (!in->regex)
		return call(in, text, err);
	r = regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB);
	if (r != 0) {
		(void)regerror(r, &pattern, why, sizeof(why));
		return fail(err, EINVAL, "--regex: \"%s\": %s", text, why);
	}
	r = for_all(in, &pattern, call, err);
	regfree(&pattern);
	return r;
}
