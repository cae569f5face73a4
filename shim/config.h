/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_CONFIG_H
#define NACRE_SHIM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "specs/nacre_error.h"

/* What the shim itself reads in the config.json of the working directory, the bundle. -errno and
 * ERR: it cannot be read. */

/* What containers have one shim in common with ID: the sandbox that it names, or ID alone. */
int config_group(const char *id, char *ret_group, size_t size, struct nacre_error *err);

/* Whether the cgroup is named as by an engine whose cgroup driver is systemd. */
int config_names_slice(bool *ret_slice, struct nacre_error *err);

#endif
