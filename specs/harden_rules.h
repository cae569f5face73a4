/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_HARDEN_RULES_H
#define NACRE_HARDEN_RULES_H

#include "specs/harden.h"
#include "specs/profiles.h"

/* What harden.c, harden_report.c and the files with the rules share. */

struct hardening;

enum rule_effect {
	RULE_EFFECT_EDITS,
	RULE_EFFECT_REFUSES,
};

enum rule_scope {
	RULE_SCOPE_CONFIG,
	RULE_SCOPE_PROCESS,
};

/* A row of rules.h. */
struct rule {
	const char *name;
	enum profile_rule id;
	enum rule_effect effect;
	enum rule_scope scope;
	int (*function)(struct hardening *h);
	const char *why;
};

/* By enum profile_rule: in the order in which they run; ends with a NULL name. */
extern const struct rule harden_rules[];

/* One call of harden(). */
struct hardening {
	struct arena *arena;
	const struct profile *profile;
	const struct harden_request *request;
	struct oci_config *config; /* the copy that is tightened; NULL for a process alone */
	struct oci_process *process; /* may be NULL */
	const struct rule *rule; /* the one that runs now */
	struct harden_report *report;
	size_t room; /* of the array of changes */
	bool *used; /* one per grant */
	int failed; /* why a change could not be recorded; a negative errno */
	struct nacre_error *err;
};

/* rule_id() of every row. */
#define RULE_PROTOTYPE(id, ...) int rule_##id(struct hardening *h);
PROFILE_RULES(RULE_PROTOTYPE)
#undef RULE_PROTOTYPE

/* --- harden_grants.c --- */

/* Whether GRANT takes back something of nacre's own seccomp filter. */
bool harden_grant_is_of_filter(const char *grant);
/* Whether NAME is a capability of capabilities(7). */
bool harden_is_capability(const char *name);
/* The nearest capability to NAME, for an error text: nearest_hint. */
const char *harden_capability_hint(const char *name, char *hint);
/* Whether the rule that runs now must be enforced completely. */
bool harden_is_required(const struct hardening *h);
/* Whether GRANT was given. Marks it as used: call this only where the grant decides. */
bool harden_granted(struct hardening *h, const char *grant);
/* The same for KIND:ITEM, "cap" and "CAP_CHOWN". */
bool harden_granted_item(struct hardening *h, const char *kind, const char *item);
/* The same for an item that is a path of the host, clean: see harden_host_path. */
bool harden_granted_path(struct hardening *h, const char *kind, const char *path);
/* The same for an item that PATH is, or lies below. */
bool harden_granted_within(struct hardening *h, const char *kind, const char *path);
/* The same for any item of KIND. */
bool harden_granted_any(struct hardening *h, const char *kind);

/* A clean absolute path of the host, with links such as /var/run replaced by their target. */
int harden_host_path(const char *path, char ret[static 4096]);

/* --- harden_notes.c: recording --- */

/* Both are JSON texts or NULL. Failures are kept in h->failed. */
void harden_note(struct hardening *h, const char *path, const char *from, const char *to);
/* LABEL: stands before the words in the summary, may be NULL. */
void harden_note_words(struct hardening *h, const char *path, const char *label,
	const struct oci_strings *from, const struct oci_strings *to);

enum {
	HARDEN_REPORTED_MAX = 16, /* of what one warning reports, or one each */
};

/* Records that the config asks for WHAT and gets it only with GRANT (NULL: never). */
void harden_taken(struct hardening *h, const char *grant, const char *what, ...)
	__attribute__((format(printf, 3, 4)));

/* JSON texts; never NULL. */
const char *harden_json_of_string(struct hardening *h, const char *text);
const char *harden_json_of_integer(struct hardening *h, int64_t value);
const char *harden_json_of_words(struct hardening *h, const struct oci_strings *words);

/* A string in the arena; "" when memory is spent. */
const char *harden_text(struct hardening *h, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* -EPERM: "profile P, rule R: PATH: ...; allow it with --allow GRANT". */
int harden_refuse(struct hardening *h, const char *grant, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

int harden_out_of_memory(struct hardening *h);

/* --- harden_sources.c --- */

/* Judges PATH, a source; PLACE: the JSON path of what names it. */
int harden_judge_path(struct hardening *h, const char *place, const char *path);

/* --- harden_workspace.c --- */

/* Adds the workspaces of the request to the config, and sets their limits. */
int harden_workspaces(struct hardening *h);

/* --- harden_linux.c --- */

/* Whether the container would be in the host's network. */
bool harden_has_host_network(const struct hardening *h);
/* Whether the container's processes may do to the host's what their user may: they see them, in the
 * host's user namespace. 1, 0 or an error. That the namespaces are others is held to when they are
 * joined. */
int harden_sees_host_processes(struct hardening *h);

/* --- harden_egress.c --- */

/* Whether egress rules will be enforced for the container, so that its network matters less. */
bool harden_will_filter(const struct hardening *h);
/* Whether ITEM is the item of a grant "egress:". */
bool harden_is_egress(const char *item);

/* --- harden_egress_given.c --- */

/* Refuses names among WORDS, rules of egress, that only config.json or an annotation gives to a
 * container with a new network: the relay of names would be a way out of it. -EPERM. */
int harden_check_names(struct hardening *h, const struct oci_strings *words);

/* --- harden_process.c --- */

/* Takes the capability NAME out of all sets of the process, and records the changes. */
int harden_drop_capability(struct hardening *h, const char *name);

/* --- harden_resources.c --- */

/* The limit of memory that the config has after the rule resources; 0: none. */
uint64_t harden_memory_limit(struct hardening *h);

/* --- harden_unified.c --- */

#define HARDEN_MEMORY_UNLIMITED (1ULL << 50) /* bytes that no host has */

/* Part of the rule resources: judges the files of linux.resources.unified. */
int harden_unified(struct hardening *h);

/* Removes PAIR from linux.resources.unified, and records the change. */
void harden_drop_unified(struct hardening *h, struct oci_pair *pair);

/* --- harden_flags.c --- */

/* Whether the destination of MOUNT is DIRECTORY (a clean path) or, if BELOW, lies below it. */
bool harden_lands(const struct oci_mount *mount, const char *directory, bool below);

/* Whether one of MAPPINGS leads to the host's ID. */
bool harden_maps_id(const struct oci_id_mapping *mappings, size_t n, int64_t id);
/* Whether nobody in USER, the container's user namespace, is root of the host or has its group. */
bool harden_is_apart(const struct hardening *h, const struct oci_namespace *user);

/* --- harden_exec_grant.c --- */

/* By which grant programs of MOUNT could be run, where the rule mount-flags has set noexec. OF:
 * what a remount changes, else MOUNT; NULL: not known. "": by none. NULL: no memory. */
const char *harden_exec_grant(struct arena *arena, const struct oci_strings *grants,
	const struct oci_mount *mount, const struct oci_mount *of);

/* --- lists in the arena --- */

/* Appends WORD to a list that may be shared: makes a new array. Returns false when memory is spent.
 */
bool harden_append_word(struct arena *arena, struct oci_strings *list, const char *word);
/* A copy of the N elements of SIZE bytes at FROM with a zeroed one put in at AT; NULL: no memory.
 */
void *harden_insert_element(
	struct arena *arena, const void *from, size_t n, size_t size, size_t at);

/* config->linux_, its resources and config->nacre, made if absent; NULL: no memory. */
struct oci_linux *harden_need_linux(struct hardening *h);
struct oci_hardened *harden_need_hardened(struct hardening *h);
struct oci_resources *harden_need_resources(struct hardening *h);

#endif
