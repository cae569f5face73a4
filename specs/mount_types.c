/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/mount_types.h"

#include <stdlib.h>
#include <string.h>

#include "specs/mount_words.h"
#include "specs/path_text.h"

#define ROW(name, kind, host) {name, MOUNT_##kind, host},
static const struct mount_type types[] = {MOUNT_TYPES(ROW)};

enum {
	N_TYPES = sizeof(types) / sizeof(types[0]),
};

static int compare(const void *name, const void *type)
{
	return strcmp(name, ((const struct mount_type *)type)->name);
}

const struct mount_type *mount_type_find(const char *name)
{
	return name ? bsearch(name, types, N_TYPES, sizeof(types[0]), compare) : NULL;
}

enum mount_kind mount_kind(const struct oci_mount *mount)
{
	const struct mount_type *type = mount_type_find(mount->type);

	if (mount_is_bind(mount))
		return MOUNT_BIND;
	return type ? type->kind : MOUNT_UNKNOWN;
}

const char *mount_view_elsewhere(const struct oci_mount *mount)
{
	const enum mount_kind kind = mount_kind(mount);
	const char *place = kind == MOUNT_PROC ? "/proc" : kind == MOUNT_SYSFS ? "/sys" : NULL;
	char clean[PATH_TEXT_MAX];

	if (!place || mount_has(mount, "remount") || !mount->destination ||
		path_clean(mount->destination, clean) < 0)
		return NULL;
	return strcmp(clean, place) != 0 ? place : NULL;
}

bool mount_type_opens_disk(const char *type)
{
	const struct mount_type *row = mount_type_find(type);

	return !row || row->kind == MOUNT_DISK;
}

bool mount_opens_disk(const struct oci_mount *mount)
{
	return mount->type && !mount_is_bind(mount) && !mount_has(mount, "remount") &&
	       mount_type_opens_disk(mount->type);
}

bool mount_type_writes_below(const char *type)
{
	const struct mount_type *row = mount_type_find(type);

	return !row || row->kind == MOUNT_DISK || row->kind == MOUNT_OVERLAY;
}

bool mount_word_is_of_disk(const char *word)
{
	/* Options with a value end in "=". */
	static const char *const known[] = {"barrier=", "codepage=", "commit=", "compress=",
		"compress-force=", "data=", "discard",
		"dmask=", "errors=", "fmask=", "gid=", "iocharset=", "noload", "nodiscard",
		"norecovery", "nouuid", "quiet",
		"space_cache=", "subvol=", "subvolid=", "uid=", "umask=", "utf8"};
	const size_t length = strcspn(word, "=") + (strchr(word, '=') != NULL);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i]) == length && strncmp(word, known[i], length) == 0)
			return true;
	}
	return false;
}
