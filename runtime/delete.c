/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/commands.h"

const struct option_row delete_rows[] = {
	/* clang-format off */
	{"force", 'f', FLAG(force), NULL, "kill it first; a missing container is no error"},
	{"regex", 'r', FLAG(regex), NULL, "all whose IDs match ID, an extended regular expression"},
	{NULL},
	/* clang-format on */
};

static int delete_one(struct invocation *in, const char *id, struct nacre_error *err)
{
	return nacre_delete(in->nacre, id, in->force, err);
}

int command_delete(struct invocation *in, struct nacre_error *err)
{
	return matching_each(in, delete_one, err);
}
