/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/commands.h"

const struct option_row explain_rows[] = {
	/* clang-format off */
	{"format", 0, WORD(format), "text|json", "default: text"},
	{NULL},
	/* clang-format on */
};

int command_explain(struct invocation *in, struct nacre_error *err)
{
	bool json = in->format && strcmp(in->format, "json") == 0;
	char *text = NULL;
	int r = nacre_explain(in->nacre, in->operands[0], json, &text, err);

	if (r < 0)
		return r;
	state_print_text(text);
	free(text);
	return 0;
}
