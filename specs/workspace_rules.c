/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/workspace_rules.h"

#include <stdio.h>
#include <string.h>

enum {
	NAME_BYTES = 255, /* NAME_MAX */
};

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* clang-format off */

const struct workspace_rule workspace_rules[WORKSPACE_RULES] = {
	[WORKSPACE_RULE_DEVICE] = {"device", "is a device", false, NULL},
	[WORKSPACE_RULE_FIFO] = {"fifo",
		"is a FIFO, which blocks a program that opens it", false, NULL},
	[WORKSPACE_RULE_SOCKET] = {"socket", "is a socket", false, NULL},
	[WORKSPACE_RULE_LINK] = {"link-leaves",
		"contains or moves a symlink that may lead out of the source", false, NULL},
	[WORKSPACE_RULE_PATH] = {"path-length",
		"has a path that is too long for a system call", false, NULL},
	[WORKSPACE_RULE_BYTES] = {"bytes",
		"needs more bytes than are left of --max-bytes", false, NULL},
	[WORKSPACE_RULE_SPARSE] = {"sparse",
		"is a large file that is almost all holes", false, NULL},
	[WORKSPACE_RULE_UNREADABLE] = {"unreadable", "cannot be read by the caller", false, NULL},
	[WORKSPACE_RULE_MOUNT] = {"mount", "is another mount on the host", false, NULL},
	[WORKSPACE_RULE_OVERLAY] = {"overlay",
		"has extended attributes that overlayfs does not write there", false, NULL},
	[WORKSPACE_RULE_REDIRECT] = {"redirect",
		"is recorded as renamed from a place that it cannot come from", false, NULL},

	/* Files that git reads: gitrepository-layout(5). CVE-2024-32002 and others used a change of
	 * case or a link. */
	[WORKSPACE_RULE_GIT] = {"git",
		"configures git, which runs the programs that it names", true, NULL},
	[WORKSPACE_RULE_REPOSITORY] = {"repository",
		"is a new git repository, or part of one, whose config can run programs", true, NULL},
	/* .gitattributes names drivers of filters, which the host's config runs; .gitmodules names
	 * places from which submodules are fetched. */
	[WORKSPACE_RULE_GIT_FILES] = {"git-files", "chooses filters or submodules for git", true,
		NAMES(".gitattributes", ".gitmodules")},
	[WORKSPACE_RULE_HOOKS] = {"hooks", "is run by git on the host, as a hook", true,
		NAMES(".husky", ".githooks", ".pre-commit-config.yaml", ".pre-commit-config.yml",
			"lefthook*.yml", "lefthook*.yaml", "lefthook*.toml", "lefthook*.json",
			".lefthook*", ".overcommit.yml", ".git-hooks", ".huskyrc*",
			".lintstagedrc*", ".simple-git-hooks*")},
	[WORKSPACE_RULE_CI] = {"ci", "is run by CI", true,
		NAMES(".github", ".gitlab", ".gitlab-ci*", ".gitea", ".forgejo", ".circleci",
			".buildkite", ".travis.yml", ".drone.y*", ".drone.star", ".drone.jsonnet",
			".woodpecker*", ".cirrus.*", ".appveyor.yml", "appveyor.yml",
			".semaphore", ".teamcity", ".tekton", ".builds", ".build.yml",
			"azure-pipelines*.y*", ".azure-pipelines", "bitbucket-pipelines.yml",
			"jenkinsfile*", "cloudbuild.y*", "buildspec.y*", ".zuul*", "zuul.d",
			".sourcehut")},
	[WORKSPACE_RULE_EDITOR] = {"editor", "is run by an editor, or configures one", true,
		NAMES(".vscode", "*.code-workspace", ".idea", "*.iml", ".vs", ".fleet", ".zed",
			".nvim", ".nvim.lua", ".nvimrc", ".vim", ".vimrc", ".gvimrc", ".lvimrc",
			".exrc", ".dir-locals*.el", ".emacs*", ".kakrc", ".helix", ".kak",
			".micro", "*.sublime-project", ".theia", ".ycm_extra_conf.py", ".clangd",
			".projections.json", ".eslintrc*", "eslint.config.*")},
	[WORKSPACE_RULE_AGENT] = {"agent", "instructs or configures a coding agent", true,
		NAMES(".claude*", "claude.md", "claude.local.md", "agents.md", "agents.*.md",
			"agent.md", ".agents", ".agent", ".cursor*", ".gemini*", "gemini.md",
			".codex", ".mcp.json", "mcp.json", ".mcp", ".aider*", ".continue*",
			".windsurf*", ".cline*", ".roo*", ".kiro", ".amazonq", ".aws/amazonq",
			".qwen", "qwen.md", ".opencode", "opencode.json*", ".goosehints",
			".goose", ".junie", ".trae", ".augment*", ".copilot*", ".crush*",
			"crush.json", "crush.md", ".factory", ".openhands", ".devin", ".amp",
			".warp*", "warp.md")},
	[WORKSPACE_RULE_ENVIRONMENT] = {"environment",
		"is loaded by a shell that enters the directory", true,
		NAMES(".envrc*", ".autoenv*", ".mise*", "mise*.toml", ".config/mise",
			"mise/config*.toml", ".rtx*", ".direnv", ".tool-versions", ".asdfrc",
			".shadowenv.d", ".devenv*", ".prototools")},
	[WORKSPACE_RULE_CONTAINER] = {"container",
		"sets up an environment on the host when the directory is opened", true,
		NAMES(".devcontainer*", ".gitpod*", "devfile.y*", ".devfile.y*", ".vagrant",
			".idx", ".devpod", ".dagger", ".sandcastle", ".replit", "replit.nix")},
	[WORKSPACE_RULE_SHELL] = {"shell",
		"is read by a shell or another program when it starts", true,
		NAMES(".bashrc", ".bash_*", ".profile", ".zshrc", ".zshenv", ".zprofile",
			".zlogin", ".zlogout", ".kshrc", ".mkshrc", ".cshrc", ".tcshrc", ".login",
			".logout", ".inputrc", ".config/fish", ".config/git", ".gitconfig",
			".ssh", ".gnupg", ".netrc", ".curlrc", ".wgetrc", ".gdbinit",
			".gdbearlyinit", ".lldbinit*", ".tmux.conf", ".screenrc", ".psqlrc",
			".sqliterc", ".my.cnf", ".rprofile", ".renviron", ".irbrc", ".pryrc",
			".rdbgrc*", ".pythonrc*", ".pdbrc", ".iex.exs", ".ghci", ".ocamlinit",
			".perldb", ".hgrc", ".hg", ".svn", ".bzr", ".fossil-settings", ".jj",
			".sl", "_darcs")},
	[WORKSPACE_RULE_PACKAGES] = {"packages",
		"sets where a package manager downloads from or what it runs", true,
		NAMES(".npmrc", ".yarnrc*", ".yarn", ".pnpmfile.*", ".pnp.*", "bunfig.toml",
			".bunfig.toml", ".pypirc", "pip.conf", "pip.ini", ".condarc",
			".cargo/config*", ".cargo/credentials*", ".gemrc", ".bundle", ".m2",
			".mvn", ".gradle/init*", ".gradle/gradle.properties", ".nuget",
			"nuget.config", ".composer", ".bazelrc", ".bazeliskrc", ".sbtopts",
			".jvmopts", ".mill-jvm-opts", ".terraformrc", ".netrc", ".docker", ".pip",
			"rust-toolchain*")},
	[WORKSPACE_RULE_SHORT_NAME] = {"short-name",
		"may be the short name of a protected file on FAT or NTFS", true, NULL},
	[WORKSPACE_RULE_POLICY] = {"policy", "is protected by the policy", true, NULL},
	[WORKSPACE_RULE_TARGET] = {"link-target",
		"is the target of a protected symlink in the source", true, NULL},
};

