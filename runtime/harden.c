/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/commands.h"

const struct option_row harden_rows[] = {
	/* clang-format off */
	{"bundle", 'b', TEXT(create.bundle), "DIR", "the bundle; default: the working directory"},
	{"config", 'f', TEXT(create.config), "FILE", "instead of config.json in the bundle"},
	{"format", 0, WORD(format), "text|json|config", "the report (default), the report as JSON, or the config"},
	{NULL},
	/* clang-format on */
};

/* One of the three a call: the config can go straight into a file, and the report into another. */
int command_harden(struct invocation *in, struct nacre_error *err)
{
	const char *format = in->format ? in->format : "text";
	char *text = NULL;
	int r;

	if (strcmp(format, "config") == 0)
		r = nacre_harden(&in->create, &text, NULL, NULL, err);
	else if (strcmp(format, "json") == 0)
		r = nacre_harden(&in->create, NULL, NULL, &text, err);
	else
		r = nacre_harden(&in->create, NULL, &text, NULL, err);
	if (r < 0)
		return r;
	print_text(text);
	free(text);
	return 0;
}
