/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/workspace_rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * What git writes at work and only reads as data. All else in a repository is obeyed: config and
 * config.worktree (core.fsmonitor, core.sshCommand, filters, aliases), hooks, info/attributes,
 * commondir, gitdir and objects/info/alternates (lead elsewhere), modules (a repository for each
 * submodule), rebase-merge and rebase-apply (their todo has "exec" lines), remotes and branches.
 * "#" stands for a hexadecimal digit, "*" for the rest of a name, "/" at the end for all below.
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

/* The part of INNER in a worktree's own directory; NULL: that directory, or objects, which only the
 * repository has. INNER itself where it is in none. */
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
	/* git checks the paths of a tree, and not those of an index: one with .git/hooks/x or ../x
	 * in it is written there by a checkout. */
	static const char *const indexes[] = {"index", "sharedindex.*"};
	/* The content is not compared with the name at each reading. None of them is ever written
	 * anew. */
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
