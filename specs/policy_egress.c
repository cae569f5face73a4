/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/policy_egress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "specs/annotations.h"
#include "specs/egress.h"
#include "specs/fields.h"
#include "specs/harden_opened.h"
#include "specs/resolv_conf.h"

/* Decides who may give egress rules. */

/* clang-format off */

static const struct field policy_egress_default_fields[] = {
	FIELD_STRINGS("oci", policy_egress_default, oci, 0),
	FIELD_STRINGS("nested", policy_egress_default, nested, 0),
	FIELD_STRINGS("agent", policy_egress_default, agent, 0),
	FIELD_STRINGS("strict", policy_egress_default, strict, 0),
	{},
};
static STRUCT_TYPE(policy_egress_default);

static const struct field policy_egress_fields[] = {
	FIELD_OBJECT("default", policy_egress, defaults, 0, policy_egress_default),
	FIELD_STRINGS("always", policy_egress, always, 0),
	FIELD_WORDS_PRESENT("may_add", policy_egress, may_add, NULL),
	FIELD_STRINGS("resolvers", policy_egress, resolvers, 0),
	{},
};
STRUCT_TYPE(policy_egress);

/* clang-format on */

static const struct oci_strings nothing;

static const struct oci_strings *default_of(const struct policy_egress *egress, const char *profile)
{
	const struct policy_egress_default *defaults = egress ? egress->defaults : NULL;
	const struct {
		const char *profile;
		const struct oci_strings *rules;
	} rows[] = {
		{"oci", defaults ? &defaults->oci : NULL},
		{"nested", defaults ? &defaults->nested : NULL},
		{"agent", defaults ? &defaults->agent : NULL},
		{"strict", defaults ? &defaults->strict : NULL},
	};

	for (size_t i = 0; defaults && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!strcmp(rows[i].profile, profile))
			return rows[i].rules;
	}
	return &nothing;
}

/* --- reading --- */

static int check(struct arena *arena, const char *key, const struct oci_strings *rules,
	struct nacre_error *err)
{
	struct oci_strings words;

	return rules->n && egress_policy_tighten(arena, &nothing, rules, &words, err) < 0
		       ? fail_prefix(err, "egress.%s", key)
		       : 0;
}

static int check_resolvers(const struct oci_strings *addresses, struct nacre_error *err)
{
	uint8_t bytes[16];

	if (addresses->n > RESOLV_SERVERS_MAX)
		return fail(err, E2BIG, "egress.resolvers: expected at most %d addresses",
			RESOLV_SERVERS_MAX);
	for (size_t i = 0; i < addresses->n; i++) {
		const char *address = addresses->items[i];

		if (inet_pton(AF_INET, address, bytes) != 1 &&
			inet_pton(AF_INET6, address, bytes) != 1)
			return fail(err, EINVAL,
				"egress.resolvers: expected an address, found \"%.64s\"", address);
	}
	return 0;
}

int policy_egress_check(
	struct arena *arena, const struct policy_egress *egress, struct nacre_error *err)
{
	const struct profile *profile = profiles;
	int r = 0;

	for (; egress && profile->name && r == 0; profile++) {
		r = check(arena, "default", default_of(egress, profile->name), err);
	}
	if (r == 0 && egress)
		r = check(arena, "always", &egress->always, err);
	if (r == 0 && egress)
		r = check(arena, "may_add", &egress->may_add, err);
	return r == 0 && egress ? check_resolvers(&egress->resolvers, err) : r;
}

/* --- the annotation --- */

/* The name of a container of a pod, as containerd and CRI-O hand it on. The pod's own container has
 * none, or this one. */
static const char *const names_of_containers[] = {
	"io.kubernetes.cri.container-name", "io.kubernetes.container.name"};
static const char name_of_sandbox[] = "POD";

static const char prefix_of_name[] = ANNOTATION_EGRESS ".";

