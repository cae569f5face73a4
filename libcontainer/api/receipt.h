/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_RECEIPT_H
#define NACRE_API_RECEIPT_H

#include "libcontainer/api/bundle.h"
#include "libcontainer/api/nacre.h"
#include "specs/receipt_plan.h"

/*
 * The receipt of a container. create chooses its destination and checks that the key can sign
 * (receipt_prepare). delete writes it when no process of the container is left and before anything
 * is removed (receipt_end). A container whose creation failed has none: it ran nothing.
 */

/* In the state directory: the plan, and the signed receipt until it is at its destination. */
#define RECEIPT_PLAN_FILE "receipt"
#define RECEIPT_SIGNED_FILE "receipt.signed"
/* Written by the process that waited for the first process. */
#define RECEIPT_EXIT_FILE "exit"
/* One byte per process that exec was to run. */
#define RECEIPT_EXECS_FILE "execs"

/* Hides the caller's usual key, the policy's and the one of OPTIONS from the container, even
 * without a receipt. Sets l->receipt if OPTIONS, the policy or a requirement demand a receipt.
 * Comes last in the preparation of L. */
int receipt_prepare(struct life *l, const struct nacre_create_options *options,
	const struct bundle *bundle, struct nacre_error *err);

/* Whether a receipt is planned for the container with the state STATE_FD. */
bool receipt_is_planned(int state_fd);

/* Loads the plan of an opened container for which a receipt is planned. */
int receipt_load_plan(
	const struct container *c, struct receipt_plan **ret_plan, struct nacre_error *err);

/* start of a late container: adds to l->guard, made for the new config, the keys that
 * receipt_prepare has hidden. */
int receipt_guard_again(struct life *l, struct nacre_error *err);
/* After that: records that the config.json of the state is what runs. */
int receipt_note_config(const struct container *c, struct nacre_error *err);

/* update: notes, before anything is changed, that the receipt must report it, if one is planned. */
int receipt_note_update(const struct container *c, struct nacre_error *err);

/* exec: notes, before the process runs, that the receipt must report it, if one is planned. */
int receipt_note_exec(int state_fd, struct nacre_error *err);

/* Kills the rest of the container and writes its receipt, if one is planned. A failure is a
 * warning, unless the receipt is required. */
int receipt_end(struct life *l, struct nacre_error *err);

/* --- receipt_collect.c --- */

/* Collects everything about the container except the chain and workspaces. What cannot be reported
 * is in the list of gaps. PROGRAM: the digest of this program. */
int receipt_collect(struct life *l, const struct receipt_plan *plan, const char *program,
	struct receipt *ret_receipt, struct nacre_error *err);

/* --- receipt_workspaces.c --- */

/* Collects the subjects, and the report on workspaces. */
int receipt_collect_workspaces(
	struct life *l, struct receipt_statement *statement, struct nacre_error *err);

#endif
