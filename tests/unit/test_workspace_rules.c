/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/workspace_rules.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_workspace_rules(void);

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
	const char *path;
	const char *word; /* NULL: applied */
	const char *named_by; /* the shortest path that lifts it; NULL: PATH alone */
} names[] = {
	{"src/main.c", NULL, NULL},
	{"Makefile", NULL, NULL},
	{"package.json", NULL, NULL},
	{"gitignore", NULL, NULL},
	{".gitignore", NULL, NULL},
	{"a.git", NULL, NULL},
	{"docs/agents-at-work.md", NULL, NULL},
	{"cargo/config.toml", NULL, NULL},
	{"file~", NULL, NULL},
	{"file.c.~1~", NULL, NULL},
	{"very-long-name~1", NULL, NULL},
	/* What git writes. */
	{".git/objects/info/commit-graph", NULL, NULL},
	{".git/objects/info/packs", NULL, NULL},
	{".git/refs/heads/agents.md", NULL, NULL},
	{".git/logs/HEAD", NULL, NULL},
	{".git/HEAD", NULL, NULL},
	{".git/packed-refs", NULL, NULL},
	{".git/COMMIT_EDITMSG", NULL, NULL},
	{".git/ORIG_HEAD", NULL, NULL},
	{".git/FETCH_HEAD", NULL, NULL},
	{".git/MERGE_MSG", NULL, NULL},
	{".git/worktrees/x/logs/HEAD", NULL, NULL},
	{".git/worktrees/x/refs/bisect", NULL, NULL},
	/* What it takes as it is. */
	{".git/index", "git", NULL},
	{".git/sharedindex.0123", "git", NULL},
	{".git/worktrees/x/index", "git", ".git/worktrees"},
	{".git/worktrees/x/sharedindex.0123", "git", ".git/worktrees"},
	{"sub/.git/index", "git", NULL},
	{".git/objects/ab", "git", ".git/objects"},
	{".git/objects/ab/0123", "git", ".git/objects"},
	{".git/objects/pack/pack-1.idx", "git", ".git/objects"},
	/* What it obeys. */
	{".git", "git", ".git"},
	{".git/config", "git", NULL},
	{".git/config.worktree", "git", NULL},
	{".git/hooks/pre-commit", "git", ".git/hooks"},
	{".git/info/attributes", "git", ".git/info"},
	{".git/commondir", "git", NULL},
	{".git/objects/info/alternates", "git", ".git/objects"},
	{".git/objects/info/Alternates", "git", ".git/objects"},
	{".git/modules/x/config", "git", ".git/modules"},
	{".git/rebase-merge/git-rebase-todo", "git", ".git/rebase-merge"},
	{".git/worktrees/x/gitdir", "git", ".git/worktrees"},
	{".git/worktrees/x/commondir", "git", ".git/worktrees"},
	{".git/worktrees/index", "git", ".git/worktrees"},
	{".git/indexes", "git", NULL},
	{"sub/.git/hooks/x", "git", "sub/.git/hooks"},
	{"sub/.git/refs/.git/config", "git", NULL},
	{".gitmodules", "git-files", NULL},
	{"a/.gitattributes", "git-files", NULL},
	/* Twins. */
	{".GIT/config", "repository", ".GIT"},
	{".Git/index", "repository", ".Git"},
	{".git /config", "repository", ".git "},
	{".git./config", "repository", ".git."},
	{".git. ./config", "repository", ".git. ."},
	{".git::$INDEX_ALLOCATION/config", "repository", ".git::$INDEX_ALLOCATION"},
	{".git\\config", "repository", ".git\\config"},
	{"a\\.git\\hooks\\x", "repository", "a\\.git\\hooks\\x"},
	{".g\xe2\x80\x8cit/config", "repository", ".g\xe2\x80\x8cit"},
	{"\xef\xbb\xbf.git/config", "repository", "\xef\xbb\xbf.git"},
	{".gi\xe2\x80\xae"
	 "t/x",
		"repository",
		".gi\xe2\x80\xae"
		"t"},
	{".gi\xe2\x81\xaat", "repository", NULL},
	{".gi\xf0\x9b\xb2\xa0t", "repository", NULL}, /* U+1BCA0 */
	{"git~1/config", "short-name", "git~1"},
	{"GITMOD~2", "short-name", NULL},
	{"GI7EBA~1", "short-name", NULL},
	{"AGENTS~1.MD", "short-name", NULL},
	{".gitMODULES", "git-files", NULL},
	{".GitHub/workflows/x", "ci", ".GitHub"},
	{".hu\xc5\xbfky/pre-commit", "hooks", ".hu\xc5\xbfky"}, /* long s */
	{"Jen\xe2\x84\xaainsfile", "ci", NULL}, /* the sign of Kelvin */
	{".g\xc4\xb1t/config", "repository", ".g\xc4\xb1t"}, /* without a dot */
	{"jenkins\xef\xac\x81le", "ci", NULL}, /* a ligature */
	{".\xc3\x9fh/rc", "shell", ".\xc3\x9fh"}, /* sharp s */
	/* A row of each name table. */
	{".github/workflows/a.yml", "ci", ".github"},
	{".gitlab-ci.yml", "ci", NULL},
	{"x/.husky/pre-commit", "hooks", "x/.husky"},
	{".pre-commit-config.yaml", "hooks", NULL},
	{".vscode/tasks.json", "editor", ".vscode"},
	{"my.code-workspace", "editor", NULL},
	{".idea", "editor", NULL},
	{".claude/settings.json", "agent", ".claude"},
	{"CLAUDE.md", "agent", NULL},
	{"sub/AGENTS.md", "agent", NULL},
	{".cursor/rules", "agent", ".cursor"},
	{".gemini/settings.json", "agent", ".gemini"},
	{".codex/config.toml", "agent", ".codex"},
	{".mcp.json", "agent", NULL},
	{".envrc", "environment", NULL},
	{"mise.local.toml", "environment", NULL},
	{"mise/config.toml", "environment", NULL},
	{".config/mise/config.toml", "environment", ".config/mise"},
	{".sl/config", "shell", ".sl"},
	{"_darcs/prefs/defaults", "shell", "_darcs"},
	{"rust-toolchain", "packages", NULL},
	{"rust-toolchain.toml", "packages", NULL},
	{".eslintrc.cjs", "editor", NULL},
	{"eslint.config.mjs", "editor", NULL},
	{".devcontainer/devcontainer.json", "container", ".devcontainer"},
	{".bashrc", "shell", NULL},
	{".npmrc", "packages", NULL},
	{".yarnrc.yml", "packages", NULL},
	{".pypirc", "packages", NULL},
	{"pip.conf", "packages", NULL},
	{"a/.cargo/config.toml", "packages", NULL},
	{".cargo/registry", NULL, NULL},
	{"Deploy.SH", "policy", NULL},
	{"secrets/a/b.pem", NULL, NULL},
	{"secrets/b.pem", "policy", NULL},
	{"sub/top", NULL, NULL},
	{"top/x", "policy", "top"},
};

