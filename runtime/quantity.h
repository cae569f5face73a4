/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_QUANTITY_H
#define NACRE_QUANTITY_H

#include <stdint.h>

#include "libcontainer/container.h"

/* Numbers with units, as callers of runc write them. Return 0, -EINVAL for what is none, or -ERANGE
 * above INT64_MAX. */

/* "30s", "10m", "1h30m", "1.5s", "500ms": what Go's time.ParseDuration takes without a sign.
 * Rounded up to milliseconds. -EINVAL for zero, too. */
int quantity_duration(const char *text, uint64_t *ret_ms);

/* "1048576", "512k", "50M", "1.5GiB": powers of 1024, in either case. */
int quantity_size(const char *text, uint64_t *ret_bytes);

/* The same of an option, whose name is told with what is wrong. TEXT may be NULL: it was not given.
 */
int quantity_size_of(
	const char *option, const char *text, uint64_t *ret_bytes, struct nacre_error *err);

#endif
