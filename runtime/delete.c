/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/commands.h"

const struct option_row delete_rows[] = {
	/* clang-format off */
	{"force", 'f', FLAG(force), NULL, "kill it first; a missing container is no error"},
	{NULL},
	/* clang-format on */
};

int command_delete(struct invocation *in, struct nacre_error *err)
{
	return nacre_delete(in->nacre, in->operands[0], in->force, err);
}
