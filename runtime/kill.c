/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include "runtime/commands.h"

const struct option_row kill_rows[] = {
	/* clang-format off */
	{"all", 'a', FLAG(all), NULL, "every process of the container; no error if there is none"},
	{NULL},
	/* clang-format on */
};

int command_kill(struct invocation *in, struct nacre_error *err)
{
	int sig = SIGTERM;

	if (in->n_operands > 1)
		sig = nacre_signal(in->operands[1], err);
	if (sig < 0)
		return sig;
	return nacre_kill(in->nacre, in->operands[0], sig, in->all, err);
}
