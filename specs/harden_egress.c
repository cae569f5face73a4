/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/egress.h"
#include "specs/egress_names.h"
#include "specs/harden_opened.h"
#include "specs/harden_rules.h"

/* Rules on what the container may connect to. policy.c has decided before who may give them. */

enum {
	EGRESS_ARENA_BYTES = 64 * 1024,
};

bool harden_is_egress(const char *item)
{
	cleanup_arena struct arena *arena = arena_new(EGRESS_ARENA_BYTES);
	struct egress_rule rule;
	struct nacre_error err;

	return arena && egress_rule_parse(arena, item, &rule, &err) == 0;
}

static bool is_open(const struct oci_strings *words)
{
	return oci_strings_have(words, "open");
}

bool harden_will_filter(const struct hardening *h)
{
	return h->request->host.egress && !is_open(&h->request->egress);
}

/* --- metadata --- */

int rule_metadata(struct hardening *h)
{
	struct oci_hardened *nacre = harden_need_hardened(h);

	if (!nacre)
		return harden_out_of_memory(h);
	if (nacre->no_metadata || harden_granted(h, "metadata"))
		return 0;
	nacre->no_metadata = true;
	harden_note(h, "nacre.noMetadata", NULL, "true");
	return 0;
}

/* --- egress: the wanted rules --- */

/* Adds the rules of grants. RET_GIVEN: somebody has given rules, even if "none". */
static int collect(struct hardening *h, struct oci_strings *ret_words, bool *ret_given)
{
	static const char *none[] = {"none"};
	const struct oci_strings *given = &h->request->egress;
	struct oci_strings words = given->n ? *given : (struct oci_strings){none, 1};

	*ret_given = given->n;
	for (size_t i = 0; i < h->request->grants.n && !is_open(&words); i++) {
		const char *grant = h->request->grants.items[i];
		const char *rule = harden_grant_item(grant, "egress");

		if (!rule || !harden_granted(h, grant))
			continue;
		if (oci_strings_have(&words, "none"))
			words.n = 0;
		if (!harden_append_word(h->arena, &words, rule))
			return harden_out_of_memory(h);
		*ret_given = true;
	}
	*ret_words = words;
	return 0;
}

/* Chooses the tighter rules if an earlier hardening, or config.json, has some. */
static int settle(struct hardening *h, const struct oci_strings *had,
	const struct oci_strings *wanted, struct oci_strings *ret_words)
{
	struct nacre_error err;
	int r;

	if (!had->n)
		return egress_policy_tighten(h->arena, had, wanted, ret_words, h->err);
	r = egress_policy_tighten(h->arena, wanted, had, ret_words, &err);
	if (r == 0)
		return 0;
	r = egress_policy_tighten(h->arena, had, wanted, ret_words, h->err);
	return r < 0 ? fail_prefix(h->err, "nacre.egress") : 0;
}

/* --- egress: ways around the rules --- */

/* Capabilities that make packets by hand, or detach the cgroup's BPF programs. */
static const char *const capabilities_past[] = {
	"CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_BPF", "CAP_SYS_ADMIN", NULL};

/* Whether it is in any set: from the inheritable one, a program file takes it (CVE-2022-24769). */
static bool has_capability(const struct oci_process *process, const char *name)
{
	const struct oci_capabilities *c = process ? process->capabilities : NULL;

	return c &&
	       (oci_strings_have(&c->bounding, name) || oci_strings_have(&c->permitted, name) ||
		       oci_strings_have(&c->effective, name) ||
		       oci_strings_have(&c->inheritable, name) ||
		       oci_strings_have(&c->ambient, name));
}

/* Returns whether this is the first container of a Kubernetes pod, which runs only the engine's
 * program. No field of the pod takes a capability from it. */
static bool is_of_pod_itself(const struct hardening *h)
{
	const struct oci_map *annotations = &h->config->annotations;

	for (size_t i = 0; i < annotations->n; i++) {
		const struct oci_pair *pair = &annotations->items[i];

		if ((!strcmp(pair->key, "io.kubernetes.cri.container-type") ||
			    !strcmp(pair->key, "io.kubernetes.cri-o.ContainerType")) &&
			!strcmp(pair->value, "sandbox"))
			return true;
	}
	return false;
}

/* Drops it only at create: later the process keeps what it got then. */
static int drop_raw(struct hardening *h)
{
	return h->request->egress_replaces || !is_of_pod_itself(h)
		       ? 0
		       : harden_drop_capability(h, "CAP_NET_RAW");
}

