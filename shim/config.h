/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_CONFIG_H
#define NACRE_SHIM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "specs/nacre_error.h"

/* Each function reads config.json in the working directory, the bundle. -errno and ERR: it cannot
 * be read. */

/* Names the group of containers that share one shim with ID: the sandbox that its config names, or
 * ID itself. */
int config_group(const char *id, char *ret_group, size_t size, struct nacre_error *err);

/* Returns whether the cgroup is named as by an engine that uses the systemd cgroup driver. */
int config_names_slice(bool *ret_slice, struct nacre_error *err);

#endif
