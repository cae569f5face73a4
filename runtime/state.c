/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/commands.h"

void state_print_text(const char *text)
{
	size_t n = strlen(text);

	(void)fwrite(text, 1, n, stdout);
	if (n == 0 || text[n - 1] != '\n')
		(void)fputc('\n', stdout);
}

int command_state(struct invocation *in, struct nacre_error *err)
{
	char *json = NULL;
	int r = nacre_state(in->nacre, in->operands[0], &json, err);

	if (r < 0)
		return r;
	state_print_text(json);
	free(json);
	return 0;
}