static int check_capabilities(struct hardening *h)
{
	const char *how = h->request->in_pod ? "securityContext.capabilities.drop:"
					     : "docker --cap-drop";

	for (size_t i = 0; capabilities_past[i]; i++) {
		const char *name = capabilities_past[i];

		if (has_capability(h->process, name))
			return fail(h->err, EPERM,
				"profile %s, rule egress: process.capabilities: %s can bypass "
				"egress rules; remove it (%s %s), or give --egress open",
				h->profile->name, name, how, name + strlen("CAP_"));
	}
	return 0;
}

bool harden_has_egress(const struct oci_hardened *nacre)
{
	return nacre && nacre->egress.n && !is_open(&nacre->egress);
}

bool harden_egress_holds(const struct oci_hardened *nacre)
{
	return harden_has_egress(nacre) &&
	       (!nacre->egress_best_effort || egress_names_in(&nacre->egress));
}

int harden_egress_check_exec(
	const struct oci_config *config, const struct oci_process *process, struct nacre_error *err)
{
	if (!harden_egress_holds(config->nacre))
		return 0;
	for (size_t i = 0; capabilities_past[i]; i++) {
		const char *name = capabilities_past[i];

		if (has_capability(process, name) && !has_capability(config->process, name))
			return fail(err, EPERM,
				"process.capabilities: %s can bypass the container's egress rules; "
				"remove it (docker exec without --privileged)",
				name);
	}
	return 0;
}

/* Returns whether a grant allows a way around the rules: BPF programs of a cgroup do not see
 * families other than the internet's; io_uring makes sockets that no filter sees; a file handle
 * leads from any cgroup to all others, and clone3 into each that can be seen. */
static bool goes_past(const char *grant)
{
	static const char *const calls[] = {"syscall:socket", "syscall:socketcall",
		"syscall:io_uring_setup", "syscall:request_key", "syscall:open_by_handle_at",
		"syscall:clone3", "socket:SOCK_PACKET"};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (!strcmp(grant, calls[i]))
			return true;
	}
	return !strncmp(grant, "socket:AF_", strlen("socket:AF_"));
}

static int check_grants(struct hardening *h, const struct oci_hardened *nacre)
{
	for (size_t i = 0; i < nacre->seccomp_grants.n; i++) {
		const char *grant = nacre->seccomp_grants.items[i];

		if (goes_past(grant))
			return fail(h->err, EPERM,
				"profile %s, rule egress: the grant %s can bypass egress rules; "
				"remove it, or give --egress open",
				h->profile->name, grant);
	}
	return 0;
}

/* Refuses rules for a container that has been created without any, if it may have a way around
 * them: sockets of families and protocols that rules do not see, exec processes with more
 * capabilities, or cgroups of the host in a mount that is hidden by now. What was given at create
 * counts, whatever is required now. */
static int check_late(struct hardening *h, const struct oci_hardened *nacre)
{
	const char *why = NULL;

	if (harden_egress_holds(nacre))
		return 0;
	if (!nacre->seccomp_filter)
		why = "it has no seccomp filter against sockets that egress rules do not see";
	else if (!profile_has(h->profile, RULE_capability_ceiling))
		why = "nacre exec may have given a process any capability";
	else if (harden_has_grant(h->request, RULE_kernel_mounts, "cgroup-write"))
		why = "it has the grant cgroup-write";
	for (size_t i = 0; !why && capabilities_past[i]; i++) {
		if (harden_has_grant(h->request, RULE_capability_ceiling,
			    harden_text(h, "cap:%s", capabilities_past[i])))
			why = harden_text(
				h, "nacre exec may have given a process %s", capabilities_past[i]);
	}
	for (size_t i = 0; !why && i < nacre->seccomp_grants.n; i++) {
		if (!strncmp(nacre->seccomp_grants.items[i], "socket:IPPROTO_", 15) ||
			!strcmp(nacre->seccomp_grants.items[i], "socket:SOCK_RAW"))
			why = harden_text(h, "it has the grant %s", nacre->seccomp_grants.items[i]);
	}
	return why ? fail(h->err, EPERM,
			     "profile %s, rule egress: the container was created without egress "
			     "rules and cannot get any later: %s; create a container with egress "
			     "rules",
			     h->profile->name, why)
		   : 0;
}

static int check_rule(struct hardening *h, const struct egress_rule *rule)
{
	if (rule->kind == EGRESS_NAME && harden_has_host_network(h))
		return fail(h->err, EPERM,
			"profile %s, rule egress: \"%.128s\": a rule with a name needs a network "
			"namespace of the container's own; add {\"type\": \"network\"} to "
			"linux.namespaces, or give addresses",
			h->profile->name, rule->text);
	for (size_t i = 0; rule->kind == EGRESS_ADDRESS && i < egress_n_metadata; i++) {
		if (egress_network_within(&rule->network, &egress_metadata[i]) &&
			!harden_granted(h, "metadata"))
			return harden_refuse(h, "metadata", "egress",
				"\"%.128s\" is the metadata service of a cloud", rule->text);
	}
	return 0;
}

