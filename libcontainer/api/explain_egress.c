/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/explain.h"
#include "libcontainer/base/bpf.h"
#include "specs/egress_names.h"

/* What the egress filter refused (egress_bpf.h). */

/* Returns the address that the filter judged. */
static struct egress_answer destination_of(const struct egress_denial_key *key)
{
	struct egress_answer to = {.v6 = key->kind == EGRESS_DENIED_V6};

	memcpy(to.address, key->address, to.v6 ? 16 : 4);
	return egress_answer_inner(&to);
}

/* At these addresses egress rules judge DNS and NTP. */
static bool is_metadata(const struct explanation *e, const struct egress_denial_key *key,
	const struct egress_answer *to)
{
	if (key->port == 53 || (key->port == 123 && key->protocol == IPPROTO_UDP))
		return false;
	return e->c->config->nacre->no_metadata &&
	       egress_answer_in(to, egress_metadata, egress_n_metadata);
}

/* The container has chosen the name. */
static const char *comm_of(struct explanation *e, const struct egress_denial_value *value)
{
	char comm[sizeof(value->comm) + 1] = "";

	memcpy(comm, value->comm, sizeof(value->comm));
	for (char *c = comm; *c; c++)
		if (*c <= ' ' || *c > '~')
			*c = '?';
	return *comm ? arena_printf(e->c->arena, ", last by %s", comm) : "";
}

/* Whether the refused destination can be a rule. */
static bool is_rule(struct explanation *e, const char *word)
{
	struct egress_rule rule;
	struct nacre_error ignored; /* no rule is possible, such as for loopback */

	return egress_rule_parse(e->c->arena, word, &rule, &ignored) == 0;
}

/* An address that stands for a name is reported as that name. */
static int explain_name(struct explanation *e, struct explained *x,
	const struct egress_denial_key *key, const char *name, const char *comm,
	struct nacre_error *err)
{
	const bool udp = key->protocol == IPPROTO_UDP;

	x->what = arena_printf(e->c->arena, "connections to %s:%u%s refused%s", name, key->port,
		udp ? " (UDP)" : "", comm);
	x->destination = arena_printf(e->c->arena, "%s:%u", name, key->port);
	if (!x->what || !x->destination)
		return arena_fail(e->c->arena, "explain", err);
	if (udp) {
		x->remedy = "names are reached by TCP alone";
		return 0;
	}
	x->egress = x->destination;
	return explain_add_word(e, &e->egress, x->egress, err);
}

/* Returns the name in a rule that the address stands for; NULL: none. */
static const char *name_of(const struct egress_policy *rules, const struct egress_answer *to)
{
	uint32_t address;

	memcpy(&address, to->address, sizeof(address));
	return to->v6 ? NULL : egress_names_at(rules, ntohl(address));
}

static int explain_destination(struct explanation *e, struct explained *x,
	const struct egress_policy *rules, const struct egress_denial_key *key, const char *comm,
	struct nacre_error *err)
{
	const struct egress_answer to = destination_of(key);
	const char *name = name_of(rules, &to);
	char address[INET6_ADDRSTRLEN];

	if (name)
		return explain_name(e, x, key, name, comm, err);
	(void)inet_ntop(to.v6 ? AF_INET6 : AF_INET, to.address, address, sizeof(address));
	x->what = arena_printf(e->c->arena,
		to.v6 ? "connections to [%s]:%u%s refused%s" : "connections to %s:%u%s refused%s",
		address, key->port, key->protocol == IPPROTO_UDP ? " (UDP)" : "", comm);
	x->destination = arena_printf(e->c->arena, to.v6 ? "%s[%s]:%u" : "%s%s:%u",
		key->protocol == IPPROTO_UDP ? "udp:" : "", address, key->port);
	if (!x->what || !x->destination)
		return arena_fail(e->c->arena, "explain", err);
	if (is_metadata(e, key, &to)) {
		x->rule = x->grant = "metadata";
		return explain_add_word(e, &x->grants, x->grant, err);
	}
	if (!is_rule(e, x->destination)) {
		x->remedy = "no rule can allow this address";
		return 0;
	}
	x->egress = x->destination;
	return explain_add_word(e, &e->egress, x->egress, err);
}

