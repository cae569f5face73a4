/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_SANDBOX_PATHS_H
#define NACRE_API_SANDBOX_PATHS_H

#include <stdbool.h>

#include "specs/sandbox.h"

/* PATH of the caller, which must be there. HERE: the working directory; NULL: it is that. What is
 * opened is judged, and has to be there still when it is mounted. */
int sandbox_resolve(struct arena *arena, const char *here, const char *option, const char *path,
	struct oci_judged *ret_object, bool *ret_directory, struct nacre_error *err);

#endif