static const char *policy_names[] = {"Deploy.sh", "secrets/*.pem", "/top"};
static const struct oci_strings policy = {policy_names, COUNT(policy_names)};

static struct workspace_change judged(struct workspace_change change)
{
	const struct workspace_surroundings around = {.protect = &policy};

	workspace_rules_judge(&change, &around);
	return change;
}

START_TEST(names_that_the_host_obeys_are_refused_until_named)
{
	struct workspace_change change = judged((struct workspace_change){
		.kind = WORKSPACE_MODIFIED, .path = names[_i].path, .mode = 0644});
	const char *by = names[_i].named_by ? names[_i].named_by : names[_i].path;
	char shorter[256];

	if (!names[_i].word) {
		ck_assert_ptr_null(change.refused);
		return;
	}
	ck_assert_ptr_nonnull(change.refused);
	ck_assert_str_eq(change.refused, names[_i].word);
	ck_assert(change.named);
	ck_assert(workspace_change_is_named(&change, change.path));
	ck_assert(workspace_change_is_named(&change, by));
	(void)snprintf(shorter, sizeof(shorter), "%s", by);
	for (char *slash; (slash = strrchr(shorter, '/'));) {
		*slash = '\0';
		ck_assert_msg(!workspace_change_is_named(&change, shorter), "by %s", shorter);
	}
	ck_assert(!workspace_change_is_named(&change, ""));
	ck_assert(!workspace_change_is_named(&change, "other"));
}
END_TEST