/* clang-format on */

const struct workspace_rule *workspace_rule_of(const char *word)
{
	for (size_t i = 0; i < WORKSPACE_RULES; i++)
		if (!strcmp(workspace_rules[i].word, word))
			return &workspace_rules[i];
	return NULL;
}

/* PROTECTED: the length of the path up to the end of its protected part. */
static void refuse(struct workspace_change *change, enum workspace_rule_id id, size_t protected)
{
	change->refused = workspace_rules[id].word;
	change->named = workspace_rules[id].named;
	change->protected_length = change->named ? protected : 0;
	change->inside = NULL;
}

void workspace_rules_refuse(struct workspace_change *change, enum workspace_rule_id id)
{
	refuse(change, id, strlen(change->path));
}

/* Returns whether a link at PATH may lead out of the source. ".." behind a name counts as leading
 * out: the name may be a link itself, and ".." starts from its target. */
bool workspace_rules_link_leaves(const char *path, const char *target)
{
	size_t depth = 0, up = 0;

	if (*target == '/' || *target == '\0')
		return true;
	for (const char *c = path; (c = strchr(c, '/')); c++)
		depth++;
	while (!strncmp(target, "../", 3) || !strcmp(target, "..") || !strncmp(target, "./", 2)) {
		up += target[1] == '.';
		target += strcspn(target, "/");
		target += strspn(target, "/");
	}
	if (up > depth)
		return true;
	for (const char *c = target; c; c = strchr(c, '/')) {
		c += strspn(c, "/");
		if (!strncmp(c, "..", 2) && (c[2] == '/' || c[2] == '\0'))
			return true;
	}
	return false;
}

