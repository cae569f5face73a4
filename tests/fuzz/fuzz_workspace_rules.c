/* SPDX-License-Identifier: Apache-2.0 */
/* Names that a container chose. Whatever they are, the verdict is whole, what is protected stays so
 * in another case and below a directory, and nothing of a repository that git obeys gets through.
 */
#include "specs/escape.h"
#include "specs/workspace_rules.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct workspace_change judge(const char *path, const char *target)
{
	struct workspace_change change = {.path = path, .target = target};
	const struct workspace_surroundings around = {.new_repository = false};

	change.type = target ? WORKSPACE_SYMLINK : WORKSPACE_FILE;
	workspace_rules_judge(&change, &around);
	if (change.refused) {
		const struct workspace_rule *rule = workspace_rule_of(change.refused);

		require(rule && rule->named == change.named, "the word is a rule's");
		require(change.protected_length <= strlen(path), "a part of the path");
	}
	if (change.named && *path)
		require(workspace_change_is_named(&change, path), "the path itself names it");
	return change;
}

static void below(const char *directory, const char *path, bool refused, const char *why)
{
	size_t size = strlen(directory) + strlen(path) + 2;
	char *longer = malloc(size);

	if (!longer)
		abort();
	(void)snprintf(longer, size, "%s/%s", directory, path);
	require(!refused || judge(longer, NULL).refused, why);
	free(longer);
}

/* A path as a walk gives it. */
static bool is_clean(const char *path)
{
	char clean[PATH_TEXT_MAX];

	return path_clean(path, clean) == 0 && !strcmp(clean + 1, path);
}

static void follow(const char *path, const char *target)
{
	size_t size = strlen(path) + strlen(target) + 2;
	char *whole = malloc(size);
	const char *slash = strrchr(path, '/');

	if (!whole)
		abort();
	(void)snprintf(whole, size, "%.*s/%s", slash ? (int)(slash - path) : 0, path, target);
	if (*path && is_clean(path) && !workspace_rules_link_leaves(path, target))
		require(*target != '/' && !path_climbs(whole), "a link stays inside");
	free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t first = strnlen((const char *)data, size);
	char *path = strndup((const char *)data, first);
	char *target = first < size ? strndup((const char *)data + first + 1, size - first - 1)
				    : NULL;
	char *shown = escape_name((const char *)data, size);
	struct workspace_change change;

	if (!path || !shown || (first < size && !target))
		abort();
	change = judge(path, NULL);
	below("directory", path, change.refused != NULL, "protected below a directory");
	below(path, "file",
		change.named && change.protected_length == strlen(path) &&
			workspace_rule_of(change.refused) != &workspace_rules[WORKSPACE_RULE_GIT],
		"all below what is protected");
	below(path, ".git/hooks/x", true, "hooks");
	if (target)
		follow(path, target);
	if (target)
		(void)judge(path, target);
	for (char *c = path; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	if (change.named)
		require(judge(path, NULL).refused, "protected in upper case");
	require(strcspn(shown, "\n\r\x1b\t\x7f") == strlen(shown), "nothing that a terminal obeys");
	free(path);
	free(target);
	free(shown);
	return 0;
}
