/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/bwrap.h"
#include "runtime/commands.h"
#include "runtime/inherit.h"
#include "runtime/notify.h"
#include "specs/error.h"
#include "specs/nearest.h"

enum command_flag {
	SEALED = 1, /* runs code in a container: protects nacre's own binary from it */
	IN_ORDER = 2, /* words after the ID belong to another program */
	STATELESS = 4, /* uses no container's state */
	ACTIVATED = 8, /* may run as a service: passes on what its manager gave it */
	NAMED_ROOT = 16, /* a --root that does not exist is an error */
	OWN_STATUS = 32, /* errors in the command line have the status "failure", too */
};

struct command {
	const char *name;
	int (*run)(struct invocation *in, struct nacre_error *err);
	int failure; /* exit status for a failure of nacre itself */
	int flags;
	size_t min; /* operands */
	size_t max;
	const char *operands;
	const struct option_row *tables[OPTION_TABLES_MAX];
	const char *summary;
	/* completes the command line before anything is opened; NULL: nothing does */
	int (*complete)(struct invocation *in, struct nacre_error *err);
};

static int command_help(struct invocation *in, struct nacre_error *err);

#define ANY ((size_t)-1)

static const struct command commands[] = {
	/* clang-format off */
	{"create", command_create, 1, SEALED | ACTIVATED, 1, 1, "ID", {create_single_rows, create_rows, create_profile_rows}, "create a container without starting its program"},
	{"start", command_start, 1, 0, 1, 1, "ID", {start_rows}, "start the program of a created container"},
	{"run", command_run, 1, SEALED | ACTIVATED, 1, 1, "ID", {run_rows, create_rows, create_profile_rows}, "create, start, wait and delete"},
	{"sandbox", command_sandbox, 125, SEALED | IN_ORDER | OWN_STATUS, 0, ANY, "[--] COMMAND [ARGUMENT]...", {sandbox_single_rows, sandbox_rows, create_profile_rows}, "run a program of this machine on a copy of this directory", sandbox_prepare},
	{"exec", command_exec, 255, SEALED | IN_ORDER, 1, ANY, "ID COMMAND [ARGUMENT]...", {exec_rows}, "run one more program in a container"},
	{"kill", command_kill, 1, 0, 1, 2, "ID [SIGNAL]", {kill_rows}, "send a signal, SIGTERM if none is named"},
	{"delete", command_delete, 1, 0, 1, 1, "ID", {delete_rows}, "remove a stopped container"},
	{"state", command_state, 1, 0, 1, 1, "ID", {NULL}, "print the state as JSON"},
	{"list", command_list, 1, NAMED_ROOT, 0, 0, "", {list_rows}, "list the containers"},
	{"ps", command_ps, 1, IN_ORDER, 1, ANY, "ID [PS-OPTION]...", {ps_rows}, "list a container's processes"},
	{"pause", command_pause, 1, 0, 1, 1, "ID", {NULL}, "freeze all processes"},
	{"resume", command_resume, 1, 0, 1, 1, "ID", {NULL}, "resume all processes"},
	{"checkpoint", command_checkpoint, 1, 0, 1, 1, "ID", {checkpoint_rows, checkpoint_criu_rows}, "write a running container to files, with criu"},
	{"restore", command_restore, 1, 0, 1, 1, "ID", {restore_rows, checkpoint_criu_rows, create_profile_rows}, "create a container from those files and continue it"},
	{"update", command_update, 1, 0, 1, 1, "ID", {update_rows}, "change the limits and egress rules of a container"},
	{"events", command_events, 1, 0, 1, 1, "ID", {events_rows}, "print the resource usage of a container, and when memory ran out"},
	{"spec", command_spec, 1, STATELESS, 0, 0, "", {spec_rows}, "write an initial config.json"},
	{"harden", command_harden, 1, STATELESS, 0, 0, "", {harden_rows, create_profile_rows}, "show what a profile changes in a bundle's config"},
	{"explain", command_explain, 1, 0, 1, 1, "ID", {explain_rows}, "report what a container was denied, and what cannot be observed"},
	{"workspace", command_workspace, 1, 0, 1, ANY, "list | diff ID [PATH]... | apply ID [PATH]... | undo ID | discard ID", {workspace_rows}, "show, apply, undo or discard what a container changed in its workspaces"},
	{"check", command_check, 1, STATELESS, 0, 0, "", {check_rows}, "report for each rule whether this host enforces it"},
	{"receipt", command_receipt, 1, STATELESS, 1, ANY, "keygen|show|verify [FILE]...", {receipt_rows}, "make a key for receipts, or show or verify a receipt"},
	{"features", command_features, 1, STATELESS, 0, 0, "", {NULL}, "print what this build supports as JSON"},
	{"version", command_version, 1, STATELESS, 0, 0, "", {NULL}, "print the version"},
	{"help", command_help, 1, STATELESS, 0, 1, "[COMMAND]", {NULL}, "print the help of nacre or of a command, or list profiles, rules or grants"},
	/* clang-format on */
};

