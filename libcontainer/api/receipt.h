/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_RECEIPT_H
#define NACRE_API_RECEIPT_H

#include "libcontainer/api/bundle.h"
#include "libcontainer/api/nacre.h"
#include "specs/receipt_plan.h"

/*
 * The receipt of a container. Create settles where it goes and sees that the key can sign
 * (receipt_prepare); delete, when nothing of the container runs any more and before anything of it
 * is gone, writes it (receipt_end). A container whose creation failed has none: it ran nothing.
 */

/* In the state directory: a plan; and the receipt, signed, while it is given out. */
#define RECEIPT_PLAN_FILE "receipt"
#define RECEIPT_SIGNED_FILE "receipt.signed"
/* Written by whoever waited for the first process. */
#define RECEIPT_EXIT_FILE "exit"
/* A byte for each process that exec was to run. */
#define RECEIPT_EXECS_FILE "execs"

/* Hides the caller's usual key, that of the policy and that of OPTIONS from the container, whether
 * it is to have a receipt or not. l->receipt is set if OPTIONS, the policy or a requirement want
 * one. To be called when L is prepared but for that. */
int receipt_prepare(struct life *l, const struct nacre_create_options *options,
	const struct bundle *bundle, struct nacre_error *err);

/* Whether the container whose state is in STATE_FD is to have a receipt. */
bool receipt_is_planned(int state_fd);

/* The plan of an opened container that is to have a receipt. */
int receipt_load_plan(
	const struct container *c, struct receipt_plan **ret_plan, struct nacre_error *err);

/* start of a container that was created late: what receipt_prepare has l->guard refuse as a source,
 * for the new config's guard. */
int receipt_guard_again(struct life *l, struct nacre_error *err);
/* Then: config.json of the state, as it is now, is what runs. */
int receipt_note_config(const struct container *c, struct nacre_error *err);

/* exec, before it runs something: the receipt, if there is to be one, will tell of it. */
int receipt_note_exec(int state_fd, struct nacre_error *err);

/* Kills what is left of the container and writes its receipt, if it is to have one. What cannot be
 * done is a warning, but for a receipt that is required. */
int receipt_end(struct life *l, struct nacre_error *err);

/* --- receipt_collect.c --- */

/* What came of the container, all but the chain and workspaces. Whatever cannot be told is in the
 * list of that. PROGRAM: the digest of this one. */
int receipt_collect(struct life *l, const struct receipt_plan *plan, const char *program,
	struct receipt *ret_receipt, struct nacre_error *err);

/* --- receipt_workspaces.c --- */

/* The subjects, and with them what is said of workspaces. */
int receipt_collect_workspaces(
	struct life *l, struct receipt_statement *statement, struct nacre_error *err);

#endif
