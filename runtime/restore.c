/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "runtime/commands.h"
#include "runtime/console.h"
#include "runtime/foreground.h"

const struct option_row restore_rows[] = {
	/* clang-format off */
	{"detach", 'd', FLAG(create.detach), NULL, "return once the processes run"},
	{"bundle", 'b', TEXT(create.bundle), "DIR", "the bundle; default: the working directory"},
	{"config", 'f', TEXT(create.config), "FILE", "instead of config.json in the bundle"},
	{"console-socket", 0, TEXT(create.console_socket), "PATH", "takes the master of the terminal"},
	{"pid-file", 0, TEXT(create.pid_file), "FILE", "gets the pid of the container's process"},
	{"audit", 0, TEXT(create.audit), "FILE", "append a line for each event of the container's life"},
	{"tcp-close", 0, FLAG(criu.tcp_close), NULL, "TCP connections come back closed"},
	{"lsm-profile", 0, TEXT(criu.lsm_profile), "TYPE:NAME", "in place of the label that the processes had"},
	{"lsm-mount-context", 0, TEXT(criu.lsm_mount_context), "CONTEXT", "in place of the one that mounts had"},
	{"no-subreaper", 0, FLAG(unused_flag), NULL, NULL},
	{"no-pivot", 0, FLAG(unused_flag), NULL, NULL},
	{NULL},
	/* clang-format on */
};

static int restore_detached(struct invocation *in, struct nacre_error *err)
{
	struct nacre_process process;
	int r = nacre_restore(in->nacre, in->operands[0], &in->create, &in->criu, &process, err);

	if (r == 0)
		nacre_process_release(&process);
	return r;
}

static int restore_foreground(struct invocation *in, struct foreground *fg, struct nacre_error *err)
{
	struct nacre_process process;
	int r;

	in->create.window = console_window();
	r = nacre_restore(in->nacre, in->operands[0], &in->create, &in->criu, &process, err);
	return r < 0 ? r : finish_foreground(in, fg, &process, err);
}

int command_restore(struct invocation *in, struct nacre_error *err)
{
	struct foreground fg;
	int r = choose_cgroup_driver(in, err);

	if (r < 0)
		return r;
	if (in->create.detach)
		return restore_detached(in, err);
	r = foreground_begin(&fg, 0, err);
	if (r >= 0)
		r = restore_foreground(in, &fg, err);
	foreground_end(&fg);
	return r;
}
