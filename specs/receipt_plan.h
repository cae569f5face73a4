/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECEIPT_PLAN_H
#define NACRE_RECEIPT_PLAN_H

#include "specs/receipt.h"

/* The file "receipt" of a container's state: one is to be written at its end. What create knew, and
 * the end does not. Rules as for struct container_record. */

#define RECEIPT_PLAN_VERSION 1

struct receipt_plan {
	uint32_t version; /* of the nacre that wrote it */
	const char *file; /* --receipt: an absolute path; NULL: none */
	const char *directory; /* the policy's; NULL: none */
	const char *key; /* an absolute path, or an URI */
	bool required; /* without it the container stays */
	bool restored; /* from a checkpoint: what was before is not known */
	const char *run_sha256; /* of config.json as tightened */
	uint32_t updates; /* how often update was to change the container */
	struct receipt_runtime runtime;
};

int receipt_plan_encode(const struct receipt_plan *plan, char **ret_text, struct nacre_error *err);
int receipt_plan_decode(struct arena *arena, const char *text, size_t length,
	struct receipt_plan **ret_plan, struct nacre_error *err);

/* What report.json says of the rules: the names, why one was left out, with all else to be filled
 * in, and the grants. */
int receipt_read_report(struct arena *arena, const char *text, size_t length,
	struct receipt *receipt, struct nacre_error *err);

/* Whether GRANT was given and had an effect, after receipt_read_report. */
bool receipt_took_back(const struct receipt *receipt, const char *grant);

/* Whether the container was made with the rule user-namespace, likewise. */
bool receipt_has_rule_of_ids(const struct receipt *receipt);

/* Notes that MEMBER was not observed. Words are borrowed. */
int receipt_note_gap(struct arena *arena, struct receipt *receipt, const char *member,
	const char *reason, struct nacre_error *err);

#endif
