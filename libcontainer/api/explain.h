/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_EXPLAIN_H
#define NACRE_API_EXPLAIN_H

#include <stdio.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/net/egress_bpf.h"
#include "libcontainer/record/denials.h"
#include "libcontainer/seccomp/seccomp_log.h"
#include "specs/relay_denials.h"

/* Shared by explain.c and explain_*.c, which find out what was denied, and explain_text.c, which
 * puts it into words. */

/* A denial that something counts. */
struct explained {
	uint64_t count;
	const char *counter; /* file and line of the cgroup; NULL: a system call */
	const char *key;
	const char *call;
	int error; /* errno of the call */
	const char *rule;
	const char *what; /* description */
	const char *grant; /* grant that would allow it; "": none. May be "device:PATH" */
	struct oci_strings grants; /* every grant that is needed, ready to be pasted */
	const char *destination; /* destination of a connection in the form of a rule; NULL: not
				  * known */
	const char *egress; /* rule of egress.h that would allow it; NULL: none */
	const char *remedy; /* remedy if no grant helps; "": none is known */
	bool failed; /* refused, and not only delayed or answered with ENOSYS, which programs can do
		      * without (filter_rules.c) */
};

/* A path below which no program can be executed. */
struct explained_noexec {
	const char *path;
	const char *grant;
};

#define EXPLAINED_COUNTERS 6
#define EXPLAINED_MAX (EXPLAINED_COUNTERS + EGRESS_DENIALS_MAX + RELAY_DENIALS_MAX + DENIALS_MAX)

/* The limits of a workspace. */
struct explained_workspace {
	const char *word; /* one of workspace_words */
	bool copy; /* form cow */
	bool memory;
	uint64_t bytes; /* limit of what can be written to it; 0: none */
	uint64_t inodes;
};

struct explanation {
	struct container *c;
	struct explained denied[EXPLAINED_MAX];
	size_t n_denied;
	struct oci_strings allow; /* all grants of failed calls, each once */
	struct oci_strings egress; /* all rules that would allow a refused connection, each once */
	int names_by_host; /* names are reached through the host's network; -1: not known */
	struct oci_strings ports_taken; /* "0.0.0.0:443": ports that no server inside can use */
	struct oci_strings by_config; /* calls that the filter of config.json refuses */
	struct explained_noexec *noexec;
	size_t n_noexec;
	bool root_read_only; /* by rule read-only-root, or by the config too */
	struct explained_workspace *workspaces;
	size_t n_workspaces;
	struct oci_strings inside_lacks; /* what profile nested lacks, in words: harden_nested_lacks
					  */
	struct oci_strings not_enforced;
	struct oci_strings left_out; /* rules that the container was created without, and why */
	struct seccomp_logged logged[SECCOMP_LOGGED_MAX]; /* records of the kernel's log */
	int n_logged; /* negative: the log cannot be read, and LOG_ERROR has the reason */
	struct nacre_error log_error;
	struct oci_strings not_counted; /* blind spots, in words */
};

/* Add a copy of WORD, or of each of WORDS, to LIST unless it is there. */
int explain_add_word(
	struct explanation *e, struct oci_strings *list, const char *word, struct nacre_error *err);
int explain_add_words(struct explanation *e, struct oci_strings *list,
	const struct oci_strings *words, struct nacre_error *err);

/* --- explain_counters.c --- */

int explain_counters(struct explanation *e, struct nacre_error *err);
int explain_devices(struct explanation *e, struct nacre_error *err);
/* Finds limits whose files this host does not have. */
int explain_not_enforced(struct explanation *e, struct nacre_error *err);
/* Finds what create left out, from its report. */
int explain_left_out(struct explanation *e, struct nacre_error *err);

/* --- explain_egress.c --- */

int explain_egress(struct explanation *e, struct nacre_error *err);

/* --- explain_relay.c --- */

/* Finds what the egress relay refused. */
int explain_relay(struct explanation *e, struct nacre_error *err);

/* --- explain_workspace.c --- */

int explain_workspaces(struct explanation *e, struct nacre_error *err);
void explain_print_workspaces(FILE *out, const struct explanation *e);
struct json_writer;
void explain_write_workspaces(struct json_writer *w, const struct explanation *e);

/* --- explain_mounts.c --- */

/* Finds what mounts refuse, which nothing counts. */
int explain_mounts(struct explanation *e, struct nacre_error *err);
void explain_print_mounts(FILE *out, const struct explanation *e);
/* Prints it as possible causes of a program's failure. */
void explain_print_causes(FILE *out, const struct explanation *e);
void explain_write_mounts(struct json_writer *w, const struct explanation *e);

/* --- explain_audit.c --- */

/* Records each destination that was denied to C, which is about to be deleted. A failure is only a
 * warning. */
void explain_audit(struct container *c);

/* --- explain_text.c --- */

/* Prints an option to be pasted: quotes what a shell would split or expand. */
void explain_print_allow(FILE *out, const char *kind, const char *item);
/* *RET_TEXT: heap. */
int explain_render(const struct explanation *e, enum nacre_explain_format format, char **ret_text,
	struct nacre_error *err);

#endif