static bool is_too_long(const char *path)
{
	if (strlen(path) >= PATH_TEXT_MAX)
		return true;
	for (size_t n; *path; path += n + (path[n] == '/')) {
		n = strcspn(path, "/");
		if (n > NAME_BYTES)
			return true;
	}
	return false;
}

/* Returns WORKSPACE_RULES if no rule refuses the type. */
static enum workspace_rule_id judge_type(const struct workspace_change *change)
{
	if (is_too_long(change->path) || (change->from && is_too_long(change->from)))
		return WORKSPACE_RULE_PATH;
	if (change->kind == WORKSPACE_DELETED)
		return WORKSPACE_RULES;
	switch (change->type) {
	case WORKSPACE_FILE:
	case WORKSPACE_DIRECTORY:
	case WORKSPACE_TYPES:
		return WORKSPACE_RULES;
	case WORKSPACE_SYMLINK:
		return workspace_rules_link_leaves(change->path, change->target)
			       ? WORKSPACE_RULE_LINK
			       : WORKSPACE_RULES;
	case WORKSPACE_DEVICE:
		return WORKSPACE_RULE_DEVICE;
	case WORKSPACE_FIFO:
		return WORKSPACE_RULE_FIFO;
	case WORKSPACE_SOCKET:
		return WORKSPACE_RULE_SOCKET;
	}
	return WORKSPACE_RULE_DEVICE;
}

/* Refuses a change because COMPONENTS of PATH are protected. For the old path that part has no
 * place in the new one, so all of that counts. */
static bool refuse_at(struct workspace_change *change, const char *path, size_t components,
	enum workspace_rule_id id)
{
	refuse(change, id,
		path == change->path ? workspace_rules_length(path, components)
				     : strlen(change->path));
	return true;
}

static bool judge_list(struct workspace_change *change, const char *path, const char *folded,
	const struct oci_strings *list, enum workspace_rule_id id)
{
	size_t components;

	for (size_t i = 0; list && i < list->n; i++) {
		char pattern[PATH_TEXT_MAX];

		workspace_rules_fold(list->items[i], pattern);
		if (workspace_rules_match(folded, pattern, &components))
			return refuse_at(change, path, components, id);
	}
	return false;
}

static bool judge_tables(struct workspace_change *change, const char *path,
	const struct workspace_surroundings *around)
{
	char folded[PATH_TEXT_MAX];
	size_t components;

	workspace_rules_fold(path, folded);
	for (enum workspace_rule_id id = 0; id < WORKSPACE_RULES; id++)
		for (const char *const *name = workspace_rules[id].names; name && *name; name++)
			if (workspace_rules_match(folded, *name, &components))
				return refuse_at(change, path, components, id);
	if (judge_list(change, path, folded, around->protect, WORKSPACE_RULE_POLICY) ||
		judge_list(change, path, folded, around->targets, WORKSPACE_RULE_TARGET))
		return true;
	components = 1;
	for (const char *name = folded;; name++, components++) {
		size_t n = strcspn(name, "/");

		if (workspace_rules_is_short(name, n))
			return refuse_at(change, path, components, WORKSPACE_RULE_SHORT_NAME);
		name += n;
		if (!*name)
			break;
	}
	return false;
}

/* Returns whether git writes this itself. It must be a file or a directory: through a link git
 * could read files that it obeys. */
static bool is_written_by_git(const struct workspace_change *change, const char *inner)
{
	const bool goes = change->kind == WORKSPACE_DELETED;

	if (!goes && change->type != WORKSPACE_FILE && change->type != WORKSPACE_DIRECTORY)
		return false;
	return workspace_rules_git_writes(inner) &&
	       !workspace_rules_git_believes(inner, goes || change->kind == WORKSPACE_ADDED);
}

/* INNER: the part of PATH inside a repository. RET_DONE: git obeys no part of it, whatever its name
 * is. */
