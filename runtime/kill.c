/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include "runtime/commands.h"

const struct option_row kill_rows[] = {
	/* clang-format off */
	{"all", 'a', FLAG(all), NULL, "signal every process; no error if there is none"},
	{"regex", 'r', FLAG(regex), NULL, "all containers whose IDs match ID, an extended regular expression"},
	{NULL},
	/* clang-format on */
};

static int kill_one(struct invocation *in, const char *id, struct nacre_error *err)
{
	int sig = in->n_operands > 1 ? nacre_signal(in->operands[1], err) : SIGTERM;

	return sig < 0 ? sig : nacre_kill(in->nacre, id, sig, in->all, err);
}

int command_kill(struct invocation *in, struct nacre_error *err)
{
	return matching_each(in, kill_one, err);
}