START_TEST(no_twin_in_upper_case_gets_through)
{
	char *upper = strdup(names[_i].path);
	struct workspace_change change;

	for (char *c = upper; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	change = judged((struct workspace_change){.kind = WORKSPACE_ADDED, .path = upper});
	if (names[_i].word)
		ck_assert_ptr_nonnull(change.refused);
	free(upper);
}
END_TEST

static const struct {
	struct workspace_change change;
	const char *word;
} kinds[] = {
	{{.kind = WORKSPACE_ADDED, .path = "sub/.git", .type = WORKSPACE_FILE}, "repository"},
	{{.kind = WORKSPACE_ADDED, .path = "sub/.git", .type = WORKSPACE_DIRECTORY}, "repository"},
	{{.kind = WORKSPACE_REPLACED, .path = ".git", .type = WORKSPACE_SYMLINK, .target = "x"},
		"repository"},
	{{.kind = WORKSPACE_DELETED, .path = ".git", .type = WORKSPACE_DIRECTORY}, "git"},
	{{.kind = WORKSPACE_DELETED, .path = ".git/config", .type = WORKSPACE_FILE}, "git"},
	{{.kind = WORKSPACE_DELETED, .path = ".git/refs/x", .type = WORKSPACE_SYMLINK}, NULL},
	{{.kind = WORKSPACE_ADDED, .path = ".git/refs/x", .type = WORKSPACE_SYMLINK, .target = "y"},
		"git"},
	{{.kind = WORKSPACE_ADDED, .path = ".git/index", .type = WORKSPACE_FILE}, "git"},
	{{.kind = WORKSPACE_DELETED, .path = ".git/index", .type = WORKSPACE_FILE}, "git"},
	{{.kind = WORKSPACE_ADDED, .path = ".git/objects/ab/0123"}, NULL},
	{{.kind = WORKSPACE_DELETED, .path = ".git/objects/ab/0123"}, NULL},
	{{.kind = WORKSPACE_ADDED, .path = ".git/objects/pack/pack-1.idx"}, NULL},
	{{.kind = WORKSPACE_REPLACED, .path = ".git/objects/pack/pack-1.idx"}, "git"},
	{{.kind = WORKSPACE_RENAMED,
		 .path = ".git/objects/ab",
		 .from = ".git/objects/cd",
		 .type = WORKSPACE_DIRECTORY},
		"git"},
	{{.kind = WORKSPACE_RENAMED, .path = "x", .from = ".github", .type = WORKSPACE_DIRECTORY},
		"ci"},
	{{.kind = WORKSPACE_RENAMED, .path = ".github", .from = "x", .type = WORKSPACE_DIRECTORY},
		"ci"},
	{{.kind = WORKSPACE_RENAMED,
		 .path = "x",
		 .from = ".git/hooks",
		 .type = WORKSPACE_DIRECTORY},
		"git"},
	{{.kind = WORKSPACE_RENAMED,
		 .path = ".git/refs/a",
		 .from = ".git/refs/b",
		 .type = WORKSPACE_DIRECTORY},
		NULL},
	{{.kind = WORKSPACE_RENAMED,
		 .path = ".git/refs/a",
		 .from = ".envrc",
		 .type = WORKSPACE_DIRECTORY},
		"environment"},
	{{.kind = WORKSPACE_ADDED, .path = "x", .type = WORKSPACE_DEVICE}, "device"},
	{{.kind = WORKSPACE_ADDED, .path = "x", .type = WORKSPACE_FIFO}, "fifo"},
	{{.kind = WORKSPACE_ADDED, .path = "x", .type = WORKSPACE_SOCKET}, "socket"},
	{{.kind = WORKSPACE_DELETED, .path = "x", .type = WORKSPACE_DEVICE}, NULL},
	{{.kind = WORKSPACE_ADDED, .path = ".envrc", .type = WORKSPACE_FIFO}, "fifo"},
};

START_TEST(kinds_and_types)
{
	struct workspace_change change = judged(kinds[_i].change);

	if (!kinds[_i].word) {
		ck_assert_ptr_null(change.refused);
		return;
	}
	ck_assert_ptr_nonnull(change.refused);
	ck_assert_str_eq(change.refused, kinds[_i].word);
}
END_TEST

START_TEST(long_paths_are_refused)
{
	char path[PATH_TEXT_MAX + 8], name[300];

	memset(path, 'a', sizeof(path));
	for (size_t i = 1; i < sizeof(path); i += 2)
		path[i] = '/';
	path[PATH_TEXT_MAX - 1] = '\0';
	ck_assert_ptr_null(judged((struct workspace_change){.path = path}).refused);
	path[PATH_TEXT_MAX - 1] = 'x';
	path[PATH_TEXT_MAX] = '\0';
	ck_assert_str_eq(judged((struct workspace_change){.path = path}).refused, "path-length");
	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	ck_assert_ptr_null(judged((struct workspace_change){.path = name}).refused);
	name[255] = 'a';
	name[256] = '\0';
	ck_assert_str_eq(judged((struct workspace_change){.path = name}).refused, "path-length");
}
END_TEST

static const struct {
	const char *path;
	const char *inner;
	bool is_new;
	const char *word;
	const char *named_by;
} shapes[] = {
	{"r/config", "config", false, "git", "r/config"},
	{"r/objects/ab/c", "objects/ab/c", false, NULL, NULL},
	{"r/HEAD", "HEAD", false, NULL, NULL},
	{"r/HEAD", "HEAD", true, "repository", "r"},
	{"r/objects/ab/c", "objects/ab/c", true, "repository", "r"},
	{"HEAD", "HEAD", true, "repository", "HEAD"},
	{"hooks/x", "hooks/x", false, "git", "hooks"},
};

START_TEST(what_has_the_shape_of_a_repository_is_one)
{
	struct workspace_change change = {.kind = WORKSPACE_ADDED, .path = shapes[_i].path};
	const struct workspace_surroundings around = {
		.below_repository = change.path + strlen(change.path) - strlen(shapes[_i].inner),
		.new_repository = shapes[_i].is_new};

	workspace_rules_judge(&change, &around);
	if (!shapes[_i].word) {
		ck_assert_ptr_null(change.refused);
		return;
	}
	ck_assert_str_eq(change.refused, shapes[_i].word);
	ck_assert_uint_eq(change.protected_length, strlen(shapes[_i].named_by));
}
END_TEST

START_TEST(a_new_git_has_no_part_that_is_applied)
{
	struct workspace_change change = {.path = "sub/.git/objects/ab/c"};
	const struct workspace_surroundings around = {.new_git = true};

	workspace_rules_judge(&change, &around);
	ck_assert_str_eq(change.refused, "repository");
	ck_assert(workspace_change_is_named(&change, "sub/.git"));
	ck_assert(!workspace_change_is_named(&change, "sub"));
}
END_TEST

START_TEST(each_rule_has_a_word_of_its_own_and_a_reason)
{
	for (int i = 0; i < WORKSPACE_RULES; i++) {
		ck_assert_ptr_eq(workspace_rule_of(workspace_rules[i].word), &workspace_rules[i]);
		ck_assert_uint_gt(strlen(workspace_rules[i].reason), 8);
		for (const char *const *n = workspace_rules[i].names; n && *n; n++)
			for (const char *c = *n; *c; c++)
				ck_assert_msg(!isupper((unsigned char)*c), "%s", *n);
	}
	ck_assert_ptr_null(workspace_rule_of("of-later"));
}
END_TEST

Suite *suite_workspace_rules(void)
{
	Suite *s = suite_create("workspace_rules");
	TCase *tc = tcase_create("workspace_rules");

	tcase_add_loop_test(tc, names_that_the_host_obeys_are_refused_until_named, 0, COUNT(names));
	tcase_add_loop_test(tc, no_twin_in_upper_case_gets_through, 0, COUNT(names));
	tcase_add_loop_test(tc, kinds_and_types, 0, COUNT(kinds));
	tcase_add_test(tc, long_paths_are_refused);
	tcase_add_loop_test(tc, what_has_the_shape_of_a_repository_is_one, 0, COUNT(shapes));
	tcase_add_test(tc, a_new_git_has_no_part_that_is_applied);
	tcase_add_test(tc, each_rule_has_a_word_of_its_own_and_a_reason);
	suite_add_tcase(s, tc);
	return s;
}
