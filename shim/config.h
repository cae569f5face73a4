/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_CONFIG_H
#define NACRE_SHIM_CONFIG_H

#include <stddef.h>

/* What containers have one shim in common with ID, whose bundle is the working directory: the
 * sandbox that config.json names, or ID alone. Returns 0, or -1 with an error on stderr. */
int config_group(const char *id, char *ret_group, size_t size);

#endif