static int explain_refused(struct explanation *e, const struct egress_policy *rules,
	const struct egress_denial *denial, struct nacre_error *err)
{
	struct explained *x = &e->denied[e->n_denied++];
	const char *comm = comm_of(e, &denial->value);

	*x = (struct explained){.count = denial->value.count,
		.counter = "egress filter",
		.key = "denied",
		.rule = "egress",
		.grant = "",
		.remedy = "",
		.failed = true};
	if (!comm)
		return arena_fail(e->c->arena, "explain", err);
	switch ((enum egress_denial_kind)denial->key.kind) {
	case EGRESS_DENIED_V4:
	case EGRESS_DENIED_V6:
		return explain_destination(e, x, rules, &denial->key, comm, err);
	case EGRESS_DENIED_SOCKET:
		x->what = arena_printf(e->c->arena, "sockets of protocol %u refused%s",
			denial->key.protocol, comm);
		x->remedy = "egress rules are for TCP and UDP alone";
		break;
	case EGRESS_DENIED_METADATA:
		x->what = arena_printf(
			e->c->arena, "connections to the cloud's metadata refused%s", comm);
		x->rule = x->grant = "metadata";
		break;
	default:
		x->what = "connections to further destinations refused";
	}
	if (!x->what)
		return arena_fail(e->c->arena, "explain", err);
	return *x->grant ? explain_add_word(e, &x->grants, x->grant, err) : 0;
}

/* Whether it is nacre's own test before the start (step_check_egress). */
static bool is_own(const struct egress_denial *denial)
{
	const uint32_t nowhere = htonl(EGRESS_NOWHERE);

	return denial->key.kind == EGRESS_DENIED_V4 && denial->key.protocol == IPPROTO_UDP &&
	       denial->key.port == EGRESS_NOWHERE_PORT &&
	       !memcmp(denial->key.address, &nowhere, sizeof(nowhere)) && denial->value.count == 1;
}

static int most_first(const void *a, const void *b)
{
	const struct egress_denial *x = a, *y = b;

	if (x->value.count != y->value.count)
		return x->value.count < y->value.count ? 1 : -1;
	return memcmp(&x->key, &y->key, sizeof(x->key));
}

int explain_egress(struct explanation *e, struct nacre_error *err)
{
	const struct oci_hardened *nacre = e->c->config->nacre;
	struct egress_policy rules = {.n_rules = 0};
	struct egress_denial *denials;
	struct nacre_error why;
	int n, r;

	if (e->c->cgroup.fd < 0 || !nacre || e->c->record.active & EGRESS_BY_RELAY)
		return 0;
	r = nacre->egress.n ? egress_policy_parse(e->c->arena, &nacre->egress, &rules, err) : 0;
	if (r == 0)
		r = egress_names_assign(e->c->arena, &nacre->egress_names, &rules, err);
	if (r < 0)
		return r;
	denials = arena_array(e->c->arena, EGRESS_DENIALS_MAX, sizeof(*denials));
	if (!denials)
		return arena_fail(e->c->arena, "explain", err);
	n = egress_bpf_denied(e->c->cgroup.fd, denials, &why);
	if (n < 0 && bpf_is_absent(n))
		return explain_add_word(e, &e->not_counted, why.text, err);
	if (n < 0) {
		*err = why;
		return n;
	}
	qsort(denials, (size_t)n, sizeof(*denials), most_first);
	for (int i = 0; i < n && r == 0; i++)
		r = is_own(&denials[i]) ? 0 : explain_refused(e, &rules, &denials[i], err);
	return r;
}
