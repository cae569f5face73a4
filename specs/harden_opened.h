/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_HARDEN_OPENED_H
#define NACRE_HARDEN_OPENED_H

#include "specs/harden.h"
#include "specs/profiles.h"

/* Interface for libcontainer/mount/mount_guard.h, which opens the objects that harden() has judged
 * as text, and judges them again by their identity. */

/* Whether the profile of REQUEST has RULE. */
bool harden_has_rule(const struct harden_request *request, enum profile_rule rule);

/* Whether grants apply to RULE, which they do unless it is required. */
bool harden_takes_grants(const struct harden_request *request, enum profile_rule rule);

/* Whether the word GRANT was given and counts for RULE. */
bool harden_has_grant(
	const struct harden_request *request, enum profile_rule rule, const char *grant);

/* Calls WARN for each grant of a source that had no effect, neither on the text of the config
 * (GRANTED, of the report) nor on what was opened (USED, one a grant). */
void harden_warn_of_sources(const struct harden_request *request, const struct oci_strings *granted,
	const bool *used, void (*warn)(void *data, const char *text), void *data);

/* Whether GRANT is KIND:PATH, "mount", "workspace" or "device"; RET_PATH: clean, see
 * harden_host_path. */
bool harden_grant_path(const char *grant, const char *kind, char ret_path[static 4096]);

/* What the config leaves of a mount, which a remount may change: one a mount. -ENOMEM, without a
 * text. */
struct harden_left {
	bool writable; /* and so a directory of the host */
	bool devices; /* its nodes can be opened */
};
int harden_leaves(
	struct arena *arena, const struct oci_config *config, struct harden_left **ret_left);

/* Judges PATH, where a source really lies, as harden() judged what the config says. PLACE: the JSON
 * path of what led there. USED, one a grant: out, where it decides. -EPERM. */
int harden_judge_source(struct arena *arena, const struct harden_request *request, bool *used,
	const char *place, const char *path, struct nacre_error *err);

/* -EPERM: "profile P, rule R: PLACE: ...; allow it with --allow GRANT". */
int harden_refuse_opened(struct arena *arena, const struct harden_request *request,
	enum profile_rule rule, const char *place, const char *grant, const char *text,
	struct nacre_error *err);

/* Refuses the disk at PATH, which is no NODE of a grant disk:NODE. */
int harden_refuse_disk(struct arena *arena, const struct harden_request *request, const char *place,
	const char *path, struct nacre_error *err);

/* Calls EACH with the NODE of every grant disk:NODE that counts, up to the first that it does not
 * return 0 for. */
int harden_each_disk(const struct harden_request *request,
	int (*each)(void *data, const char *node, struct nacre_error *err), void *data,
	struct nacre_error *err);

#endif
