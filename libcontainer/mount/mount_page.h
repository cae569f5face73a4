/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_PAGE_H
#define NACRE_MOUNT_PAGE_H

#include "libcontainer/mount/mount_fs.h"

/*
 * A filesystem by mount(2), for what fsconfig(2) cannot say: a value of more than 255 bytes, as an
 * overlay of many layers has, and flags that it has no word for. All options go to the kernel as
 * one page of text.
 *
 * mount(2) needs a place. It is FS->place_fd, whose mount is not shared, so that nothing appears
 * elsewhere; the filesystem is taken from there before anybody looks.
 */

/* Whether WORDS, options of data alone, are short enough for it. */
bool mount_page_takes(const struct oci_strings *words);

/* The same as mount_filesystem. */
int mount_by_page(const struct filesystem *fs, struct nacre_error *err);

#endif
