/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>

#include "runtime/commands.h"
#include "runtime/console.h"
#include "runtime/foreground.h"
#include "specs/error.h"

const struct option_row exec_rows[] = {
	/* clang-format off */
	{"process", 'p', TEXT(exec.process_file), "FILE", "the process as JSON, instead of a command and options"},
	{"cwd", 0, TEXT(exec.cwd), "DIR", "working directory; default: the container's", "cwd"},
	{"env", 'e', LIST(exec.env), "NAME=VALUE", "add to the environment; may be repeated", "env"},
	{"user", 'u', TEXT(exec.user), "UID[:GID]", "ids; default: those of the container", "user"},
	{"additional-gids", 'g', LIST(exec.additional_gids), "GID", "add a group; may be repeated", "user.additionalGids"},
	{"cap", 'c', LIST(exec.caps), "CAP_NAME", "add a capability, up to the profile's ceiling; may be repeated", "capabilities"},
	{"no-new-privs", 0, FLAG(exec.no_new_privs), NULL, "set-user-ID programs give no privileges", "noNewPrivileges"},
	{"apparmor", 0, TEXT(exec.apparmor), "PROFILE", "AppArmor profile", "apparmorProfile"},
	{"process-label", 0, TEXT(exec.process_label), "LABEL", "SELinux label", "selinuxLabel"},
	{"tty", 't', FLAG(exec.terminal), NULL, "give the program a terminal"},
	{"detach", 'd', FLAG(exec.detach), NULL, "return once the program runs"},
	{"console-socket", 0, TEXT(exec.console_socket), "PATH", "socket that takes the terminal's master"},
	{"pid-file", 0, TEXT(exec.pid_file), "FILE", "write the pid of the process to FILE"},
	{"pidfd-socket", 0, TEXT(exec.pidfd_socket), "PATH", "socket that takes a pidfd of the process"},
	{"cgroup", 0, TEXT(exec.cgroup), "PATH", "a cgroup below the container's"},
	{"own-cgroup", 0, FLAG(exec.exec_cgroup), NULL, "run in a new cgroup; default except with profile oci, --cgroup or --detach"},
	{"kill-on-exit", 0, FLAG(exec.kill_on_exit), NULL, "kill everything that it started when nacre or its caller ends, even by SIGKILL"},
	{"timeout", 0, DURATION(timeout_ms), "TIME", "kill everything that it started after TIME, 30s or 1h30m, and exit with 124"},
	{"preserve-fds", 0, COUNT(exec.preserve_fds), "N", "pass on N more fds after stdio"},
	{"ignore-paused", 0, FLAG(exec.ignore_paused), NULL, "also in a paused container: start when it is resumed"},
	{"no-subreaper", 0, FLAG(unused_flag), NULL, NULL},
	{NULL},
	/* clang-format on */
};

/* Refuses options beside --process: the file contains the whole process. */
static int refuse_beside_file(const struct invocation *in, struct nacre_error *err)
{
	if (in->n_operands > 1)
		return fail(err, EINVAL,
			"--process %s: a command cannot be given beside it: put it into the file",
			in->exec.process_file);
	return options_refuse_fields(exec_rows, in, "process", in->exec.process_file, err);
}

static int exec_foreground(struct invocation *in, struct nacre_error *err)
{
	struct nacre_process *process = NULL;
	struct foreground fg;
	struct nacre_error why;
	int r = foreground_begin(&fg, in->timeout_ms, &why);

	in->exec.window = console_window();
	if (r >= 0)
		r = nacre_exec(in->nacre, in->id, &in->exec, &process, &why);
	if (r < 0)
		r = foreground_not_begun(&fg, r, &why, err);
	if (process)
		r = foreground_serve(&fg, process, err);
	if (process && r >= 0)
		run_record_exit(in, process, r);
	nacre_process_release(process);
	run_explain_end(in, &fg);
	foreground_end(&fg);
	return r;
}

int command_exec(struct invocation *in, struct nacre_error *err)
{
	struct nacre_process *process;
	int r;

	in->id = in->operands[0];
	if (in->exec.process_file) {
		r = refuse_beside_file(in, err);
		if (r < 0)
			return r;
	} else if (in->n_operands < 2) {
		return fail(
			err, EINVAL, "exec: a command after the ID is missing, or --process FILE");
	} else {
		in->exec.args = in->operands + 1;
	}
	if (in->exec.detach && in->timeout_ms)
		return fail(
			err, EINVAL, "exec: --timeout excludes --detach: no process would wait");
	/* Makes a cgroup for the exec: the deadline must end everything that it started. */
	in->exec.exec_cgroup |= in->timeout_ms != 0;
	if (!in->exec.detach)
		return exec_foreground(in, err);
	r = nacre_exec(in->nacre, in->id, &in->exec, &process, err);
	if (r < 0)
		return r;
	nacre_process_release(process);
	return 0;
}
