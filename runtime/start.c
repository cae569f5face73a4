/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/commands.h"
#include "runtime/notify.h"

int command_start(struct invocation *in, struct nacre_error *err)
{
	struct nacre_process *process;
	int r;

	if (!notify_manager())
		return nacre_start(in->nacre, in->operands[0], NULL, err);
	r = nacre_start(in->nacre, in->operands[0], &process, err);
	if (r < 0)
		return r;
	r = notify_wait(process, err);
	nacre_process_release(process);
	return r;
}
