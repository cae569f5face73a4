/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_POLICY_PATTERN_H
#define NACRE_POLICY_PATTERN_H

#include <stdbool.h>

#include "specs/error.h"

/* The patterns of a policy: see policy_matches. */

/* -EINVAL: no grant could match it. */
int policy_pattern_check(const char *pattern, struct nacre_error *err);

bool policy_pattern_matches(const char *pattern, const char *grant);

#endif
