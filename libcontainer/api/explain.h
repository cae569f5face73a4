/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_EXPLAIN_H
#define NACRE_API_EXPLAIN_H

#include <stdio.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/net/egress_bpf.h"
#include "libcontainer/record/denials.h"
#include "libcontainer/seccomp/seccomp_log.h"
#include "specs/relay_denials.h"

/* What explain.c and explain_*.c find out and explain_text.c puts into
 * words, for these alone. */

/* What was denied, by somebody who counts it. */
struct explained {
	uint64_t count;
	const char *counter; /* file and line of the cgroup; NULL: a system call */
	const char *key;
	const char *call;
	int error; /* of the call */
	const char *rule;
	const char *what; /* in words */
	const char *grant; /* what would allow it; "": nothing. May be "device:PATH" */
	struct oci_strings grants; /* the same to be pasted: every grant that it takes */
	const char *destination; /* of a connection, as a rule has it; NULL: not known */
	const char *egress; /* the rule of egress.h that would allow it; NULL: none */
	const char *remedy; /* where no grant helps; "": none is known */
	bool failed; /* something was refused, and not only held up or answered with ENOSYS,
			which programs do without (filter_rules.c) */
};

/* Where no program can be run. */
struct explained_noexec {
	const char *path;
	const char *grant;
};

#define EXPLAINED_COUNTERS 6
#define EXPLAINED_MAX (EXPLAINED_COUNTERS + EGRESS_DENIALS_MAX + RELAY_DENIALS_MAX + DENIALS_MAX)

/* What holds a workspace. */
struct explained_workspace {
	const char *word; /* workspace_words */
	bool copy; /* form cow */
	bool memory;
	uint64_t bytes; /* of what is written to it; 0: unbounded */
	uint64_t inodes;
};

struct explanation {
	struct container *c;
	struct explained denied[EXPLAINED_MAX];
	size_t n_denied;
	struct oci_strings allow; /* every grant of what failed, once */
	struct oci_strings egress; /* every rule that would allow a connection, once */
	int names_by_host; /* are names reached by way of the host's network; -1: not known */
	struct oci_strings ports_taken; /* "0.0.0.0:443": where no server inside can listen */
	struct oci_strings by_config; /* calls that config.json's own filter refuses */
	struct explained_noexec *noexec;
	size_t n_noexec;
	struct explained_workspace *workspaces;
	size_t n_workspaces;
	struct oci_strings inside_lacks; /* under nested, in words: harden_nested_lacks */
	struct oci_strings not_enforced;
	struct oci_strings left_out; /* rules that the container does without, and why */
	struct seccomp_logged logged[SECCOMP_LOGGED_MAX]; /* in the kernel's log */
	int n_logged; /* negative: it cannot be read, and LOG_ERROR says why */
	struct nacre_error log_error;
	struct oci_strings not_counted; /* in words */
};

/* Adds to LIST, once, a copy of WORD, or of each of WORDS. */
int explain_add_word(
	struct explanation *e, struct oci_strings *list, const char *word, struct nacre_error *err);
int explain_add_words(struct explanation *e, struct oci_strings *list,
	const struct oci_strings *words, struct nacre_error *err);

/* --- explain_counters.c --- */

int explain_counters(struct explanation *e, struct nacre_error *err);
int explain_devices(struct explanation *e, struct nacre_error *err);
/* Files of limits that this host does not have. */
int explain_not_enforced(struct explanation *e, struct nacre_error *err);
/* What create left out, as the report of then says. */
int explain_left_out(struct explanation *e, struct nacre_error *err);

/* --- explain_egress.c --- */

int explain_egress(struct explanation *e, struct nacre_error *err);

/* --- explain_relay.c --- */

/* What the relay of names refused. */
int explain_relay(struct explanation *e, struct nacre_error *err);

/* --- explain_workspace.c --- */

int explain_workspaces(struct explanation *e, struct nacre_error *err);
void explain_print_workspaces(FILE *out, const struct explanation *e);
struct json_writer;
void explain_write_workspaces(struct json_writer *w, const struct explanation *e);

/* --- explain_noexec.c --- */

int explain_noexec(struct explanation *e, struct nacre_error *err);

/* --- explain_audit.c --- */

/* Records each destination that C, which is about to go, was denied. Not more than a warning comes
 * of what fails. */
void explain_audit(struct container *c);

/* --- explain_text.c --- */

/* *RET_TEXT: heap. */
int explain_render(const struct explanation *e, enum nacre_explain_format format, char **ret_text,
	struct nacre_error *err);

#endif
