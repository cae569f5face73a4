/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_INSPECT_H
#define NACRE_INSPECT_H

#include "libcontainer/container.h"
#include "specs/arena.h"
#include "specs/state.h"

/* Converts STATE to the struct of container.h. It borrows the strings of STATE; ARENA holds the
 * rest. Returns 0 or -ENOMEM. */
int inspect_state(
	const struct oci_state *state, struct arena *arena, struct nacre_container *ret_container);

#endif
