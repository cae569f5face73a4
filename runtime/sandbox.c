/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "runtime/commands.h"
#include "specs/error.h"

/* nacre sandbox: a program of this machine, without an image. */

enum {
	TMP_BYTES = 1 << 30,
};

const struct option_row sandbox_rows[] = {
	/* clang-format off */
	{"name", 0, TEXT(id), "ID", "of the container; default: one that is made up"},
	{"read", 0, LIST(sandbox.read), "PATH", "show PATH of the host too, read-only; may be repeated"},
	{"write", 0, LIST(sandbox.write), "PATH", "let the program change PATH of the host; may be repeated"},
	{"hide", 0, LIST(sandbox.hide), "PATH", "show nothing of PATH; may be repeated"},
	{"env", 'e', LIST(sandbox.env), "NAME[=VALUE]", "a variable besides those on the list; may be repeated"},
	{"apply", 0, WORD(apply), "ask|never|all", "show what was changed and apply it; default: ask at a terminal, else never"},
	{"timeout", 0, DURATION(timeout_ms), "TIME", "kill the program after TIME, 30s or 1h30m, and exit with 124"},
	{NULL},
	/* clang-format on */
};

/* "sandbox-5d0c82f1": told from others, and short enough to type. */
static const char *make_up_name(struct nacre_error *err)
{
	static char name[sizeof("sandbox-01234567")];
	uint32_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
		(void)fail_errno(err, errno, "getrandom");
		return NULL;
	}
	(void)snprintf(name, sizeof(name), "sandbox-%08x", number);
	return name;
}

/* Whether one of the rules lets it connect to anything. */
static bool has_network(const char *const *rules)
{
	for (; rules && *rules; rules++)
		if (strcmp(*rules, "none") != 0)
			return true;
	return false;
}

static int run(struct invocation *in, struct nacre_process **ret_process, struct nacre_error *err)
{
	return nacre_run(in->nacre, in->id, &in->create, ret_process, err);
}

/* As shells have it: 127 for a program that is not there, 126 for one that cannot be run. Returns 0
 * for what is not the program's fault. */
static int status_of(const struct nacre_error *err)
{
	if (strncmp(err->text, "find the program: ", strlen("find the program: ")) != 0 &&
		strncmp(err->text, "exec: ", strlen("exec: ")) != 0)
		return 0;
	return err->code == ENOENT ? 127 : 126;
}

int command_sandbox(struct invocation *in, struct nacre_error *err)
{
	static const char *const none[] = {"none", NULL};
	char *text;
	int r, status;

	in->sandbox.size = sizeof(in->sandbox);
	in->sandbox.args = in->operands;
	in->sandbox.workspaces = in->create.workspaces;
	in->sandbox.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	in->sandbox.network = has_network(in->create.egress);
	in->sandbox.tmp_bytes = TMP_BYTES;
	r = nacre_sandbox_config(&in->sandbox, &text, err);
	if (r < 0)
		return r;
	if (!in->id)
		in->id = make_up_name(err);
	if (!in->id) {
		free(text);
		return -err->code;
	}
	in->create.config_text = text;
	if (!in->create.egress)
		in->create.egress = none;
	r = run_begin_container(in, run, err);
	if (in->create.egress == none)
		in->create.egress = NULL; /* main frees what it parsed */
	free(text);
	if (r >= 0)
		sandbox_review(in);
	status = r < 0 ? status_of(err) : 0;
	if (status == 0)
		return r;
	log_line(&in->log, LOG_ERROR, err->text);
	return status;
}
