/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_SANDBOX_PATHS_H
#define NACRE_API_SANDBOX_PATHS_H

#include <stdbool.h>

#include "specs/sandbox.h"

/* Resolves PATH of the caller, which must exist. HERE: the working directory; NULL: PATH is the
 * working directory. The opened object is judged, and must still be there when it is mounted. */
int sandbox_resolve(struct arena *arena, const char *here, const char *option, const char *path,
	struct oci_judged *ret_object, bool *ret_directory, struct nacre_error *err);

#endif
