/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_HOOKS_H
#define NACRE_HOOKS_H

#include "specs/spec.h"

/* config.md, POSIX-platform Hooks. Runs the hooks of one list in order, STATE_JSON on stdin, with
 * the hook's own environment (ENV if it has none; NULL: empty), at most TIMEOUT seconds each, then
 * SIGKILL for its process group. The first failure ends it: "error running KIND hook #0: ...", with
 * the last line of its stderr. Stdout and stderr are the caller's. */
int hooks_run(const char *kind, const struct oci_hook_list *hooks, const char *state_json,
	const struct oci_strings *env, struct nacre_error *err);

#endif
