/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "runtime/commands.h"

int command_features(struct invocation *in, struct nacre_error *err)
{
	char *json = NULL;
	int r = nacre_features(&json, err);

	(void)in;
	if (r < 0)
		return r;
	state_print_text(json);
	free(json);
	return 0;
}
