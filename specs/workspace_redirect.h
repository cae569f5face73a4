/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_REDIRECT_H
#define NACRE_WORKSPACE_REDIRECT_H

#include <stddef.h>

#include "specs/path_text.h"

/*
 * The attribute by which overlay remembers where a renamed directory was: "/" and a path from the
 * top of the layer, or the name that it had in its parent. Pure; fuzzed.
 *
 * PARENT: the place in the source of the directory that it is in, "" for the top; NULL: none.
 * Writes the place in the source, without a leading slash. -EINVAL: no clean path below the top, or
 * a name without a parent. The kernel writes clean ones alone.
 */
int workspace_redirect_decode(
	const char *value, size_t length, const char *parent, char ret[static PATH_TEXT_MAX]);

#endif
