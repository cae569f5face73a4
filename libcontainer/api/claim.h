/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_CLAIM_H
#define NACRE_API_CLAIM_H

#include "libcontainer/api/nacre.h"
#include "libcontainer/api/update_egress.h"
#include "specs/audit.h"

/*
 * The claim of a container that was created late: another program, source of the workspace, rules
 * of egress.
 *
 * It is planned first: everything is read and judged, by the rules and grants that the container
 * was made with, and nothing is changed. Then "claimed" is made in the state, which only one can.
 * What fails from there on ends INIT, and what is killed leaves an INIT that waits for a turn that
 * nobody gives any more: no second owner gets what the first one brought. INIT is told last.
 */
struct claiming {
	const struct nacre_start_options *options;
	struct harden_request request;
	const struct oci_config *before; /* the container's */
	struct oci_config *next;
	bool places; /* a workspace */
	bool swaps; /* rules of egress */
	struct update_egress egress;
	struct claim claim;
};

/* Whether container L and OPTIONS (NULL: a plain start) go together. */
int claim_check(
	const struct life *l, const struct nacre_start_options *options, struct nacre_error *err);

/* C->options is set. L is locked, and its config loaded. */
int claim_plan(struct life *l, struct claiming *c, struct nacre_error *err);

/* L has INIT's start pipe. -EBUSY: another has claimed it. Kills INIT if it fails later. */
int claim_perform(struct life *l, struct claiming *c, struct nacre_error *err);

/* What the audit record says of it. EVENT borrows. */
void claim_tell(const struct life *l, const struct claiming *c, struct audit_event *event);

void claim_done(struct claiming *c);

/* claim_record.c: has report.json, if PLACES, and the plan of the receipt tell of the config that
 * is stored by now, CONFIG. */
int claim_record(const struct container *c, const struct oci_config *config, bool places,
	struct nacre_error *err);

#endif