static const struct option_row global_rows[] = {
	/* clang-format off */
	{"root", 0, TEXT(root), "DIR", "directory of the containers' states; default: /run/nacre"},
	{"workspaces", 0, TEXT(workspaces), "DIR", "directory of all workspaces; default: /var/lib/nacre/workspaces"},
	{"log", 0, TEXT(log_file), "FILE", "append errors and warnings to FILE"},
	{"log-format", 0, WORD(log_format), "text|json", "format of the log; default: text"},
	{"log-only", 0, FLAG(log_only), NULL, "write errors only to the log, not to stderr"},
	{"log-level", 0, WORD(log_level), "error|warning|info|debug", "default: warning"},
	{"debug", 0, FLAG(debug), NULL, "log each step with its microseconds"},
	{"cgroup-manager", 0, WORD(cgroup_manager), "cgroupfs|systemd|disabled", "how the cgroup of a container is made; default: cgroupfs"},
	{"systemd-cgroup", 's', FLAG(systemd_cgroup), NULL, "the same as --cgroup-manager systemd"},
	{"rootless", 0, WORD(create.rootless), "true|false|auto", "continue if no cgroup can be made; default: auto"},
	{"criu", 0, TEXT(criu.criu), "PATH", "program for checkpoint and restore; default: criu of PATH"},
	{"version", 'v', FLAG(version), NULL, "print the version"},
	{"help", 'h', FLAG(help), NULL, "print this help; after a command, its options"},
	{NULL},
	/* clang-format on */
};

static const struct option_row help_rows[] = {
	/* clang-format off */
	{"help", 'h', FLAG(help), NULL, NULL},
	{NULL},
	/* clang-format on */
};

enum {
	N_COMMANDS = sizeof(commands) / sizeof(commands[0]),
};

static const struct option_row *const global_tables[OPTION_TABLES_MAX] = {
	global_rows, create_profile_rows};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* Topics of "nacre help" beside the commands: lists of words. */
static const char *const topics[] = {
	[NACRE_PROFILES] = "profiles",
	[NACRE_RULES] = "rules",
	[NACRE_GRANTS] = "grants",
};

enum {
	N_TOPICS = sizeof(topics) / sizeof(topics[0]),
};

/* TOPIC: NAME may also have been meant as a topic. */
static int fail_unknown(const char *name, bool topic, struct nacre_error *err)
{
	struct nearest nearest = {.given = name};
	char hint[NEAREST_HINT];

	for (size_t i = 0; i < N_COMMANDS; i++)
		nearest_offer(&nearest, commands[i].name);
	for (size_t i = 0; topic && i < N_TOPICS; i++)
		nearest_offer(&nearest, topics[i]);
	return fail(err, EINVAL, "unknown command \"%s\"%s: see nacre help", name,
		nearest_hint(&nearest, hint));
}

static void print_usage(FILE *out)
{
	fprintf(out, "usage: nacre [OPTION]... COMMAND [ARGUMENT]...\n\n"
		     "Runs OCI containers whose programs are not trusted: see --profile, "
		     "--allow.\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\noptions before the command:\n");
	options_help(global_tables, out);
	fprintf(out, "\n\"nacre help COMMAND\" lists the options of a command, \"nacre help "
		     "profiles\", \"rules\" and\n\"grants\" what --profile, --require and --allow "
		     "take.\n");
}

