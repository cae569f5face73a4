/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPECS_CONFIG_PARTS_H
#define NACRE_SPECS_CONFIG_PARTS_H

#include "specs/spec.h"

/* Pieces of the configs that nacre makes itself. What they point to is memory of ARENA. */

/* Maps INSIDE to HOST alone, as the only mapping of both kinds. -ENOMEM. */
int config_map_ids(struct arena *arena, struct oci_linux *linux_, const struct oci_user *inside,
	const struct oci_user *host);

/* One more of CONFIG's mounts, for which there is room, with the N words of OPTIONS. -ENOMEM. */
int config_add_mount(struct arena *arena, struct oci_config *config, const char *type,
	const char *source, const char *destination, const char *const *options, size_t n);

/* The place in LIST, an environment, of the variable NAME ("NAME" or "NAME=VALUE"); LIST->n: it has
 * none. */
size_t config_find_variable(const struct oci_strings *list, const char *name);

#endif
