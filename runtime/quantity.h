/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_QUANTITY_H
#define NACRE_QUANTITY_H

#include <stdint.h>

#include "libcontainer/container.h"

/* Parses numbers with units, as callers of runc write them. Returns 0, -EINVAL for malformed text,
 * or -ERANGE above INT64_MAX. */

/* Accepts "30s", "10m", "1h30m", "1.5s", "500ms": the format of Go's time.ParseDuration without a
 * sign. Rounds up to milliseconds. Zero is -EINVAL, too. */
int quantity_duration(const char *text, uint64_t *ret_ms);

/* Accepts "1048576", "512k", "50M", "1.5GiB": powers of 1024, in upper or lower case. */
int quantity_size(const char *text, uint64_t *ret_bytes);

/* Does the same for the value of OPTION, which the error names, and refuses zero, which stands for
 * "not given". TEXT NULL: the option was not given. */
int quantity_size_of(
	const char *option, const char *text, uint64_t *ret_bytes, struct nacre_error *err);

#endif
