/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_RULES_H
#define NACRE_WORKSPACE_RULES_H

#include "specs/path_text.h"
#include "specs/spec_types.h"
#include "specs/workspace_changes.h"

/*
 * Which changes of a workspace apply leaves out, and why. Two kinds: what has no business in a
 * source whatever the caller says, and names that somebody on the host runs or obeys without being
 * asked, so that a change of them becomes a program of the container on the host: those count until
 * the caller names them. Pure.
 */

enum workspace_rule_id {
	/* never applied */
	WORKSPACE_RULE_DEVICE,
	WORKSPACE_RULE_FIFO,
	WORKSPACE_RULE_SOCKET,
	WORKSPACE_RULE_LINK,
	WORKSPACE_RULE_PATH,
	WORKSPACE_RULE_BYTES,
	WORKSPACE_RULE_SPARSE,
	WORKSPACE_RULE_UNREADABLE,
	WORKSPACE_RULE_MOUNT,
	WORKSPACE_RULE_OVERLAY,
	WORKSPACE_RULE_REDIRECT,
	/* until named */
	WORKSPACE_RULE_GIT,
	WORKSPACE_RULE_REPOSITORY,
	WORKSPACE_RULE_GIT_FILES,
	WORKSPACE_RULE_HOOKS,
	WORKSPACE_RULE_CI,
	WORKSPACE_RULE_EDITOR,
	WORKSPACE_RULE_AGENT,
	WORKSPACE_RULE_ENVIRONMENT,
	WORKSPACE_RULE_CONTAINER,
	WORKSPACE_RULE_SHELL,
	WORKSPACE_RULE_PACKAGES,
	WORKSPACE_RULE_SHORT_NAME,
	WORKSPACE_RULE_POLICY,
	WORKSPACE_RULE_TARGET,
	WORKSPACE_RULES
};

struct workspace_rule {
	const char *word;
	const char *reason;
	bool named; /* counts only until the path is named */
	/* Last components of a path, in lower case, "*" for any run of bytes, that are protected
	 * with all that is below them. NULL: none. */
	const char *const *names;
};

extern const struct workspace_rule workspace_rules[WORKSPACE_RULES];

/* The row of WORD; NULL: none, as of a later version. */
const struct workspace_rule *workspace_rule_of(const char *word);

/* Facts about the path that the list of changes does not have. */
struct workspace_surroundings {
	/* The part of PATH below the innermost directory around it that git takes for a repository
	 * by what is in it, whatever its name; NULL: none. */
	const char *below_repository;
	bool new_repository; /* that one is not in the source */
	bool new_git; /* a directory .git around PATH is not in the source */
	const struct oci_strings *protect; /* more names for WORKSPACE_RULE_POLICY; may be NULL */
	const struct oci_strings *targets; /* the same for WORKSPACE_RULE_TARGET */
};

/* Sets CHANGE's refused, named and protected_length for the first rule that KIND, TYPE, PATH, FROM
 * and TARGET break, and otherwise none of them. An entry that is refused already stays so. */
void workspace_rules_judge(
	struct workspace_change *change, const struct workspace_surroundings *around);

/* Refuses CHANGE for a reason that only the kernel can tell. */
void workspace_rules_refuse(struct workspace_change *change, enum workspace_rule_id id);

/* What makes a directory a repository for git, which then runs what its config says. */
struct workspace_repository_parts {
	bool head, objects, refs, commondir;
};

/* Adds NAME, if it is one of them as any file system compares names. */
void workspace_rules_add_part(struct workspace_repository_parts *parts, const char *name);
bool workspace_rules_is_repository(const struct workspace_repository_parts *parts);

/* Whether a file system may take NAME, of N bytes, for ".git". */
bool workspace_rules_is_git(const char *name, size_t n);

/* Whether NAME has the form of the short names that FAT and NTFS make: "GIT~1". */
bool workspace_rules_is_short(const char *name, size_t n);

/* Whether a symlink at PATH, below the source, may lead out of it. */
bool workspace_rules_link_leaves(const char *path, const char *target);

/* Writes PATH as file systems see it that fold names: one "/" between two components, a backslash
 * for one; a component may be empty. Of a longer path the beginning. */
void workspace_rules_fold(const char *path, char ret[static PATH_TEXT_MAX]);

/* Whether the names of PATTERN, a row's or a policy's in lower case, are in FOLDED. One that begins
 * with "/" is sought at the top of the source alone. RET_COMPONENTS: of the path up to their end.
 */
bool workspace_rules_match(const char *folded, const char *pattern, size_t *ret_components);

/* The bytes of PATH, as it was, up to the end of so many. */
size_t workspace_rules_length(const char *path, size_t components);

/* Whether INNER, a path in a repository that the source has, is what git writes at work (commit,
 * merge, rebase, gc, fetch), and nothing that it obeys. */
bool workspace_rules_git_writes(const char *inner);

/* Whether git takes INNER, which it writes at work, as it is: an index, or an object that was there
 * before (IS_NEW: it was not). */
bool workspace_rules_git_believes(const char *inner, bool is_new);

#endif