static void print_command_usage(const struct command *command)
{
	printf("usage: nacre %s%s%s%s\n\n%s\n", command->name,
		command->tables[0] ? " [OPTION]..." : "", command->operands[0] ? " " : "",
		command->operands, command->summary);
	if (command->tables[0])
		printf("\noptions:\n");
	options_help(command->tables, stdout);
}

static void print_word(void *data, const char *word, const char *about)
{
	(void)data;
	if (about)
		printf("  %-18s  %s\n", word, about);
	else
		printf("  %s\n", word);
}

static bool print_topic(const char *name)
{
	for (size_t i = 0; i < N_TOPICS; i++) {
		if (strcmp(topics[i], name) != 0)
			continue;
		printf("%s:\n", name);
		nacre_each_word((enum nacre_words)i, print_word, NULL);
		return true;
	}
	return false;
}

static int command_help(struct invocation *in, struct nacre_error *err)
{
	const struct command *command;

	if (in->n_operands == 0) {
		print_usage(stdout);
		return 0;
	}
	command = find_command(in->operands[0]);
	if (command)
		print_command_usage(command);
	else if (!print_topic(in->operands[0]))
		return fail_unknown(in->operands[0], true, err);
	return 0;
}

/* Takes the profile from the program's name: the links nacre-oci and nacre-agent let an engine have
 * one runtime entry per profile. */
static const char *profile_of_name(const char *name)
{
	const char *slash = name ? strrchr(name, '/') : NULL;
	const char *base = slash ? slash + 1 : name;

	return base && strncmp(base, "nacre-", 6) == 0 && base[6] ? base + 6 : NULL;
}

static int point_to_help(const char *command, struct nacre_error *err)
{
	const struct nacre_error found = *err;

	if (!command)
		return fail(err, found.code, "%s: see nacre help", found.text);
	return fail(err, found.code, "%s: %s: see nacre help %s", command, found.text, command);
}

static int check_operands(
	const struct command *command, const struct invocation *in, struct nacre_error *err)
{
	if (in->help || (in->n_operands >= command->min && in->n_operands <= command->max))
		return 0;
	return fail(err, EINVAL, "%s: too %s arguments: expected \"nacre %s%s%s\"", command->name,
		in->n_operands < command->min ? "few" : "many", command->name,
		command->operands[0] ? " " : "", command->operands);
}

static int read_operands(struct invocation *in, const char *const *words,
	const struct command **ret_command, struct nacre_error *err)
{
	const struct option_row *tables[OPTION_TABLES_MAX] = {help_rows};
	const struct command *command = find_command(words[0]);
	int r;

	if (!command)
		return fail_unknown(words[0], false, err);
	if (command->flags & OWN_STATUS)
		*ret_command = command;
	for (int t = 0; t + 1 < OPTION_TABLES_MAX; t++)
		tables[t + 1] = command->tables[t];
	r = options_parse(tables, in, words + 1, command->flags & IN_ORDER, &in->operands, err);
	if (r < 0)
		return point_to_help(words[0], err);
	while (in->operands[in->n_operands])
		in->n_operands++;
	r = check_operands(command, in, err);
	if (r < 0)
		return r;
	*ret_command = command;
	return 0;
}

/* Leaves *RET_COMMAND NULL for --help and --version without a command. */
static int read_command_line(struct invocation *in, char *const argv[],
	const struct command **ret_command, struct nacre_error *err)
{
	const char *const *words = NULL;
	int r;

	in->create.profile = profile_of_name(argv[0]);
	r = options_parse(
		global_tables, in, (const char *const *)argv + !!argv[0], true, &words, err);
	if (r < 0)
		return point_to_help(NULL, err);
	if (words[0])
		r = read_operands(in, words, ret_command, err);
	else if (!in->help && !in->version)
		r = fail(err, EINVAL, "a command is missing: see nacre help");
	free((void *)words);
	if (r >= 0 && *ret_command && (*ret_command)->flags & ACTIVATED) {
		in->create.listen_fds = inherit_listen_fds();
		in->create.preserve_fds += in->create.listen_fds;
		in->create.notify = notify_manager() != NULL;
	}
	return r;
}

