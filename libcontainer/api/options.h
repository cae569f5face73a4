/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_OPTIONS_H
#define NACRE_API_OPTIONS_H

#include "libcontainer/container.h"
#include "specs/spec.h"

/*
 * The options structs of container.h, from a caller that was compiled with an older or newer
 * header, with the rules of the kernel's copy_struct_from_user(): members that a shorter struct
 * lacks are zero, and bytes that a longer one has in addition must be zero (-E2BIG), since this
 * library does not know their meaning. A struct that is shorter than in version 1 is -EINVAL, like
 * members that exclude each other and invalid words.
 *
 * A new member is added at the end, after the padding that the struct had there: callers do not
 * clear padding.
 */
int options_take(const struct nacre_options *given, struct nacre_options *ret_options,
	struct nacre_error *err);
int options_take_create(const struct nacre_create_options *given,
	struct nacre_create_options *ret_options, struct nacre_error *err);
int options_take_start(const struct nacre_start_options *given,
	struct nacre_start_options *ret_options, struct nacre_error *err);
int options_take_exec(const struct nacre_exec_options *given,
	struct nacre_exec_options *ret_options, struct nacre_error *err);
int options_take_criu(const struct nacre_criu_options *given,
	struct nacre_criu_options *ret_options, struct nacre_error *err);
int options_take_update(const struct nacre_update_options *given,
	struct nacre_update_options *ret_options, struct nacre_error *err);
int options_take_sandbox(const struct nacre_sandbox_options *given,
	struct nacre_sandbox_options *ret_options, struct nacre_error *err);
int options_take_workspace_diff(const struct nacre_workspace_diff_options *given,
	struct nacre_workspace_diff_options *ret_options, struct nacre_error *err);
int options_take_workspace_apply(const struct nacre_workspace_apply_options *given,
	struct nacre_workspace_apply_options *ret_options, struct nacre_error *err);
int options_take_workspace_undo(const struct nacre_workspace_undo_options *given,
	struct nacre_workspace_undo_options *ret_options, struct nacre_error *err);

/* Returns the number of elements of a list that ends with NULL; NULL: 0. */
size_t options_count(const char *const *list);

/* Copies such a list with its texts to ARENA: the results outlive the caller's list. */
int options_copy_list(struct arena *arena, const char *const *list, struct oci_strings *ret_list,
	struct nacre_error *err);

#endif
