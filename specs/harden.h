/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_HARDEN_H
#define NACRE_HARDEN_H

#include "specs/spec.h"
#include "specs/workspace_request.h"

/*
 * harden(spec, profile, grants) -> tightened spec + report.
 *
 * Pure: no file, no syscall; the same input gives the same output. Idempotent, and never looser
 * than what it was given. Profiles are const data in profiles.c, rules are the rows of rules.h,
 * grants those of harden_grants.c. A grant switches off exactly one rule, or one item of one.
 */

/* A node of the host. */
struct harden_node {
	char type; /* 'c' or 'b'; 0: there is no such node */
	int64_t major;
	int64_t minor;
};

/* Facts about the host that rules need and, being pure, cannot look up. */
struct harden_host {
	uint64_t memory_bytes; /* RAM; 0: unknown */
	uint64_t pid_max; /* the sysctl; 0: unknown */
	uint64_t cpus; /* 0: unknown */
	/* Types of linux.namespaces whose path leads to a namespace of the caller or of pid 1. */
	struct oci_strings own_namespaces;
	bool user_apart; /* the path of type user leads to another namespace, whose root is not the
			  * host's */
	/* What a process inherits of the caller. */
	int oom_score; /* oom_score_adj */
	const char *scheduler; /* a real-time policy, "SCHED_RR"; NULL: another */
	int nice; /* that goes with SCHEDULER */
	bool io_real_time; /* the real-time I/O class */
	uint64_t rtprio; /* hard RLIMIT_RTPRIO */
	int64_t root_uid, root_gid; /* the host's root, as the caller sees it; -1: it does not */
	bool no_tmp; /* the image has no /tmp, and only its owner may write to its root */
	int64_t image_uid; /* the owner of the image's root */
	bool egress; /* rules of egress can be enforced: the kernel takes programs for cgroups, or
			the container's network leads nowhere */
	uint32_t first_id; /* of the block of ids that the container gets; 0: none */
	const struct harden_pod *pod; /* another container, whose user namespace it joins; NULL:
					 none, see harden_userns.h */
	const char *no_pod; /* why it joins none of those that own its namespaces, for people;
			       NULL: none does */
	const char *no_shift; /* why there is no block, for people */
	struct oci_strings unmapped; /* sources of binds without an id mapping of their own:
				      * devices and the like, and what is mapped with the
				      * root */
	const struct harden_node *nodes; /* one per grant, for device:PATH; NULL: not looked at */
};

struct harden_request {
	const char *profile; /* a name of profiles.c: "oci", "agent" */
	struct oci_strings
		grants; /* "rootfs-write", "cap:CAP_NET_RAW", "mount:/var/run/docker.sock", ... */
	const char **granted_by; /* one per grant: who gave it, see policy.h; NULL: not known */
	struct oci_strings require; /* rules: no grant counts for them, and nothing of them is best
				       effort */
	struct oci_bool oom_group; /* from the policy: replaces the profile's default */
	struct oci_strings egress; /* canonical words of egress.h, which hold whatever the profile;
				      none: the profile's own */
	bool shifted; /* adds the rule user-namespace to any profile */
	bool in_pod; /* of Kubernetes, where no one has a command line: a refusal's words */
	bool receipt; /* its container gets one, or stays: policy.h, REQUIRE_RECEIPT */
	bool egress_stays; /* the container's egress rules were decided earlier: update, exec */
	bool egress_replaces; /* EGRESS replaces the rules in config.json: update --egress */
	struct oci_strings egress_given; /* rules of those who may give a container names by way of
					    the host's network: not what an annotation makes of
					    them. Words of several lists, in no order */
	struct oci_strings egress_resolvers; /* the policy's: addresses of the name servers in a
						network that is joined, where config.json binds no
						resolv.conf of it */
	const struct workspace_request *workspaces; /* of the command line */
	size_t n_workspaces;
	struct oci_strings workspace_binds; /* destinations whose binds are to be workspaces: the
					       annotation's */
	struct oci_workspace workspace_defaults; /* the policy's: bytes, inodes, protect */
	uint64_t tmp_bytes; /* the policy's, of the /tmp that is added; 0: by the memory limit */
	struct harden_host host;
};

/* One thing that a rule changed. */
struct harden_change {
	const char *rule;
	const char *path; /* JSON path: of what was removed in the given config, else in the
			     tightened */
	const char *from; /* JSON text, or NULL: was absent */
	const char *to; /* JSON text, or NULL: was removed */
	const char
		*summary; /* from and to for people: "false -> true", "-CAP_MKNOD -CAP_NET_RAW" */
	const char *why;
};

