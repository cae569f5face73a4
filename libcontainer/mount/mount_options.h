/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_OPTIONS_H
#define NACRE_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/spec.h"

/* What the words in mounts[].options mean: config.md, Linux mount options. */
struct mount_options {
	uint64_t attr_set; /* MOUNT_ATTR_*, on this mount */
	uint64_t attr_clear;
	unsigned times; /* MS_NOATIME, MS_NODIRATIME, MS_RELATIME, MS_STRICTATIME: those named; also
			   in the attrs */
	bool names_flags; /* some word is about the flags of this mount */
	uint64_t recursive_set; /* the r-words: on the whole tree */
	uint64_t recursive_clear;
	uint64_t propagation; /* MS_PRIVATE, MS_SHARED, MS_SLAVE or MS_UNBINDABLE; 0: as it is */
	bool propagation_recursive;
	unsigned super_flags; /* MS_SYNCHRONOUS, MS_DIRSYNC, MS_MANDLOCK, MS_LAZYTIME, MS_I_VERSION,
				 MS_SILENT, ... */
	unsigned super_clear;
	bool read_only; /* "ro": for a filesystem also the superblock's flag */
	bool bind;
	bool recursive; /* rbind */
	bool remount;
	bool tmpcopyup;
	bool idmap;
	bool idmap_recursive; /* ridmap */
	bool source_nofollow; /* src-nofollow, as podman passes it */
	bool destination_nofollow;
	bool copy_symlink;
	size_t n_data; /* words that are for the filesystem itself: see mount_option_is_data */
};

/* Reads the words of one mount. MOUNT's index in the config is for the error text. */
int mount_options_parse(const struct oci_mount *mount, size_t index,
	struct mount_options *ret_options, struct nacre_error *err);

/* Whether WORD is none of ours and so goes to the filesystem as it is. */
bool mount_option_is_data(const char *word);

/* Whether KEY=something is among the words. */
bool mount_options_have_key(const struct oci_strings *options, const char *key);

/* Every word that is understood, sorted: features.md, mountOptions. */
const char *const *mount_option_names(size_t *ret_n);

#endif
