/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_WORDS_H
#define NACRE_MOUNT_WORDS_H

#include "specs/spec.h"

/* The words in mounts[].options, as far as the rules of specs/ look at them. What they mean to the
 * kernel stands in libcontainer/mount/mount_options.c. */

bool mount_has(const struct oci_mount *mount, const char *word);

/* By a word, or by the type "bind", which some writers take for one. */
bool mount_is_bind(const struct oci_mount *mount);

bool mount_has_type(const struct oci_mount *mount, const char *type);

#endif
