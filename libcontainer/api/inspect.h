/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_INSPECT_H
#define NACRE_INSPECT_H

#include "libcontainer/container.h"
#include "specs/arena.h"
#include "specs/state.h"

/* STATE as container.h gives it. The strings stay STATE's; what else is needed is of ARENA. Returns
 * 0 or -ENOMEM. */
int inspect_state(
	const struct oci_state *state, struct arena *arena, struct nacre_container *ret_container);

#endif
