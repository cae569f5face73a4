/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPECS_WORKSPACE_CHANGES_H
#define NACRE_SPECS_WORKSPACE_CHANGES_H

#include "specs/error.h"
#include "specs/spec_types.h"

/*
 * What a container changed in a workspace: the list that `nacre workspace diff` shows, that `apply`
 * applies, and whose digest a receipt signs. Pure.
 */

enum workspace_kind {
	WORKSPACE_ADDED, /* A: nothing of this name in the source */
	WORKSPACE_MODIFIED, /* M: content, target, or permission bits */
	WORKSPACE_DELETED, /* D: with all that is below it */
	WORKSPACE_RENAMED, /* R: a directory, by overlay's redirect; FROM is its old path, which has
			      no D of its own; what changed below it has entries of its own, by the
			      new path */
	WORKSPACE_REPLACED, /* T: another type of file than in the source, with all that was below
			     */
	WORKSPACE_KINDS
};

/* An opaque directory has no kind of its own: what it hides of the source is deleted. What all of
 * them together mean: every FROM is taken out of the source, and then, in the order of the list,
 * PATH is removed with all below it unless it is added or modified, and what is there now is put
 * there.
 */

enum workspace_type {
	WORKSPACE_FILE,
	WORKSPACE_DIRECTORY,
	WORKSPACE_SYMLINK,
	WORKSPACE_DEVICE, /* this and the next: always refused */
	WORKSPACE_FIFO,
	WORKSPACE_SOCKET,
	WORKSPACE_TYPES
};

struct workspace_change {
	enum workspace_kind kind;
	enum workspace_type type; /* of what is there now; of what was for D */
	const char *path; /* below the source, without a leading slash; bytes, without NUL */
	const char *from; /* R: old path, as the source has it; else NULL */
	const char *target; /* of a symlink that is there now; else NULL */
	uint32_t mode; /* permission bits as apply would write them, at most 0777; 0 for D */
	uint32_t old_mode; /* what the source has, of M and R; else MODE; not in the JSON */
	uint64_t size; /* bytes of a file that is there now; else 0 */
	const char *sha256; /* hex, of a file's content or a symlink's target; NULL: not read */
	const char *refused; /* word of workspace_rules.h: apply leaves it out; NULL: none */
	bool named; /* REFUSED counts only until PATH is named (workspace_change_is_named) */
	size_t protected_length; /* of PATH up to the end of what is protected; not in the JSON */
	const char *inside; /* what of PATH or FROM has the name that REFUSED is for, if not they
			       themselves; not in the JSON */
	const char *conflict; /* word: the source changed meanwhile; NULL: none */
};

struct workspace_changes {
	struct workspace_change
		*items; /* sorted by path, bytewise; parents before what is in them */
	size_t n;
};

/* Sorts ITEMS by path, bytewise, with parents before their entries. */
void workspace_changes_sort(struct workspace_changes *changes);

/* Whether PATH, given to apply and clean, lifts CHANGE's REFUSED: it is the change's path, or a
 * directory above it that is protected itself. "src" does not name "src/.envrc". */
bool workspace_change_is_named(const struct workspace_change *change, const char *path);

/* "added", ... "file", ...: the words of the JSON. */
const char *workspace_kind_word(enum workspace_kind kind);
const char *workspace_type_word(enum workspace_type type);

/* The same for people: 'A', 'M', 'D', 'R', 'T'. */
char workspace_kind_letter(enum workspace_kind kind);

/*
 * Canonical JSON, what the digest is of: an array, one object a line; members sorted and without
 * spaces, those that are NULL or false left out; paths and targets by escape_name() (escape.h),
 * MODE as four octal digits. Heap; the caller's. -EINVAL: not sorted, or a path twice.
 */
int workspace_changes_encode(
	const struct workspace_changes *changes, char **ret_text, struct nacre_error *err);

/* SHA-256 of that, in hex. */
int workspace_changes_digest(
	const struct workspace_changes *changes, char ret_hex[65], struct nacre_error *err);

#endif
