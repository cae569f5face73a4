/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_ROOTFS_OPTIONS_H
#define NACRE_SHIM_ROOTFS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Turns mount options into arguments of mount(2). Pure. */
struct rootfs_options {
	unsigned long flags;
	char *data; /* heap, as is "directory" */
	char *directory; /* that paths in "data" are relative to; "": none */
	bool loop, direct; /* the source is a file for a loop device, without the page cache */
	const char *uids, *gids; /* maps of an id-mapped mount, in the words; NULL: none */
};

/* SIZE: of a page; mount(2) truncates longer data. The lower layers of an overlay that need more
 * are written relative to a directory that they share, as are those of an id-mapped mount: one
 * clone of the directory maps all of them. Returns 0; -E2BIG if that is too long as well; -EXDEV:
 * the layers of an id-mapped mount share no directory; -EINVAL: only one of the two maps is given;
 * or -ENOMEM. After an error there is nothing to free. */
int rootfs_options_read(
	char *const *words, size_t n, size_t size, struct rootfs_options *ret_options);

#endif