/* Returns NULL if the key has no name. */
static const char *name_in(const char *key)
{
	const size_t length = strlen(prefix_of_name);

	return !strncmp(key, prefix_of_name, length) && key[length] ? key + length : NULL;
}

bool policy_egress_has_key(const char *key)
{
	return !strcmp(key, ANNOTATION_EGRESS) || name_in(key);
}

static bool is_sandbox(const struct oci_map *annotations)
{
	const char *type = annotations_find(annotations, "io.kubernetes.cri.container-type");
	const char *name = annotations_find(annotations, names_of_containers[1]);

	return (type && !strcmp(type, "sandbox")) || (name && !strcmp(name, name_of_sandbox));
}

int policy_egress_find(
	const struct oci_map *annotations, const char **ret_value, struct nacre_error *err)
{
	const char *value = annotations_find(annotations, ANNOTATION_EGRESS), *named = NULL;
	const char *name = annotations_find(annotations, names_of_containers[0]);

	if (!name)
		name = annotations_find(annotations, names_of_containers[1]);
	for (size_t i = 0; i < annotations->n; i++) {
		const char *key = annotations->items[i].key;

		if (!name_in(key))
			continue;
		if (name && !strcmp(name_in(key), name)) {
			*ret_value = annotations->items[i].value;
			return 0;
		}
		named = key;
	}
	if (named && !name && !is_sandbox(annotations))
		return fail(err, EINVAL,
			"annotation \"%.128s\": only a container of a pod of Kubernetes has a name "
			"in its key; use " ANNOTATION_EGRESS,
			named);
	/* A misspelled name must not mean "unprotected". */
	if (named && !value && !is_sandbox(annotations))
		return fail(err, EPERM,
			"annotation \"%.128s\" names another container, and \"%.64s\" has no "
			"annotation: use " ANNOTATION_EGRESS ".%.64s, or " ANNOTATION_EGRESS
			" for every container without one of its own",
			named, name, name);
	*ret_value = value;
	return 0;
}

/* --- deciding --- */

struct deciding {
	struct arena *arena;
	const struct policy *policy;
	struct harden_request *request;
	struct oci_strings own; /* the policy's for the profile, or the profile's; empty: open */
	struct nacre_error *err;
};

/* Joins A and B, neither of which is empty. */
static int join(const struct deciding *d, const struct oci_strings *a, const struct oci_strings *b,
	struct oci_strings *ret_words)
{
	static const char *open[] = {"open"};
	const struct oci_strings *lists[] = {a, b};
	struct oci_strings all = {.items = arena_array(d->arena, a->n + b->n, sizeof(*all.items))};

	if (!all.items)
		return arena_fail(d->arena, "egress rules", d->err);
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < lists[i]->n; k++) {
			if (strcmp(lists[i]->items[k], "none") != 0)
				all.items[all.n++] = lists[i]->items[k];
		}
	}
	if (oci_strings_have(&all, "open"))
		all = (struct oci_strings){open, 1};
	*ret_words = all.n ? all : *a;
	return 0;
}

/* Finds the most that the command line may give. Empty: anything. */
static int find_most(const struct deciding *d, struct oci_strings *ret_most)
{
	const struct policy_egress *egress = d->policy->egress;

	*ret_most = nothing;
	if (!egress || !egress->has_may_add || !d->own.n)
		return 0;
	*ret_most = d->own;
	return egress->may_add.n ? join(d, &d->own, &egress->may_add, ret_most) : 0;
}

