/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/commands.h"

int command_pause(struct invocation *in, struct nacre_error *err)
{
	return nacre_pause(in->nacre, in->operands[0], err);
}

int command_resume(struct invocation *in, struct nacre_error *err)
{
	return nacre_resume(in->nacre, in->operands[0], err);
}
