/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_DURATION_H
#define NACRE_DURATION_H

#include <stdint.h>

/* "30s", "10m", "1h30m", "1.5s", "500ms": what Go's time.ParseDuration takes without a sign, as
 * callers of runc write it. Rounded up to milliseconds. Returns 0, -EINVAL for what is none or is
 * zero, or -ERANGE for more than 290 years, Go's limit. */
int duration_from_text(const char *text, uint64_t *ret_ms);

#endif
