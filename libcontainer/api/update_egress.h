/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_UPDATE_EGRESS_H
#define NACRE_UPDATE_EGRESS_H

#include "libcontainer/api/nacre.h"
#include "libcontainer/net/egress_bpf.h"
#include "libcontainer/net/egress_relay.h"

/*
 * Replaces the egress rules of an existing container. At no moment is more allowed than by the old
 * or by the new rules: first the new rules are added, at the cgroup and in the relay, and only
 * what both allow is possible; then config.json is written; then the old rules are removed. If
 * nacre is killed in between, only what both allow remains possible until the next update.
 */

struct update_egress {
	struct egress_policy rules;
	struct egress_bpf_policy policy;
	struct egress_relay *relay; /* NULL: the container has none, or needs no names and its relay
				     * is dead */
	int relay_fd; /* socket that takes rules; -1: none */
	bool has_new_names; /* some names never had an address */
	bool begun; /* something may have changed */
	bool told; /* the relay may have the new rules in addition to the old ones */
	bool swapping; /* SWAP is valid */
	struct egress_bpf_swap swap;
};

/* Puts into REQUEST, for hardening the container again, the rules that the policy makes of EGRESS,
 * a list as in nacre_update_options. */
int update_egress_ask(const struct container *c, const char *const *egress,
	struct harden_request *request, struct nacre_error *err);

/* Calls facts_look; the pid namespace is the one of C's process, even if its path leads elsewhere
 * now. */
int update_egress_look(const struct container *c, const struct oci_config *config,
	struct harden_request *request, struct nacre_error *err);

/* Plans how the rules of NEXT replace those of C's config, or fails if they cannot. */
int update_egress_plan(struct container *c, struct oci_config *next, struct update_egress *update,
	struct nacre_error *err);
/* For the first rules of a container: fails, like create, if its processes can leave its cgroup,
 * which is open. */
int update_egress_check(
	const struct container *c, const struct update_egress *update, struct nacre_error *err);
/* From here on both sets of rules apply, until update_egress_finish. */
int update_egress_begin(
	const struct container *c, struct update_egress *update, struct nacre_error *err);
/* Called instead of update_egress_finish if the config was not stored: only the old rules apply
 * again. In a relay that does not answer, the new ones may apply too until the next update. */
void update_egress_undo(const struct container *c, const struct update_egress *update);
int update_egress_finish(
	const struct container *c, const struct update_egress *update, struct nacre_error *err);
void update_egress_done(struct update_egress *update); /* closes */

#endif
