/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_COMMANDS_H
#define NACRE_COMMANDS_H

#include "runtime/log.h"
#include "runtime/options.h"

/* The command line, parsed. The option tables name its members. */
struct invocation {
	/* options of all commands */
	const char *root;
	const char *workspaces;
	const char *log_file;
	const char *log_format;
	bool log_only;
	const char *log_level;
	const char *cgroup_manager;
	bool debug;
	bool systemd_cgroup;
	bool help;
	bool version;

	/* options of single commands */
	struct nacre_create_options create;
	struct nacre_start_options start;
	struct nacre_exec_options exec;
	struct nacre_criu_options criu;
	uint64_t timeout_ms; /* 0: none */
	struct nacre_update_options update;
	const char *resources_file; /* a path, or "-" for stdin */
	struct option_setting *limits;
	uint64_t interval_ms; /* 0: the default */
	bool stats;
	const char *format;
	bool all;
	bool force;
	bool keep;
	const char *keep_report; /* a file; NULL: none */
	const char *receipt_key; /* of `receipt` */
	const char *receipt_changes;
	bool quiet;
	bool regex;
	const char *const *force_paths;
	const char *const *expect;
	bool dry_run;
	bool stat;
	bool patch;
	const char *max_bytes; /* a quantity; NULL: the default */
	unsigned max_changes; /* 0: the default */
	bool rootless_config;
	const char *id; /* of run, restore, exec and sandbox: the container */
	struct nacre_sandbox_options sandbox;
	struct {
		const char *memory, *cpus, *tmp;
		unsigned pids;
	} limits_of_sandbox; /* as given on the command line */
	const char *settings; /* of sandbox: a file; NULL: none */
	const char *const *settings_words; /* as read from the file; main frees them */
	bool print_settings;
	bool reviews; /* of sandbox: shows at its end what was changed */
	const char
		*apply; /* of sandbox: "ask", "never", "all" or "discard"; NULL: sandbox_review.c */

	bool own_stdin; /* of sandbox: the program gets no pipe of the caller; see stdin_pipe.h */
	bool signals_end; /* of bwrap: see foreground.h */
	int ended_by; /* then: the signal that has ended it; 0: none */

	/* options of runc and crun that nacre accepts and ignores */
	const char *unused_text;
	bool unused_flag;

	const char *const *operands; /* NULL-terminated */
	size_t n_operands;
	struct log log;
	struct nacre *nacre; /* NULL for a command that needs no state */
};

/* Checks the member's type: a row that writes a bool over a pointer does not compile. */
#define MEMBER(type, member)                                                                \
	(offsetof(struct invocation, member) +                                              \
		0 * sizeof(char[__builtin_types_compatible_p(                               \
					type, __typeof__(((struct invocation *)0)->member)) \
					? 1                                                 \
					: -1]))
#define FLAG(member) OPTION_FLAG, MEMBER(bool, member)
#define TEXT(member) OPTION_TEXT, MEMBER(const char *, member)
#define WORD(member) OPTION_WORD, MEMBER(const char *, member)
#define COUNT(member) OPTION_COUNT, MEMBER(unsigned, member)
#define POSITIVE(member) OPTION_POSITIVE, MEMBER(unsigned, member)
#define DURATION(member) OPTION_DURATION, MEMBER(uint64_t, member)
#define LIST(member) OPTION_LIST, MEMBER(const char *const *, member)
#define SETTING(kind, member) OPTION_##kind, MEMBER(struct option_setting *, member)

/* Each returns the exit status, or -errno with *ERR set. */
int command_check(struct invocation *in, struct nacre_error *err);
int command_checkpoint(struct invocation *in, struct nacre_error *err);
int command_create(struct invocation *in, struct nacre_error *err);
int command_delete(struct invocation *in, struct nacre_error *err);
int command_events(struct invocation *in, struct nacre_error *err);
int command_exec(struct invocation *in, struct nacre_error *err);
int command_explain(struct invocation *in, struct nacre_error *err);
int command_features(struct invocation *in, struct nacre_error *err);
int command_harden(struct invocation *in, struct nacre_error *err);
int command_kill(struct invocation *in, struct nacre_error *err);
int command_list(struct invocation *in, struct nacre_error *err);
int command_pause(struct invocation *in, struct nacre_error *err);
int command_ps(struct invocation *in, struct nacre_error *err);
int command_receipt(struct invocation *in, struct nacre_error *err);
int command_restore(struct invocation *in, struct nacre_error *err);
int command_resume(struct invocation *in, struct nacre_error *err);
int command_run(struct invocation *in, struct nacre_error *err);
int command_sandbox(struct invocation *in, struct nacre_error *err);
int command_spec(struct invocation *in, struct nacre_error *err);
int command_start(struct invocation *in, struct nacre_error *err);
int command_state(struct invocation *in, struct nacre_error *err);
int command_update(struct invocation *in, struct nacre_error *err);
int command_version(struct invocation *in, struct nacre_error *err);
int command_workspace(struct invocation *in, struct nacre_error *err);