/* Refuses access to processes of the host: through /proc/PID/root of one with the same user a
 * process reaches the host's cgroups, and there no rules apply. */
static int check_processes(struct hardening *h)
{
	int r = harden_sees_host_processes(h);

	if (r < 0)
		return harden_out_of_memory(h);
	return r == 0 ? 0
		      : fail(h->err, EPERM,
				"profile %s, rule egress: linux.namespaces: in the host's pid "
				"namespace a process can leave the cgroup that enforces egress "
				"rules; add {\"type\": \"pid\"} (docker without --pid host), or a "
				"user namespace, or give --egress open",
				h->profile->name);
}

static int check_past(struct hardening *h, const struct oci_hardened *nacre)
{
	struct egress_policy policy;
	int r = egress_policy_parse(h->arena, &nacre->egress, &policy, h->err);

	for (size_t i = 0; r == 0 && i < policy.n_rules; i++)
		r = check_rule(h, &policy.rules[i]);
	if (r < 0 || policy.open)
		return r;
	r = check_processes(h);
	if (r == 0)
		r = drop_raw(h);
	if (r == 0)
		r = check_capabilities(h);
	return r < 0 ? r : check_grants(h, nacre);
}

/* --- egress: the edits --- */

static void set_words(
	struct hardening *h, struct oci_hardened *nacre, const struct oci_strings *words)
{
	const struct oci_strings had = nacre->egress;

	if (oci_strings_same(&had, words))
		return;
	harden_note_words(h, "nacre.egress", NULL, &had, words);
	nacre->egress = *words;
}

static void set_best_effort(struct hardening *h, struct oci_hardened *nacre, bool best_effort)
{
	if (nacre->egress_best_effort == best_effort)
		return;
	nacre->egress_best_effort = best_effort;
	harden_note(h, "nacre.egressBestEffort", best_effort ? NULL : "true",
		best_effort ? "true" : NULL);
}

/* strict: refuses connections from outside. */
static void refuse_listening(struct hardening *h, struct oci_hardened *nacre)
{
	if (nacre->no_listening || !profile_has(h->profile, RULE_egress) ||
		harden_granted(h, "listen"))
		return;
	nacre->no_listening = true;
	harden_note(h, "nacre.noListening", NULL, "true");
}

/* Adds the filter against families of sockets that the cgroup's BPF programs do not see. */
static void need_filter(struct hardening *h, struct oci_hardened *nacre)
{
	if (nacre->seccomp_filter || is_open(&nacre->egress))
		return;
	nacre->seccomp_filter = "sockets";
	harden_note(h, "nacre.seccompFilter", NULL, "\"sockets\"");
}

static int find_words(struct hardening *h, const struct oci_hardened *nacre,
	struct oci_strings *ret_words, bool *ret_given)
{
	struct oci_strings wanted;
	int r;

	if (h->request->egress_replaces) {
		*ret_words = h->request->egress;
		*ret_given = true;
		return is_open(ret_words) ? 0 : check_late(h, nacre);
	}
	*ret_given = false;
	*ret_words = nacre->egress;
	if (!h->request->egress.n && !profile_has(h->profile, RULE_egress))
		return 0;
	r = collect(h, &wanted, ret_given);
	return r < 0 ? r : settle(h, &nacre->egress, &wanted, ret_words);
}

int rule_egress(struct hardening *h)
{
	struct oci_hardened *nacre = harden_need_hardened(h);
	struct oci_strings words;
	bool given, best_effort;
	int r;

	if (h->request->egress_stays)
		return 0;
	if (!nacre)
		return harden_out_of_memory(h);
	r = find_words(h, nacre, &words, &given);
	if (r < 0)
		return r;
	best_effort = !given && !harden_is_required(h) && !h->request->host.egress &&
		      (!nacre->egress.n || nacre->egress_best_effort);
	set_words(h, nacre, &words);
	set_best_effort(h, nacre, best_effort);
	refuse_listening(h, nacre);
	r = harden_check_names(h, &nacre->egress);
	if (r == 0 && harden_egress_holds(nacre))
		r = check_past(h, nacre);
	if (r < 0 || is_open(&nacre->egress))
		return r;
	need_filter(h, nacre);
	return rule_metadata(h);
}
