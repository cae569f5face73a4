/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_DIFF_TEXT_H
#define NACRE_WORKSPACE_DIFF_TEXT_H

#include <stddef.h>

#include "specs/error.h"
#include "specs/line_diff.h"

/*
 * The unified diff of two open files (-1: an empty one), which a container may have written: made
 * by a child in seccomp's strict mode, which can read what it has open, write to its pipe, and
 * nothing else; for ten seconds of processor time (LINE_DIFF_LARGE). The hunks come as it wrote
 * them: what shows them escapes them. Heap; NUL-terminated.
 */
int diff_text_run(int old_fd, int new_fd, char **ret_hunks, size_t *ret_length,
	enum line_diff_result *ret_result, struct nacre_error *err);

#endif
