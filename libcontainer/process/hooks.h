/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_HOOKS_H
#define NACRE_HOOKS_H

#include "specs/spec.h"

/* Where hooks write, by fd; -1: nowhere, but the last line is in the error of one that fails. */
struct hook_output {
	int stdout_fd, stderr_fd;
	int64_t deadline; /* of the command, child_now(): hooks are killed then; 0: none */
	bool tied; /* hooks, and what they started, are killed when this process ends */
};

/* config.md, POSIX-platform Hooks. Runs the hooks of one list in order, STATE_JSON on stdin, with
 * the hook's own environment (ENV if it has none; NULL: the caller's), at most TIMEOUT seconds
 * each, then SIGKILL for its process group. The first failure ends it: "error running KIND hook #0:
 * ...", with the last line of its stdout (if it is not OUTPUT's) and of its stderr. */
int hooks_run(const char *kind, const struct oci_hook_list *hooks, const char *state_json,
	const struct oci_strings *env, const struct hook_output *output, struct nacre_error *err);

/* Opens the files, to append to; NULL: -1. */
int hooks_open_output(const char *stdout_path, const char *stderr_path,
	struct hook_output *ret_output, struct nacre_error *err);

#endif
