/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/commands.h"

const struct option_row explain_rows[] = {
	/* clang-format off */
	{"format", 0, WORD(format), "text|json|flags|policy|summary", "default: text; flags: the options that would allow what was refused"},
	{NULL},
	/* clang-format on */
};

static const char *const formats[] = {"text", "json", "flags", "policy", "summary"};

static enum nacre_explain_format format_of(const char *word)
{
	unsigned i = 0;

	while (word && strcmp(formats[i], word) != 0) /* a word of the row */
		i++;
	return (enum nacre_explain_format)i;
}

int command_explain(struct invocation *in, struct nacre_error *err)
{
	char *text = NULL;
	int r = nacre_explain(in->nacre, in->operands[0], format_of(in->format), &text, err);

	if (r < 0)
		return r;
	if (*text)
		state_print_text(text);
	free(text);
	return 0;
}
