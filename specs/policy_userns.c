/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/policy_userns.h"

#include <errno.h>
#include <string.h>

#include "specs/fields.h"
#include "specs/harden_rules.h"

#define SHIFTED "shifted"

/* clang-format off */

static const char *const default_words[] = {SHIFTED, NULL};

static const struct field policy_userns_fields[] = {
	FIELD_WORD("default", policy_userns, by_default, 0, default_words),
	FIELD_U32("first_id", policy_userns, first_id, 0),
	FIELD_U32("last_id", policy_userns, last_id, 0),
	{},
};
STRUCT_TYPE(policy_userns);

/* clang-format on */

int policy_userns_check(const struct policy_userns *userns, struct nacre_error *err)
{
	if (!userns || (!userns->first_id && !userns->last_id))
		return 0;
	if (!userns->first_id || !userns->last_id)
		return fail(
			err, EINVAL, "user_namespace: first_id and last_id must be given together");
	/* The first block contains the host's own accounts. */
	if (userns->first_id < ID_BLOCK_SIZE ||
		!id_blocks_between(userns->first_id, userns->last_id).n)
		return fail(err, EINVAL,
			"user_namespace: the range from %u to %u has no block of %u ids that "
			"begins at a multiple of its size, above %u and below 2147483648",
			userns->first_id, userns->last_id, ID_BLOCK_SIZE, ID_BLOCK_SIZE - 1);
	return 0;
}

int policy_userns_decide(const struct policy *policy, const struct policy_request *asked,
	const char *annotation, struct harden_request *ret_request, struct nacre_error *err)
{
	const char *const words[] = {
		asked->userns, annotation, policy->userns ? policy->userns->by_default : NULL};

	ret_request->shifted = oci_strings_have(
		&ret_request->require, harden_rules[RULE_user_namespace].name);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!words[i])
			continue;
		if (strcmp(words[i], SHIFTED))
			return fail(err, EINVAL, "%s: expected " SHIFTED ", found \"%.64s\"",
				i == 0 ? "--userns" : "annotation " ANNOTATION_USERNS, words[i]);
		ret_request->shifted = true;
	}
	return 0;
}

struct id_blocks_range policy_userns_blocks(const struct policy *policy)
{
	const struct policy_userns *userns = policy ? policy->userns : NULL;

	return userns && userns->first_id
		       ? id_blocks_between(userns->first_id, userns->last_id)
		       : id_blocks_between(ID_BLOCKS_FIRST_ID, ID_BLOCKS_LAST_ID);
}
