/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_APPLY_FIXTURE_H
#define NACRE_TESTS_APPLY_FIXTURE_H

#include <stddef.h>

#include "libcontainer/workspace/apply.h"
#include "libcontainer/workspace/undo.h"

/* A source and the upper of a container that worked on it, made by hand, below a directory in /tmp:
 * "s/PATH" is of the source, "u/PATH" of the upper, and "w" the workspace's own directory. */

enum {
	FIXTURE_CHANGES = 512
};

struct apply_fixture {
	char top[64];
	int top_fd, dir_fd, upper_fd, source_fd;
	struct arena *arena;
	int64_t created;
	struct workspace_change items[FIXTURE_CHANGES];
	struct workspace_changes changes;
	bool wanted[FIXTURE_CHANGES], named[FIXTURE_CHANGES], forced[FIXTURE_CHANGES];
	struct apply_result results[FIXTURE_CHANGES];
	bool dry_run, user_xattr;
};

/* In a new file system of TYPE, tmpfs or ramfs, on a mount in a namespace of the test's own, from
 * the next fixture_set_up on. */
void fixture_use(const char *type);

/* OTHER_FS: the workspace's directory is a tmpfs of so many KiB in a mount namespace of the test's
 * own; 0: it lies beside the source. */
void fixture_set_up(struct apply_fixture *f, unsigned other_fs);
void fixture_tear_down(struct apply_fixture *f);

/* Makes what is above PATH, too. */
void fixture_file(const struct apply_fixture *f, const char *path, const char *text);
void fixture_directory(const struct apply_fixture *f, const char *path, unsigned mode);
void fixture_symlink(const struct apply_fixture *f, const char *path, const char *target);
void fixture_whiteout(const struct apply_fixture *f, const char *path);
void fixture_attribute(
	const struct apply_fixture *f, const char *path, const char *name, const char *value);

/* PATH: absolute. */
bool fixture_has_attribute(const char *path, const char *name);

/* From now on the host's changes are conflicts. */
void fixture_begin(struct apply_fixture *f);

/* Adds a change, with what the upper has at its path. */
struct workspace_change *fixture_change(
	struct apply_fixture *f, enum workspace_kind kind, const char *path);

/* Applies all that is wanted; fails the test if that cannot go on. */
void fixture_apply(struct apply_fixture *f);
void fixture_undo(struct apply_fixture *f, struct undo_request *ret);

/* The outcome of the change of PATH, as a letter: "-" left, "+" done, "!" refused, "C" conflict. */
char fixture_outcome(const struct apply_fixture *f, const char *path);

/* Fails the test if PATH is not a file with this text; NULL: if anything is there. */
void fixture_expect(const struct apply_fixture *f, const char *path, const char *text);

/* What is below PATH: a line an entry, sorted, with type, mode, owner, and content or target. Heap.
 * Whiteouts and attributes of overlay are told too. */
char *fixture_list(const struct apply_fixture *f, const char *path);

/* Fails the test if that is another. */
void fixture_expect_list(const struct apply_fixture *f, const char *path, const char *expected);

/* Fails the test if not all was applied. */
void fixture_expect_done(const struct apply_fixture *f);

/* --- apply_everything.c --- */

/* A source, and changes of each kind. What the source has when all of them were applied, and what
 * the upper has then. */
void fixture_everything(struct apply_fixture *f);
extern const char fixture_everything_applied[];
extern const char fixture_upper_left[];

/* --- apply_disturb.c --- */

enum disturbance {
	KILL,
	NO_SPACE_ONCE,
	NO_SPACE_ANY_MORE,
	NO_REMOVAL_ONCE,
	MEDDLE, /* disturb_meddle is called before it gives an owner, and opens anything */
};

/* Runs WORK in a child, and disturbs its call AT. Returns whether there is one. */
extern void (*disturb_meddle)(void);
bool disturb(void (*work)(void), enum disturbance how, unsigned at);

#endif
