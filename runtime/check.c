/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/commands.h"

enum {
	NOT_ENFORCED = 2,
};

const struct option_row check_rows[] = {
	/* clang-format off */
	{"profile", 0, TEXT(create.profile), "oci|nested|agent|strict", "whose rules to examine; default: the policy's, or agent"},
	{"format", 0, WORD(format), "text|json", "default: text"},
	{NULL},
	/* clang-format on */
};

int command_check(struct invocation *in, struct nacre_error *err)
{
	char *text = NULL;
	bool json = in->format && strcmp(in->format, "json") == 0;
	int r = nacre_check(in->create.profile, json, &text, err);

	if (r < 0)
		return r;
	state_print_text(text);
	free(text);
	return r ? 0 : NOT_ENFORCED;
}
