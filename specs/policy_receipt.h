/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_POLICY_RECEIPT_H
#define NACRE_POLICY_RECEIPT_H

#include "specs/policy.h"

/* What a policy says of receipts. -EINVAL. */
int policy_receipt_check(const struct policy *policy, struct nacre_error *err);

/* Whether WORD can be required: REQUIRE_RECEIPT, or a rule. -EINVAL. */
int policy_receipt_check_required(const char *word, struct nacre_error *err);

#endif
