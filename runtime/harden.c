/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/commands.h"

const struct option_row harden_rows[] = {
	/* clang-format off */
	{"bundle", 'b', TEXT(create.bundle), "DIR", "the bundle; default: the working directory"},
	{"config", 'f', TEXT(create.config), "FILE", "instead of config.json in the bundle"},
	{"format", 0, WORD(format), "text|json|diff|config", "the report (default), the same as JSON or as a diff, or the config"},
	{NULL},
	/* clang-format on */
};

/* Prints either the config or the report: each can be redirected into its own file. */
int command_harden(struct invocation *in, struct nacre_error *err)
{
	static const char *const formats[] = {
		[NACRE_HARDEN_TEXT] = "text",
		[NACRE_HARDEN_JSON] = "json",
		[NACRE_HARDEN_DIFF] = "diff",
		[NACRE_HARDEN_CONFIG] = "config",
	};
	enum nacre_harden_format format = NACRE_HARDEN_TEXT;
	char *text = NULL;
	int r;

	while (in->format && strcmp(formats[format], in->format) != 0)
		format++;
	r = nacre_harden(&in->create, format, &text, err);
	if (r < 0)
		return r;
	state_print_text(text);
	free(text);
	return 0;
}
