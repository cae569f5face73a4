/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CONTROL_H
#define NACRE_CONTROL_H

#include "libcontainer/record/status.h"

/* The state document of a container, with runc's members; memory of RECORD and ARENA. */
struct oci_state container_state(
	const struct container_record *record, enum container_status status, struct arena *arena);

#endif
