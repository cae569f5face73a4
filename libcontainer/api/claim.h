/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_CLAIM_H
#define NACRE_API_CLAIM_H

#include "libcontainer/api/nacre.h"
#include "libcontainer/api/update_egress.h"
#include "specs/audit.h"

/*
 * The claim of a container that was created late: gives it another program, source of the workspace
 * and egress rules.
 *
 * First the process is read, without the container's lock: a pipe may keep its reader waiting.
 * Then the claim is planned: all input is judged by the rules and grants of the container's
 * creation, and nothing is changed. Then the file "claimed" is created in the state,
 * which only one command can do. A later failure ends INIT. A command that is killed then leaves an
 * INIT that waits for ever: no second owner gets what the first one has brought. INIT gets its
 * process last.
 */
struct claiming {
	const struct nacre_start_options *options;
	struct harden_request request;
	char *process; /* text of the process; heap */
	size_t process_length;
	const struct oci_config *before; /* config of the container */
	struct oci_config *next;
	bool has_workspace;
	bool has_egress;
	struct update_egress egress;
	struct claim claim;
};

/* Reads the process. C->options is set. */
int claim_read(struct claiming *c, struct nacre_error *err);

/* Checks that container L and OPTIONS (NULL: a plain start) fit together. */
int claim_check(
	const struct life *l, const struct nacre_start_options *options, struct nacre_error *err);

/* Plans the claim. C has been read, L is locked, and its config loaded. */
int claim_plan(struct life *l, struct claiming *c, struct nacre_error *err);

/* Performs the claim; L has INIT's start pipe. -EBUSY: another command has claimed it. Kills INIT
 * after a later failure. */
int claim_perform(struct life *l, struct claiming *c, struct nacre_error *err);

/* Fills in the audit event, which borrows from both. */
void claim_tell(const struct life *l, const struct claiming *c, struct audit_event *event);

void claim_done(struct claiming *c);

/* claim_record.c: updates report.json, if there is a workspace, and the receipt's plan to CONFIG,
 * which is stored by now. */
int claim_record(const struct container *c, const struct oci_config *config, bool has_workspace,
	struct nacre_error *err);

#endif
