/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_WALK_CONTENT_H
#define NACRE_WORKSPACE_WALK_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/error.h"

/* Reads the SIZE bytes of FD. RET_SAME: those of OTHER_FD are the same, and as many; -1: false.
 * -ESTALE: they are more or fewer than SIZE. */
int walk_content_digest(int fd, uint64_t size, int other_fd, char ret_hex[65], bool *ret_same,
	struct nacre_error *err);

#endif
