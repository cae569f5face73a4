/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_LAYERS_H
#define NACRE_MOUNT_LAYERS_H

#include <stdbool.h>

#include "specs/spec.h"

/* The directories that an overlay lies on, in its options. */

struct oci_layer {
	const char *place; /* in the config: "mounts[3].options[1]" */
	const char *path; /* without the escapes */
	bool written; /* upperdir, workdir */
};

/* How far WORD is the key of a layer, with the "="; 0: it is none. */
size_t mount_layers_key(const char *word, bool *ret_list, bool *ret_written);

/* Whether WORD gives all files one label of SELinux, in place of those that the layers have. */
bool mount_layers_has_label(const char *word);

/* The path at *TEXT, up to a colon in a LIST, without the backslashes that escape one. Goes behind
 * it. -ENAMETOOLONG. */
int mount_layers_take(const char **text, bool list, char ret_path[static 4096]);

/* Calls EACH with every layer of MOUNT, which has number INDEX, up to the first that does not
 * return 0. Returns what that did. */
int mount_layers_each(const struct oci_mount *mount, size_t index,
	int (*each)(void *data, const struct oci_layer *layer, struct nacre_error *err), void *data,
	struct nacre_error *err);

#endif