struct harden_report {
	const char *profile;
	struct oci_strings rules; /* every rule that the profile applies, in order */
	struct oci_strings granted; /* the grants that were used */
	struct harden_request request; /* all grants, and what is required */
	struct oci_strings best_effort; /* limits: see struct oci_hardened */
	struct oci_strings workspaces; /* of the tightened config: workspace_words */
	struct harden_change *changes;
	size_t n_changes;
	struct oci_strings taken; /* what the config asks for explicitly and does not get, for
				     people, with the grant that gives it */
	struct oci_strings left_out; /* rules that cannot be enforced here, and why, for people */
	struct oci_strings unknown; /* names that are no capability */
};

/* Whether NAME is a profile. On failure the error lists those that are. */
int harden_profile_check(const char *name, struct nacre_error *err);

/* The rules of PROFILE, which may be unknown or NULL, in the order in which they run; whether
 * user-namespace is one of them SHIFTED alone decides. -ENOMEM. */
int harden_list_rules(
	struct arena *arena, const char *profile, bool shifted, struct oci_strings *ret_rules);

/* Whether GRANT is well formed and known. On failure the error has the nearest known grant. */
int harden_grant_check(const char *grant, struct nacre_error *err);

/* The item in a grant of KIND ("device:/dev/kvm" of "device"), or NULL. */
const char *harden_grant_item(const char *grant, const char *kind);

/* Whether there is a grant that begins with BEGINNING, of a kind that takes items: "cap:", or
 * "mount:" and a directory. */
bool harden_grant_begins(const char *beginning);

/* The same for the name of a rule. */
int harden_rule_check(const char *rule, struct nacre_error *err);

/* Calls EACH with every entry, in the order of the tables. A grant whose item is a path has a word
 * in upper case in its place: "mount:SOURCE". */
void harden_profile_each(
	void (*each)(void *data, const char *name, const char *summary), void *data);
void harden_rule_each(void (*each)(void *data, const char *name, const char *why), void *data);
void harden_grant_each(void (*each)(void *data, const char *grant), void *data);

/* Everything lives in ARENA; CONFIG is not touched. A refusal is -EPERM: "profile agent, rule
 * host-network: linux.namespaces: ...; allow it with --allow host-network", in a pod with the
 * annotation. */
int harden(struct arena *arena, const struct oci_config *config,
	const struct harden_request *request, struct oci_config **ret_config,
	struct harden_report **ret_report, struct nacre_error *err);

/* The same limits for a process that joins a container later (exec). */
int harden_process(struct arena *arena, const struct oci_process *process,
	const struct harden_request *request, struct oci_process **ret_process,
	struct harden_report **ret_report, struct nacre_error *err);

/* Whether there are rules of egress, by which something is refused: NACRE (NULL: none) is the
 * config's. "open" is none. */
bool harden_has_egress(const struct oci_hardened *nacre);
/* The same for rules that are enforced, or the container is refused. Names are never best effort:
 * no profile has any by itself. */
bool harden_egress_holds(const struct oci_hardened *nacre);

/* A process that joins a container with rules of egress has no capability that goes past them, but
 * for those that CONFIG, the container's own, was allowed. -EPERM. */
int harden_egress_check_exec(const struct oci_config *config, const struct oci_process *process,
	struct nacre_error *err);

/* Where CONFIG's rules hold by a relay alone, all that they allow is reached by way of the host's
 * network: refuses (-EPERM) what only an annotation or config.json gives to a container with a
 * network of its own. */
int harden_egress_check_relay(struct arena *arena, const struct oci_config *config,
	const struct harden_request *request, struct nacre_error *err);

/* Whether CONFIG, hardened as nested, forbids what that profile is for: TEXT then says what, and
 * which options of engines give it. Its seccomp filter is not looked at here. */
bool harden_nested_lacks(const struct oci_config *config, char *text, size_t size);

/* The report as a table for people, or as JSON: nacre-policy(5), JSON DOCUMENTS. Heap; the caller's
 * to free. */
#define HARDEN_REPORT_VERSION 1
int harden_report_text(
	const struct harden_report *report, char **ret_text, struct nacre_error *err);
int harden_report_json(
	const struct harden_report *report, char **ret_text, struct nacre_error *err);
/* Calls WARN once for what the config asked for and does not get, once for unknown capabilities,
 * and, if GRANTS, for each grant of the caller or an annotation that had no effect. */
void harden_report_warn(const struct harden_report *report, bool grants,
	void (*warn)(void *data, const char *text), void *data);
/* The difference from the given config, in the form of diff(1). */
int harden_report_diff(
	const struct harden_report *report, char **ret_text, struct nacre_error *err);

#endif
