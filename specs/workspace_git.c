/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/workspace_rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The files that git writes at work and only reads as data. Git obeys all other files of a
 * repository: config and config.worktree (core.fsmonitor, core.sshCommand, filters, aliases),
 * hooks, info/attributes, commondir, gitdir and objects/info/alternates (which lead elsewhere),
 * modules (a repository per submodule), rebase-merge and rebase-apply (whose todo has "exec"
 * lines), remotes and branches. "#" stands for a hexadecimal digit, "*" for the rest of a name, "/"
 * at the end for everything below.
 */
static const char *const written[] = {
	"HEAD",
	"index",
	"packed-refs",
	"sharedindex.*",
	"shallow",
	"COMMIT_EDITMSG",
	"TAG_EDITMSG",
	"MERGE_MSG",
	"MERGE_HEAD",
	"MERGE_MODE",
	"MERGE_RR",
	"MERGE_AUTOSTASH",
	"SQUASH_MSG",
	"AUTO_MERGE",
	"ORIG_HEAD",
	"FETCH_HEAD",
	"CHERRY_PICK_HEAD",
	"REVERT_HEAD",
	"REBASE_HEAD",
	"gc.log",
	"refs/",
	"logs/",
	"reftable/",
	"objects",
	"objects/##/",
	"objects/pack/",
	"objects/info",
	"objects/info/packs",
	"objects/info/commit-graph",
	"objects/info/commit-graphs/",
	"info/refs",
};

static bool is_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_written(const char *inner, const char *pattern)
{
	for (; *pattern; pattern++, inner++) {
		if (*pattern == '*')
			return !strchr(inner, '/');
		if (*pattern == '/' && !pattern[1] && !*inner)
			return true; /* the directory itself */
		if (*pattern == '#' ? !is_digit(*inner) : *pattern != *inner)
			return false;
	}
	return !*inner || pattern[-1] == '/';
}

/* Returns the part of INNER in a worktree's own directory, or INNER if it is in none. NULL: it is
 * that directory itself, or its objects, which only a repository has. */
static const char *skip_worktree(const char *inner)
{
	static const char worktrees[] = "worktrees/";

	if (strncmp(inner, worktrees, strlen(worktrees)) != 0)
		return inner;
	inner = strchr(inner + strlen(worktrees), '/');
	if (!inner || !strncmp(inner + 1, "objects", strlen("objects")))
		return NULL;
	return inner + 1;
}

bool workspace_rules_git_writes(const char *inner)
{
	inner = skip_worktree(inner);
	if (!inner)
		return false;
	for (size_t i = 0; i < COUNT(written); i++)
		if (is_written(inner, written[i]))
			return true;
	return false;
}

bool workspace_rules_git_believes(const char *inner, bool is_new)
{
	/* git checks the paths of a tree, but not those of an index: a checkout of an index with
	 * .git/hooks/x or ../x writes there. */
	static const char *const indexes[] = {"index", "sharedindex.*"};
	/* git does not compare the content with the name at each read, and never rewrites such a
	 * file. */
	static const char *const objects[] = {"objects/##/", "objects/pack/"};

	inner = skip_worktree(inner);
	for (size_t i = 0; inner && i < COUNT(indexes); i++)
		if (is_written(inner, indexes[i]))
			return true;
	for (size_t i = 0; inner && !is_new && i < COUNT(objects); i++)
		if (is_written(inner, objects[i]))
			return true;
	return false;
}
