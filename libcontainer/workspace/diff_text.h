/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_DIFF_TEXT_H
#define NACRE_WORKSPACE_DIFF_TEXT_H

#include <stddef.h>

#include "specs/error.h"
#include "specs/line_diff.h"

/*
 * Makes the unified diff of two open files (-1: an empty one), which a container may have written.
 * A child in seccomp's strict mode makes it: it can read its open files, write to its pipe, and
 * nothing else, for ten seconds of processor time (then: LINE_DIFF_LARGE). The hunks are as the
 * child wrote them: the caller has to escape them. Heap; NUL-terminated.
 */
int diff_text_run(int old_fd, int new_fd, char **ret_hunks, size_t *ret_length,
	enum line_diff_result *ret_result, struct nacre_error *err);

#endif