static bool judge_inner(struct workspace_change *change, const char *path, const char *inner,
	bool is_new, bool *ret_done)
{
	size_t length = (size_t)(inner - path);

	if (is_new || !*inner) {
		length -= length > 0 && (path[length - 1] == '/' || path[length - 1] == '\\');
		length = path == change->path && length > 0 ? length : strlen(change->path);
		refuse(change, is_new ? WORKSPACE_RULE_REPOSITORY : WORKSPACE_RULE_GIT, length);
		return true;
	}
	*ret_done = is_written_by_git(change, inner);
	if (*ret_done)
		return false;
	length += strcspn(inner, "/");
	refuse(change, WORKSPACE_RULE_GIT, path == change->path ? length : strlen(change->path));
	return true;
}

static bool judge_git(
	struct workspace_change *change, const char *path, bool is_new, bool *ret_done)
{
	for (size_t n, at = 0; path[at]; at += n + (path[at + n] != '\0')) {
		const char *inner;
		bool twin, other;

		n = strcspn(path + at, "/\\");
		if (!workspace_rules_is_git(path + at, n))
			continue;
		/* A file system that compares names differently takes the twin for the repository
		 * itself. */
		twin = strncmp(path + at, ".git", n) != 0 || path[at + n] == '\\';
		inner = path + at + n + (path[at + n] != '\0');
		other = !*inner && change->kind != WORKSPACE_MODIFIED &&
			change->kind != WORKSPACE_DELETED;
		if (judge_inner(change, path, inner, is_new || twin || other, ret_done))
			return true;
	}
	return false;
}

static void judge_path(struct workspace_change *change, const struct workspace_surroundings *around)
{
	bool done = false;

	if (judge_git(change, change->path, around->new_git, &done))
		return;
	if (around->below_repository && judge_inner(change, change->path, around->below_repository,
						around->new_repository, &done))
		return;
	if (!done && judge_tables(change, change->path, around))
		return;
	done = false;
	if (change->from && !judge_git(change, change->from, false, &done) && !done)
		(void)judge_tables(change, change->from, around);
}

/* Returns whether a link at PATH would replace a directory above the target of a protected link. */
static bool is_on_the_way(const char *path, const struct oci_strings *targets)
{
	char folded[PATH_TEXT_MAX], target[PATH_TEXT_MAX];
	size_t n;

	workspace_rules_fold(path, folded);
	n = strlen(folded);
	for (size_t i = 0; targets && i < targets->n; i++) {
		workspace_rules_fold(targets->items[i] + 1, target);
		if (!strncmp(target, folded, n) && target[n] == '/')
			return true;
	}
	return false;
}

/* Writes the target of a link at PATH that stays in the source. */
static void resolve(const char *path, const char *target, char ret[static PATH_TEXT_MAX])
{
	const char *slash = strrchr(path, '/');
	char whole[2 * PATH_TEXT_MAX], clean[PATH_TEXT_MAX];

	(void)snprintf(
		whole, sizeof(whole), "/%.*s/%s", slash ? (int)(slash - path) : 0, path, target);
	/* A path that is too long leads nowhere. */
	ret[0] = '\0';
	if (path_clean(whole, clean) == 0)
		memcpy(ret, clean + 1, strlen(clean));
}

/* Judges a link by its target: a write to a link there writes to a protected name. */
static void judge_link(struct workspace_change *change, const struct workspace_surroundings *around)
{
	const struct workspace_surroundings there = {
		.protect = around->protect, .targets = around->targets};
	char path[PATH_TEXT_MAX];
	struct workspace_change target = {.kind = WORKSPACE_MODIFIED, .path = path};

	if (is_on_the_way(change->path, around->targets)) {
		workspace_rules_refuse(change, WORKSPACE_RULE_TARGET);
		return;
	}
	resolve(change->path, change->target, path);
	judge_path(&target, &there);
	if (!target.refused)
		return;
	change->refused = target.refused;
	change->named = true;
	change->protected_length = strlen(change->path);
}

void workspace_rules_judge(
	struct workspace_change *change, const struct workspace_surroundings *around)
{
	enum workspace_rule_id id = judge_type(change);

	if (change->refused)
		return;
	if (id < WORKSPACE_RULES) {
		workspace_rules_refuse(change, id);
		return;
	}
	judge_path(change, around);
	if (!change->refused && change->type == WORKSPACE_SYMLINK && change->target)
		judge_link(change, around);
}
