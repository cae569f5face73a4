/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_POLICY_H
#define NACRE_POLICY_H

#include "specs/harden.h"

/* The annotation by which a container asks for grants; policy.json says for which it may. */
#define ANNOTATION_ALLOW "run.nacre.allow"
/* The one by which it asks for fewer connections: rules of egress.h, with spaces between. Followed
 * by a period and a container's name it is of that container of a pod. */
#define ANNOTATION_EGRESS "run.nacre.egress"
/* The one by which it asks that binds be workspaces: destinations, with spaces between. */
#define ANNOTATION_WORKSPACE "run.nacre.workspace"

/* The one by which it asks for ids of its own: "shifted". */
#define ANNOTATION_USERNS "run.nacre.userns"

/* In a list of required rules, and no rule of a profile: what runs leaves a signed receipt. */
#define REQUIRE_RECEIPT "receipt"

/*
 * Who may loosen what. Three speak, in this order of trust: the administrator by the policy file
 * (nacre-policy(5)), the caller by its command line, and whoever wrote the container's
 * annotations, which are the tenant's words. Each is held by those before it; what is not allowed
 * is an error, never left out in silence.
 *
 * Pure, as all of specs/.
 */

#define POLICY_VERSION 1

enum {
	POLICY_TMP_LEAST = 4096,
};

struct policy_grants {
	struct oci_strings given; /* to every container */
	bool has_allowed; /* absent: whatever the command line says */
	struct oci_strings allowed; /* patterns for --allow */
};

struct policy_annotations {
	struct oci_strings may_allow; /* patterns for run.nacre.allow */
};

/* Rules of egress.h for the containers of each profile that give none. */
struct policy_egress_default {
	struct oci_strings oci, nested, agent, strict;
};

struct policy_egress {
	struct policy_egress_default *defaults;
	struct oci_strings always; /* beside those of others */
	bool has_may_add; /* absent: whatever the command line says */
	struct oci_strings may_add; /* what --egress may give besides the default */
	struct oci_strings resolvers; /* see harden_request.egress_resolvers */
};

/* For workspaces that ask for no size of their own, and names to protect in all of them. */
struct policy_workspace {
	uint64_t bytes; /* 0: no limit */
	uint64_t inodes;
	struct oci_strings protect;
};

/* The rule user-namespace. */
struct policy_userns {
	const char *by_default; /* "shifted": whatever the profile */
	uint32_t first_id, last_id; /* of the host, for containers; 0: ID_BLOCKS_FIRST_ID */
};

struct policy {
	uint32_t version;
	const char *default_profile; /* NULL: PROFILE_DEFAULT */
	const char *least_profile; /* NULL: any may be chosen */
	struct policy_grants *grants;
	struct policy_annotations *annotations;
	struct policy_egress *egress;
	struct policy_workspace *workspace;
	struct policy_userns *userns;
	struct oci_strings require; /* rules */
	const char *audit_file; /* absolute, AUDIT_JOURNAL, or NULL */
	bool trace_denials; /* of every container that has nacre's own filter */
	struct oci_bool oom_group; /* in place of the profile's */
	uint64_t tmp_bytes; /* of the /tmp that is added; 0: by the memory limit */
	const char *receipt_dir; /* of containers' receipts, absolute; NULL: none */
	const char *receipt_key; /* absolute, or an URI; NULL: the usual one */
	const char *name; /* of the file, for error texts; not part of the document */
};

/* As the policy file is read: an unknown key is an error here (a typing error must not unlock
 * anything), and so is a profile, rule or grant that does not exist. NAME is kept. */
int policy_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct policy **ret_policy, struct nacre_error *err);

/* A pattern of a policy: a grant; KIND:* for all grants of a kind; KIND:PATH/ followed by * for
 * what lies below PATH. */
bool policy_matches(const struct oci_strings *patterns, const char *grant);

/* What the command line asks for. */
struct policy_request {
	const char *profile; /* NULL: not named */
	struct oci_strings grants;
	struct oci_strings require;
	struct oci_strings egress; /* rules of egress.h; none: those of the policy */
	const char *userns; /* "shifted"; NULL: as the policy and the profile say */
	const struct workspace_request *workspaces;
	size_t n_workspaces;
};

/* The words of harden_request.granted_by. */
#define BY_POLICY "policy"
#define BY_COMMAND "command line"
#define BY_ANNOTATION "annotation"

/* Settles what a container is hardened with: *RET_REQUEST, whose host is not known yet. POLICY may
 * be NULL. -EPERM for what is not allowed, -EINVAL for an unknown annotation run.nacre.*, profile
 * or grant. */
int policy_decide(struct arena *arena, const struct policy *policy,
	const struct policy_request *request, const struct oci_map *annotations,
	struct harden_request *ret_request, struct nacre_error *err);

/* Settles what rules of egress a container gets later that has REQUEST's profile: those ASKED for
 * by the command line, in place of the grants' and the annotation's, and those of POLICY (NULL:
 * none) that are always there. -EPERM, -EINVAL. */
int policy_decide_update(struct arena *arena, const struct policy *policy,
	const struct oci_strings *asked, struct harden_request *request, struct nacre_error *err);

#endif
