/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_UPDATE_EGRESS_H
#define NACRE_UPDATE_EGRESS_H

#include "libcontainer/api/nacre.h"
#include "libcontainer/net/egress_bpf.h"
#include "libcontainer/net/egress_relay.h"

/*
 * Other rules of egress for a container that is there, without a moment in which more is allowed
 * than by the old or by the new ones: the new rules come beside the old, at the cgroup and in the
 * relay; config.json is written; the old ones go. If it is killed in between, what both allow is
 * left, and the next update ends that.
 */

struct update_egress {
	struct egress_policy rules;
	struct egress_bpf_policy policy;
	struct egress_relay *relay; /* NULL: the container has none, or no name and a dead one */
	int relay_fd; /* where it takes rules; -1: none */
	bool has_new_names; /* that were never given an address */
	bool begun; /* something may have changed */
	bool told; /* the relay may have the new rules beside the old */
	bool swapping; /* SWAP is there */
	struct egress_bpf_swap swap;
};

/* Has REQUEST, by which the container is hardened again, say the rules that the policy makes of
 * EGRESS, a list as nacre_update_options has it. */
int update_egress_ask(const struct container *c, const char *const *egress,
	struct harden_request *request, struct nacre_error *err);

/* facts_look for it; the pid namespace is that of C's process, whatever its path leads to now. */
int update_egress_look(const struct container *c, const struct oci_config *config,
	struct harden_request *request, struct nacre_error *err);

/* Settles how the rules of NEXT come in place of those of C's config, or that they cannot. */
int update_egress_plan(struct container *c, struct oci_config *next, struct update_egress *update,
	struct nacre_error *err);
/* With the first rules: refuses as create does if the container's processes can leave its cgroup,
 * which is open. */
int update_egress_check(
	const struct container *c, const struct update_egress *update, struct nacre_error *err);
/* From here on they hold beside each other, until update_egress_finish. */
int update_egress_begin(
	const struct container *c, struct update_egress *update, struct nacre_error *err);
/* In place of update_egress_finish, where the config was not stored: the old ones hold alone again;
 * in a relay that does not answer the new ones may hold beside them, until the next update. */
void update_egress_undo(const struct container *c, const struct update_egress *update);
int update_egress_finish(
	const struct container *c, const struct update_egress *update, struct nacre_error *err);
void update_egress_done(struct update_egress *update); /* closes */

#endif
