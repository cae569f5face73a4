/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_POLICY_WORKSPACE_H
#define NACRE_POLICY_WORKSPACE_H

#include "specs/policy.h"

/* What policy.c leaves to policy_workspace.c. */

extern const struct struct_type policy_workspace_type;

/* WORKSPACE: NULL: none. */
int policy_workspace_check(const struct policy_workspace *workspace, struct nacre_error *err);

/* Sets what RET_REQUEST, whose profile is settled, has of workspaces. ANNOTATION: the value of
 * ANNOTATION_WORKSPACE, or NULL. -EPERM, -EINVAL. */
int policy_workspace_decide(struct arena *arena, const struct policy *policy,
	const struct policy_request *asked, const char *annotation,
	struct harden_request *ret_request, struct nacre_error *err);

#endif
