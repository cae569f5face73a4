/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_BWRAP_HIDDEN_H
#define NACRE_API_BWRAP_HIDDEN_H

#include "specs/arena.h"
#include "specs/nacre_error.h"
#include "specs/spec.h"

/* What each root begins with that is not in the usual place. */
#define BWRAP_PLACE "/dev/shm/nacre-bwrap-"

/* Lists what no sandbox of nacre-bwrap shows: the ROOTS, which end with NULL, the root OF_OTHERS
 * (NULL: none), those of other calls, and the key of receipts. */
int bwrap_find_hidden(struct arena *arena, const char *const *roots, const char *of_others,
	struct oci_strings *ret_hidden, struct nacre_error *err);

#endif
