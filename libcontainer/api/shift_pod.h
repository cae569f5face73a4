/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIFT_POD_H
#define NACRE_SHIFT_POD_H

#include "libcontainer/life/life.h"

/*
 * Containers of a pod, for the rule user-namespace: a container that joins namespaces of another
 * one with shifted ids joins its user namespace, which owns them. That the namespaces belong to it
 * is what the kernel says, and that it is a container's own what its claim, its record and its
 * first process say. Neither a path nor an annotation counts.
 */

/* Finds that other container. If there is one, sets pod of REQUEST's host, and locks its claim:
 * SHIFT has it, the first id and the user namespace. If another user namespace owns them, no_pod
 * says why it is not joined. */
int shift_find_pod(struct arena *arena, const struct oci_config *config,
	struct harden_request *request, struct life_shift *shift, struct nacre_error *err);

#endif
