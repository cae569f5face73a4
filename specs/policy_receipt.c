/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/policy_receipt.h"

#include <errno.h>
#include <string.h>

int policy_receipt_check(const struct policy *policy, struct nacre_error *err)
{
	const char *directory = policy->receipt_dir, *key = policy->receipt_key;

	if (directory && *directory != '/')
		return fail(err, EINVAL, "receipt_dir: \"%s\" is not an absolute path", directory);
	if (key && *key != '/' && !strchr(key, ':'))
		return fail(err, EINVAL,
			"receipt_key: expected an absolute path or a URI, found \"%s\"", key);
	return 0;
}

int policy_receipt_check_required(const char *word, struct nacre_error *err)
{
	return strcmp(word, REQUIRE_RECEIPT) == 0 ? 0 : harden_rule_check(word, err);
}
