/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_ROOTFS_OPTIONS_H
#define NACRE_SHIM_ROOTFS_OPTIONS_H

#include <stddef.h>

/* Turns mount options into arguments of mount(2). Pure. */
struct rootfs_options {
	unsigned long flags;
	char *data; /* heap, as is "directory" */
	char *directory; /* that paths in "data" are relative to; "": none */
};

/* SIZE: of a page; mount(2) truncates longer data. The lower layers of an overlay that need more
 * are written relative to a directory that they share. Returns 0, -E2BIG if that is too long as
 * well, or -ENOMEM; then there is nothing to free. */
int rootfs_options_read(
	char *const *words, size_t n, size_t size, struct rootfs_options *ret_options);

#endif
