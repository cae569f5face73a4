/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/commands.h"

const struct option_row restore_rows[] = {
	/* clang-format off */
	{"detach", 'd', FLAG(create.detach), NULL, "return once the processes run"},
	{"bundle", 'b', TEXT(create.bundle), "DIR", "the bundle; default: the working directory"},
	{"config", 'f', TEXT(create.config), "FILE", "instead of config.json in the bundle"},
	{"console-socket", 0, TEXT(create.console_socket), "PATH", "socket that takes the terminal's master"},
	{"pid-file", 0, TEXT(create.pid_file), "FILE", "write the pid of the container's process to FILE"},
	{"audit", 0, TEXT(create.audit), "FILE", "append a line for each event of the container's life"},
	{"tcp-close", 0, FLAG(criu.tcp_close), NULL, "restore TCP connections as closed"},
	{"lsm-profile", 0, TEXT(criu.lsm_profile), "TYPE:NAME", "label of processes instead of the recorded one"},
	{"lsm-mount-context", 0, TEXT(criu.lsm_mount_context), "CONTEXT", "context of mounts instead of the recorded one"},
	{"no-subreaper", 0, FLAG(unused_flag), NULL, NULL},
	{"no-pivot", 0, FLAG(unused_flag), NULL, NULL},
	{NULL},
	/* clang-format on */
};

static int restore(
	struct invocation *in, struct nacre_process **ret_process, struct nacre_error *err)
{
	return nacre_restore(in->nacre, in->operands[0], &in->create, &in->criu, ret_process, err);
}

int command_restore(struct invocation *in, struct nacre_error *err)
{
	in->id = in->operands[0];
	return run_begin_container(in, restore, err);
}