/* Opens the log also after an error in the command line (R is negative): engines read the reason
 * there. */
static int open_log(struct invocation *in, int r, struct nacre_error *err)
{
	const char *level = in->debug ? "debug" : in->log_level;
	struct nacre_error later;
	int opened;

	in->log.alone = in->log_only;
	opened = log_open(&in->log, in->log_file, in->log_format, level, r < 0 ? &later : err);

	return r < 0 ? r : opened;
}

static int open_state(struct invocation *in, bool must_exist, struct nacre_error *err)
{
	const struct nacre_options options = {
		.size = sizeof(options),
		.root = in->root,
		.workspaces = in->workspaces,
		.root_must_exist = must_exist,
		.warn = log_warn,
		.debug = in->log.level == LOG_DEBUG ? log_debug : NULL,
		.data = &in->log,
		.timeout_ms = in->timeout_ms,
		.expendable = true,
		.reviews = in->reviews,
	};

	return nacre_open(&options, &in->nacre, err);
}

/* Performs the command. Nothing was opened before, so the numbers of the fds that are to be
 * preserved are still the caller's. */
static int execute(struct invocation *in, const struct command *command, char *const argv[],
	struct nacre_error *err)
{
	int r = 0;

	if (in->version)
		return command_version(in, err);
	if (in->help && command)
		print_command_usage(command);
	else if (in->help)
		print_usage(stdout);
	if (in->help)
		return 0;
	if (command->flags & SEALED)
		r = nacre_self_protect(argv, err);
	if (r >= 0)
		r = inherit_only(in->create.preserve_fds + in->exec.preserve_fds, err);
	if (r >= 0 && command->complete)
		r = command->complete(in, err);
	if (r >= 0 && !(command->flags & STATELESS))
		r = open_state(in, command->flags & NAMED_ROOT && in->root, err);
	if (r < 0)
		return r;
#ifdef NACRE_POISON_ERRORS
	fail_poison(err);
#endif
	r = command->run(in, err);
#ifdef NACRE_POISON_ERRORS
	if (r >= 0 && !fail_is_poisoned(err)) {
		(void)fail_prefix(err, "%s succeeded with an error written", command->name);
		return -EPROTO;
	}
#endif
	return r;
}

static void release(struct invocation *in)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		options_release(commands[i].tables, in);
	free((void *)in->operands);
	free((void *)in->settings_words);
	nacre_close(in->nacre);
	log_close(&in->log);
}

int main(int argc, char *argv[])
{
	struct invocation in = {.create.size = sizeof(in.create),
		.start.size = sizeof(in.start),
		.exec.size = sizeof(in.exec),
		.update.size = sizeof(in.update),
		.criu.size = sizeof(in.criu)};
	const struct command *command = NULL;
	struct nacre_error err;
	int r;

	(void)argc;
	if (bwrap_is_name(argv[0]))
		return bwrap_main(argv);
	/* Makes malloc(3) take no mmap(2) blocks, because exec keeps the heap from its child: see
	 * wipe.h. */
	(void)mallopt(M_MMAP_MAX, 0);
	r = inherit_sane_process(&err);
	if (r >= 0)
		r = read_command_line(&in, argv, &command, &err);
	if (r >= 0)
		r = inherit_check(in.create.preserve_fds + in.exec.preserve_fds, &err);
	r = open_log(&in, r, &err);
	if (r >= 0)
		r = execute(&in, command, argv, &err);
	if ((fflush(stdout) != 0 || ferror(stdout)) && r >= 0)
		r = fail_errno(&err, errno, "write to stdout");
	if (r < 0) {
		log_line(&in.log, LOG_ERROR, err.text);
		r = command ? command->failure : 1;
	}
	release(&in);
	return r;
}
