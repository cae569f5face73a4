/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPECS_BWRAP_H
#define NACRE_SPECS_BWRAP_H

#include "specs/spec.h"

/*
 * The command line of bubblewrap, as srt and Codex write it: nacre-bwrap(1). Pure: bwrap_parse
 * takes the words, the caller opens the files that the operations name and fills in the members for
 * them, and bwrap_config makes the config.
 */

enum bwrap_kind {
	BWRAP_BIND,
	BWRAP_RO_BIND,
	BWRAP_DEV_BIND, /* devices in it can be opened */
	BWRAP_FILE, /* of data, read-only */
	BWRAP_DIRECTORY,
	BWRAP_TMPFS,
	BWRAP_PROC,
	BWRAP_DEV,
	BWRAP_REMOUNT_RO,
};

/* One step by which the sandbox's file system is made, in the order in which they were given. */
struct bwrap_operation {
	enum bwrap_kind kind;
	const char *option; /* as it was written */
	const char *source; /* of a bind, on the host; NULL: what FD is open on */
	const char *destination;
	int fd; /* of data, or in place of a source; -1: none */
	const struct oci_judged *opened; /* what FD is open on, in place of a source: filled in */
	int perms; /* -1: not given */
	const char *data; /* of BWRAP_FILE, base64: filled in */
};

struct bwrap_variable {
	const char *name;
	const char *value; /* NULL: it is taken away */
};

struct bwrap_capability {
	const char *name; /* "CAP_KILL", "ALL" */
	bool added;
};

struct bwrap_request {
	bool help, version; /* wanted, and nothing else */
	bool unshare_user, unshare_pid, unshare_net, unshare_ipc;
	bool as_pid_1;
	bool die_with_parent;
	const char *argv0; /* NULL: the program's name */
	const char *directory; /* where the program begins; NULL: where the caller is */
	struct bwrap_operation *operations;
	size_t n_operations, room_for_operations;
	struct bwrap_variable *variables;
	size_t n_variables, room_for_variables;
	struct bwrap_capability *capabilities;
	size_t n_capabilities, room_for_capabilities;
	struct oci_strings args; /* the program and its arguments */
};

/* Reads what FD is open on, to its end, for --args. *RET_TEXT: memory of ARENA. */
typedef int bwrap_read(struct arena *arena, int fd, const char *option, const char **ret_text,
	size_t *ret_length, struct nacre_error *err);

/* WORDS: the command line behind its first word. -EINVAL names the option: one that is not served,
 * lacks a value or has a wrong one. */
int bwrap_parse(struct arena *arena, const struct oci_strings *words, bwrap_read *read,
	struct bwrap_request *ret_request, struct nacre_error *err);

/* The options that are served, a line each, for --help. NULL: there are no more than I. */
const char *bwrap_help_line(size_t i);

/* Who calls, and from where. */
struct bwrap_host {
	uint32_t uid, gid; /* real */
	const char *home; /* NULL: none */
	const char *directory; /* the working directory; NULL: it has no name */
	const char *terminal; /* that stdout is, a path of the host; NULL: none */
	struct oci_strings hidden; /* paths that no sandbox sees: states of containers, a key */
	struct oci_strings environment; /* "NAME=VALUE" */
	struct oci_strings capabilities; /* that the caller has */
	struct oci_strings known; /* that the kernel has */
};

/* -EINVAL names the option. */
int bwrap_config(struct arena *arena, const struct bwrap_request *request,
	const struct bwrap_host *host, struct oci_config **ret_config, struct nacre_error *err);

#endif
