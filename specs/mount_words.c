/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/mount_words.h"

#include <string.h>

bool mount_has(const struct oci_mount *mount, const char *word)
{
	return oci_strings_have(&mount->options, word);
}

bool mount_has_type(const struct oci_mount *mount, const char *type)
{
	return mount->type && !strcmp(mount->type, type);
}

bool mount_is_bind(const struct oci_mount *mount)
{
	return mount_has(mount, "bind") || mount_has(mount, "rbind") ||
	       mount_has_type(mount, "bind");
}