static int take_command_line(const struct deciding *d, const struct oci_strings *asked)
{
	struct oci_strings most, words;
	int r = find_most(d, &most);

	if (r == 0 && asked->n &&
		egress_policy_tighten(d->arena, &most, asked, &d->request->egress, d->err) < 0)
		r = fail_prefix(d->err, most.n ? "--egress: egress.may_add of %s" : "--egress",
			d->policy->name);
	for (size_t i = 0; i < d->request->grants.n && r == 0; i++) {
		const char *rule = harden_grant_item(d->request->grants.items[i], "egress");
		const struct oci_strings one = {&rule, 1};

		if (rule && !strcmp(d->request->granted_by[i], BY_COMMAND) &&
			egress_policy_tighten(d->arena, &most, &one, &words, d->err) < 0)
			r = fail_prefix(
				d->err, "--allow egress: egress.may_add of %s", d->policy->name);
	}
	return r;
}

static int take_annotation(const struct deciding *d, const char *value)
{
	static const char space[] = " \t\n";
	const struct oci_strings held = d->request->egress.n ? d->request->egress : d->own;
	struct oci_strings asked = {
		.items = arena_array(d->arena, strlen(value) / 2 + 1, sizeof(*asked.items))};

	if (!asked.items)
		return arena_fail(d->arena, "annotations", d->err);
	for (value += strspn(value, space); *value; value += strspn(value, space)) {
		const size_t length = strcspn(value, space);

		asked.items[asked.n] = arena_strndup(d->arena, value, length);
		if (!asked.items[asked.n++])
			return arena_fail(d->arena, "annotations", d->err);
		value += length;
	}
	if (!asked.n)
		return fail(d->err, EINVAL,
			"annotation " ANNOTATION_EGRESS
			": expected at least one rule; \"none\" allows no connections");
	return egress_policy_tighten(d->arena, &held, &asked, &d->request->egress, d->err) < 0
		       ? fail_prefix(d->err, "annotation " ANNOTATION_EGRESS)
		       : 0;
}

/* Notes the rules of the command line, or else of the policy, and those that the policy always
 * adds. */
static int note_given(const struct deciding *d)
{
	static const struct policy_egress no_policy;
	const struct policy_egress *egress = d->policy->egress ? d->policy->egress : &no_policy;
	const struct oci_strings *lists[] = {&d->request->egress, &egress->always};
	struct oci_strings *given = &d->request->egress_given;

	given->items = arena_array(d->arena, lists[0]->n + lists[1]->n + 1, sizeof(*given->items));
	if (!given->items)
		return arena_fail(d->arena, "egress rules", d->err);
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < lists[i]->n; k++)
			given->items[given->n++] = lists[i]->items[k];
	return 0;
}

/* Adds the policy's "always". Without any rules nothing is refused, and nothing must be added. */
static int add_always(const struct deciding *d)
{
	const struct policy_egress *egress = d->policy->egress;
	const struct oci_strings words = d->request->egress.n ? d->request->egress : d->own;
	struct oci_strings all;
	int r;

	if (!egress || !egress->always.n || !words.n)
		return 0;
	r = join(d, &words, &egress->always, &all);
	return r < 0 ? r
		     : egress_policy_tighten(d->arena, &nothing, &all, &d->request->egress, d->err);
}

int policy_egress_decide(struct arena *arena, const struct policy *policy,
	const struct policy_egress_request *request, struct harden_request *ret_request,
	struct nacre_error *err)
{
	static const char *none[] = {"none"};
	const struct oci_strings *given = default_of(policy->egress, ret_request->profile);
	struct deciding d = {.arena = arena,
		.policy = policy,
		.request = ret_request,
		.own = *given,
		.err = err};
	int r = 0;

	if (policy->egress)
		ret_request->egress_resolvers = policy->egress->resolvers;
	if (!given->n && harden_has_rule(ret_request, RULE_egress))
		d.own = (struct oci_strings){none, 1};
	if (given->n)
		r = egress_policy_tighten(arena, &nothing, given, &ret_request->egress, err);
	if (r == 0)
		r = take_command_line(&d, request->asked);
	if (r == 0)
		r = note_given(&d);
	if (r == 0 && request->annotation)
		r = take_annotation(&d, request->annotation);
	return r < 0 ? r : add_always(&d);
}
