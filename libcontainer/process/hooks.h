/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_HOOKS_H
#define NACRE_HOOKS_H

#include "specs/spec.h"

/* The output of hooks; fd -1: dropped, but the last line is in the error of a hook that fails. */
struct hook_output {
	int stdout_fd, stderr_fd;
	int64_t deadline; /* of the command, child_now(): hooks are killed then; 0: none */
	bool tied; /* hooks, and what they started, are killed when this process ends */
};

/* Runs the hooks of one list in order: config.md, POSIX-platform Hooks. Each gets STATE_JSON on
 * stdin and its own environment (ENV if it has none; NULL: the caller's). After TIMEOUT seconds its
 * process group is killed. The first failure ends the list: "error running KIND hook #0: ...", with
 * the last line of its stdout (unless OUTPUT takes it) and of its stderr. */
int hooks_run(const char *kind, const struct oci_hook_list *hooks, const char *state_json,
	const struct oci_strings *env, const struct hook_output *output, struct nacre_error *err);

/* Opens the files for appending. For a path that is NULL the fd is -1. */
int hooks_open_output(const char *stdout_path, const char *stderr_path,
	struct hook_output *ret_output, struct nacre_error *err);

#endif
