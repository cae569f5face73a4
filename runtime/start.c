/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/commands.h"

int command_start(struct invocation *in, struct nacre_error *err)
{
	return nacre_start(in->nacre, in->operands[0], err);
}
