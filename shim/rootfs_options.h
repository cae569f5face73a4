/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_ROOTFS_OPTIONS_H
#define NACRE_SHIM_ROOTFS_OPTIONS_H

#include <stddef.h>

/* Options of a mount as words, to what mount(2) takes. Pure. */
struct rootfs_options {
	unsigned long flags;
	char *data; /* heap, as the next */
	char *directory; /* that the mount is to be made in, since paths of data begin there; "":
			    any */
};

/* SIZE: of a page, beyond which mount(2) cuts the text off. An overlay's layers that need more are
 * told from a directory that they have in common. Returns 0, -E2BIG if that is too long as well, or
 * -ENOMEM; then there is nothing to free. */
int rootfs_options_read(
	char *const *words, size_t n, size_t size, struct rootfs_options *ret_options);

#endif
