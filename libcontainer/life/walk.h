/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WALK_H
#define NACRE_WALK_H

#include "libcontainer/life/life.h"
#include "libcontainer/life/sync.h"

/* The walk of one process through one table of life.h: performs its own rows and passes the turn.
 */
struct walk {
	struct life *l;
	const struct step *steps;
	enum owner me;
	enum owner turn; /* owner of the row that is being performed */
	int given; /* row for which the turn was passed early, -1: none */
};

/* Continues with another table. TURN: its first owner; RUNTIME if INIT must not continue before
 * RUNTIME has done its overlapping rows. */
void walk_enter(struct walk *w, const struct step *steps, enum owner turn);

/* Sends a message without an fd to the other side. Returns 0 or -errno. */
int walk_say(const struct life *l, enum sync_kind kind, unsigned step, int32_t code, int32_t value,
	const char *text);

/* Whether the row is for a container with these conditions. */
bool walk_step_is_active(const struct step *step, uint64_t active);

/* Walks from FIRST to the end. *RET_LAST: the row that failed, or the end mark. */
int walk_from(struct walk *w, const struct step *first, const struct step **ret_last,
	struct nacre_error *err);

/* INIT's walk, from the spawn row on. */
int walk_from_spawn(struct walk *w, const struct step **ret_failed, struct nacre_error *err);

/* Undoes the rows before END, last first. ERR has the first failure; the other rows are still
 * undone, as far as STEP_LAST_TO_GO permits. */
int walk_back(
	struct life *l, const struct step *steps, const struct step *end, struct nacre_error *err);

#endif
