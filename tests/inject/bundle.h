/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_BUNDLE_H
#define NACRE_TESTS_INJECT_BUNDLE_H

#include <stdbool.h>

/* Writes config.json of WORLD_BUNDLE, with a container that makes use of most rows of the life
 * table. Its program is look, or look with an argument. */
void bundle_write(const char *argument, bool user_namespace);

#endif