extern const char command_commit[]; /* of the source, from commit.sh; "": unknown */
extern const struct option_row create_profile_rows[]; /* --profile, --allow */
extern const struct option_row create_rows[]; /* also of run */
extern const struct option_row create_single_rows[];
extern const struct option_row start_rows[];
extern const struct option_row run_rows[];
extern const struct option_row check_rows[];
extern const struct option_row checkpoint_criu_rows[]; /* of checkpoint and restore */
extern const struct option_row checkpoint_rows[];
extern const struct option_row restore_rows[];
extern const struct option_row explain_rows[];
extern const struct option_row events_rows[];
extern const struct option_row exec_rows[];
extern const struct option_row delete_rows[];
extern const struct option_row harden_rows[];
extern const struct option_row kill_rows[];
extern const struct option_row list_rows[];
extern const struct option_row ps_rows[];
extern const struct option_row sandbox_rows[]; /* also allowed in --settings */
extern const struct option_row sandbox_single_rows[];
extern const struct option_row receipt_rows[];
extern const struct option_row spec_rows[];
extern const struct option_row update_rows[];
extern const struct option_row workspace_rows[];

/* create.c: sets in->create by --cgroup-manager and --systemd-cgroup. */
int create_choose_cgroup_driver(struct invocation *in, struct nacre_error *err);

/* run.c: logs as an error what FG found out about the end of the process. The exit status is still
 * the program's. */
struct foreground;
void run_explain_end(const struct invocation *in, const struct foreground *fg);
/* run.c: whether refusals are printed: for a person at a terminal, or if the caller asked to trace
 * denials. */
bool run_shows_refusals(const struct invocation *in);

/* run.c: BEGIN makes a running container. With --detach that is all; else its first process is
 * served until its end, and then the container is deleted, unless it is to be kept. Returns the
 * exit status. */
typedef int begin_fn(
	struct invocation *in, struct nacre_process **ret_process, struct nacre_error *err);
int run_begin_container(struct invocation *in, begin_fn *begin, struct nacre_error *err);

/* run.c: the begin_fn of a new container; calls nacre_run. */
int run_new(struct invocation *in, struct nacre_process **ret_process, struct nacre_error *err);

/* run.c: sets in->id to a name like "WORD-5d0c82f1", unique and short enough to type. */
int run_make_up_id(struct invocation *in, const char *word, struct nacre_error *err);

/* run.c: adds the end of PROCESS to the audit log, if there is one. */
void run_record_exit(const struct invocation *in, const struct nacre_process *process, int status);

/* sandbox_settings.c: the first reads the settings before anything is opened; options of the
 * command line take precedence. The second prints them. */
int sandbox_take_settings(struct invocation *in, struct nacre_error *err);
int sandbox_print_settings(struct invocation *in, struct nacre_error *err);

/* sandbox.c: the defaults. */
#define SANDBOX_TMP "1G"
extern const char *const sandbox_no_egress[];

/* sandbox.c: reads the texts of the limits into in->sandbox. */
int sandbox_read_limits(struct invocation *in, struct nacre_error *err);

/* sandbox.c: completes the options before anything is opened. */
int sandbox_prepare(struct invocation *in, struct nacre_error *err);

/* sandbox_review.c: the first returns whether there is a review. The second shows the changes in
 * the workspaces of in->id, applies them if the person agrees, and reports what is kept. If the run
 * failed (R is negative) it only reports what is kept. Errors are logged: the exit status is the
 * program's. */
bool sandbox_reviews(const struct invocation *in);
void sandbox_review(struct invocation *in, int r);

/* sandbox_terminal.c: keeps the flags of stdin, stdout and stderr, and the modes of terminals
 * there, before the program runs; restores them, since a program that has them may have changed
 * them; and, if stderr is a terminal, resets it so that text shows there, on a new line. */
void sandbox_terminal_keep(void);
void sandbox_terminal_restore(void);
void sandbox_terminal_reset(void);

/* Asks on stderr and reads a line, without its newline, from stdin; from a terminal only a line
 * that was typed after the question. -ENODATA: end of file. The caller frees RET_ANSWER. */
int sandbox_terminal_ask(const char *question, char **ret_answer);

/* matching.c: calls CALL for the container that the first operand names, or with --regex for each
 * container whose ID it matches. After a failure it goes on with the next; the last error is the
 * result, the earlier ones are logged. */
int matching_each(struct invocation *in,
	int (*call)(struct invocation *in, const char *id, struct nacre_error *err),
	struct nacre_error *err);

/* state.c: prints TEXT to stdout, with a newline at its end. main() reports errors of stdout. */
void state_print_text(const char *text);

#endif
