/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/commands.h"
#include "runtime/quantity.h"
#include "specs/error.h"

/* nacre sandbox: runs a program of this machine, without an image. */

enum {
	CPUS_MOST = 100000,
};

const struct option_row sandbox_single_rows[] = {
	/* clang-format off */
	{"settings", 0, TEXT(settings), "FILE", "more options, in a JSON document: nacre-sandbox(1), SETTINGS"},
	{"print-settings", 0, FLAG(print_settings), NULL, "print the options as a document for --settings, and run nothing"},
	{"tty", 't', FLAG(sandbox.terminal), NULL, "give the program a terminal even if stdin or stdout is not one"},
	{"name", 0, TEXT(id), "ID", "ID of the container; default: a generated one"},
	{"receipt", 0, TEXT(create.receipt), "FILE", "write a signed receipt of what ran to the new FILE at the end"},
	{NULL},
	/* clang-format on */
};

const struct option_row sandbox_rows[] = {
	/* clang-format off */
	{"read", 0, LIST(sandbox.read), "PATH", "show PATH of the host read-only; may be repeated"},
	{"write", 0, LIST(sandbox.write), "PATH", "let the program change PATH of the host; may be repeated"},
	{"hide", 0, LIST(sandbox.hide), "PATH", "hide PATH; may be repeated"},
	{"env", 'e', LIST(sandbox.env), "NAME[=VALUE]", "pass or set a further variable; may be repeated"},
	{"apply", 0, WORD(apply), "ask|never|all|discard", "what to do with changes; default: ask at a terminal, otherwise never"},
	{"timeout", 0, DURATION(timeout_ms), "TIME", "kill the program after TIME, 30s or 1h30m, and exit with 124"},
	{"memory", 0, TEXT(limits_of_sandbox.memory), "SIZE", "memory limit, 512M or 2G; default: the profile's"},
	{"pids", 0, POSITIVE(limits_of_sandbox.pids), "N", "limit of processes and threads; default: the profile's"},
	{"cpus", 0, TEXT(limits_of_sandbox.cpus), "N", "limit of CPU time, in CPUs: 1.5; default: the profile's"},
	{"tmp", 0, TEXT(limits_of_sandbox.tmp), "SIZE", "size of /tmp, /run and the home, each; default: 1G"},
	{"receipt-key", 0, TEXT(create.receipt_key), "FILE", "key that signs it; default: as for run"},
	{NULL},
	/* clang-format on */
};

const char *const sandbox_no_egress[] = {"none", NULL};

static int read_cpus(const char *text, uint64_t *ret_thousandths, struct nacre_error *err)
{
	double cpus;
	char *end;

	if (!text)
		return 0;
	cpus = strtod(text, &end);
	if (end == text || *end || !(cpus >= 0.001 && cpus <= CPUS_MOST))
		return fail(err, EINVAL, "--cpus: expected a number like 1.5, found \"%s\"", text);
	*ret_thousandths = (uint64_t)(cpus * 1000);
	return 0;
}

int sandbox_read_limits(struct invocation *in, struct nacre_error *err)
{
	const char *tmp = in->limits_of_sandbox.tmp;
	uint64_t memory = 0;
	int r = quantity_size_of("--memory", in->limits_of_sandbox.memory, &memory, err);

	in->sandbox.memory = (int64_t)memory;
	in->sandbox.pids = in->limits_of_sandbox.pids;
	if (r == 0)
		r = quantity_size_of("--tmp", tmp ? tmp : SANDBOX_TMP, &in->sandbox.tmp_bytes, err);
	return r < 0 ? r : read_cpus(in->limits_of_sandbox.cpus, &in->sandbox.cpus, err);
}

/* Returns whether one of the rules allows any connection. */
static bool has_network(const char *const *rules)
{
	for (; rules && *rules; rules++)
		if (strcmp(*rules, "none") != 0)
			return true;
	return false;
}

/* Names what a program of this machine may have missed, and the options that give it. */
static void show_limits_of_view(const struct invocation *in)
{
	char text[NAME_MAX + 256];

	(void)snprintf(text, sizeof(text),
		"container %s %ssaw only its workspaces, and what --read, --write and --env show "
		"of your files and variables\n",
		in->id, in->sandbox.network ? "" : "had no network (--egress NAME), and ");
	log_text(text);
}

/* Chooses the exit status as shells do: 127 for a missing program, 126 for one that cannot be run.
 * Returns 0 for an error that is not the program's. */
static int status_of(const struct nacre_error *err)
{
	if (strncmp(err->text, "find the program: ", strlen("find the program: ")) != 0 &&
		strncmp(err->text, "exec: ", strlen("exec: ")) != 0)
		return 0;
	return err->code == ENOENT ? 127 : 126;
}

int sandbox_prepare(struct invocation *in, struct nacre_error *err)
{
	int r = sandbox_take_settings(in, err);

	in->reviews = sandbox_reviews(in);
	in->sandbox.terminal |= isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	return r;
}

/* Returns the result of nacre_sandbox_config. */
static int make_config(struct invocation *in, char **ret_text, struct nacre_error *err)
{
	int r;

	if (in->n_operands == 0)
		return fail(err, EINVAL,
			"sandbox: a command is missing: nacre sandbox [OPTION]... [--] COMMAND");
	in->sandbox.size = sizeof(in->sandbox);
	in->sandbox.args = in->operands;
	in->sandbox.workspaces = in->create.workspaces;
	in->sandbox.cgroup_manager = in->systemd_cgroup ? "systemd" : in->cgroup_manager;
	in->sandbox.network = has_network(in->create.egress);
	r = sandbox_read_limits(in, err);
	return r < 0 ? r : nacre_sandbox_config(&in->sandbox, ret_text, err);
}

/* Runs the container with the config TEXT. WHY: the error, if there is one. */
static int run_config(struct invocation *in, const char *text, struct nacre_error *why)
{
	int r;

	in->create.config_text = text;
	in->create.kill_on_exit = true;
	in->own_stdin = !in->sandbox.terminal;
	if (!in->create.egress)
		in->create.egress = sandbox_no_egress;
	sandbox_terminal_keep();
	r = run_begin_container(in, run_new, why);
	sandbox_terminal_restore();
	if (in->create.egress == sandbox_no_egress)
		in->create.egress = NULL; /* it is static: main frees only what it parsed */
	return r;
}

int command_sandbox(struct invocation *in, struct nacre_error *err)
{
	struct nacre_error why;
	char *text;
	int r, status;

	if (in->print_settings)
		return sandbox_print_settings(in, err);
	r = make_config(in, &text, err);
	if (r < 0)
		return r;
	if (r > 0)
		in->systemd_cgroup = true;
	r = in->id ? 0 : run_make_up_id(in, "sandbox", err);
	if (r < 0) {
		free(text);
		return r;
	}
	r = run_config(in, text, &why);
	free(text);
	if (r > 0 && run_shows_refusals(in))
		show_limits_of_view(in);
	if (in->reviews)
		sandbox_review(in, r);
	status = r < 0 ? status_of(&why) : 0;
	if (status != 0) {
		log_line(&in->log, LOG_ERROR, why.text);
		return status;
	}
	if (r < 0)
		*err = why;
	return r;
}
