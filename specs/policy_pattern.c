/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/policy_pattern.h"

#include <errno.h>
#include <string.h>

#include "specs/harden.h"
#include "specs/harden_rules.h"
#include "specs/path_text.h"

/* Returns whether PATTERN ends with "*": "cap:*", or "mount:/srv/" followed by it. */
static bool is_wide(const char *pattern)
{
	size_t length = strlen(pattern);

	return length > 1 && pattern[length - 1] == '*' &&
	       (pattern[length - 2] == ':' || pattern[length - 2] == '/');
}

int policy_pattern_check(const char *pattern, struct nacre_error *err)
{
	size_t length = strlen(pattern);
	char beginning[PATH_TEXT_MAX];

	if (!is_wide(pattern))
		return harden_grant_check(pattern, err);
	if (length < sizeof(beginning)) {
		memcpy(beginning, pattern, length - 1);
		beginning[length - 1] = '\0';
		if (harden_grant_begins(beginning))
			return 0;
	}
	return fail(err, EINVAL, "\"%s\" matches no grant; see nacre help grants", pattern);
}

bool policy_pattern_matches(const char *pattern, const char *grant)
{
	size_t length = strlen(pattern);
	const char *item = strchr(grant, ':');
	char clean[PATH_TEXT_MAX];
	const char *below;

	if (!strcmp(pattern, grant))
		return true;
	if (!is_wide(pattern) || !item)
		return false;
	item++;
	if (pattern[length - 2] == ':')
		return !strncmp(pattern, grant, length - 1) && (size_t)(item - grant) == length - 1;
	/* Compares the clean path: "/srv/../etc" is not below "/srv", nor "/var/run" below
	 * "/var". */
	below = strchr(pattern, ':') + 1;
	if (strncmp(pattern, grant, (size_t)(below - pattern)) || harden_host_path(item, clean) < 0)
		return false;
	return !strncmp(clean, below, length - 1 - (size_t)(below - pattern));
}
