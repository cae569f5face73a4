/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_WALK_CONTENT_H
#define NACRE_WORKSPACE_WALK_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/error.h"

/* Computes the digest of the SIZE bytes of FD. RET_SAME: OTHER_FD has the same bytes, and as many;
 * false for -1. -ESTALE: FD has more or fewer than SIZE. */
int walk_content_digest(int fd, uint64_t size, int other_fd, char ret_hex[65], bool *ret_same,
	struct nacre_error *err);

#endif
