/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_PAGE_H
#define NACRE_MOUNT_PAGE_H

#include "libcontainer/mount/mount_fs.h"

/*
 * Makes a filesystem by mount(2), for options that fsconfig(2) does not take: a value of more than
 * 255 bytes, as an overlay of many layers has, and flags that it has no word for. All options go to
 * the kernel as one page of text.
 *
 * mount(2) needs a directory to mount on: FS->place_fd, whose mount is not shared, so that nothing
 * appears elsewhere. The filesystem is detached from there before anybody looks.
 */

/* Whether WORDS fit into that page. */
bool mount_page_takes(const struct oci_strings *words);

/* Does the same as mount_filesystem. */
int mount_by_page(const struct filesystem *fs, struct nacre_error *err);

#endif
