/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "runtime/commands.h"
#include "runtime/notify.h"
#include "specs/error.h"

const struct option_row start_rows[] = {
	/* clang-format off */
	{"timeout", 0, DURATION(timeout_ms), "TIME", "give up after TIME, 30s or 1h30m, and kill the container"},
	{"process", 'p', TEXT(start.process_file), "FILE", "for a container created with --late: its program, as JSON with args, cwd and env"},
	{"workspace", 'w', TEXT(start.workspace), "SRC[:DEST]", "with --process: a directory in place of the source of its workspace"},
	{"egress", 0, LIST(start.egress), "DESTINATION", "with --process: rules in place of those that it was created with; may be repeated"},
	{NULL},
	/* clang-format on */
};

/* PROCESS: NULL: no process waits for it. */
static int begin(struct invocation *in, struct nacre_process **process, struct nacre_error *err)
{
	if (in->start.process_file)
		return nacre_start_late(in->nacre, in->operands[0], &in->start, process, err);
	if (in->start.workspace || in->start.egress)
		return fail(err, EINVAL, "start: %s goes with --process",
			in->start.workspace ? "--workspace" : "--egress");
	return nacre_start(in->nacre, in->operands[0], process, err);
}

int command_start(struct invocation *in, struct nacre_error *err)
{
	struct nacre_process *process;
	int r;

	if (!notify_manager())
		return begin(in, NULL, err);
	r = begin(in, &process, err);
	if (r < 0)
		return r;
	r = notify_wait(process, err);
	nacre_process_release(process);
	return r;
}
