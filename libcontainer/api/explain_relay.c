/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "libcontainer/api/explain.h"
#include "libcontainer/net/egress_relay.h"

/* What the relay of names refused. */

/* A rule for it; NULL: none is. */
static const char *rule_for(struct explanation *e, const struct relay_denial *denial)
{
	const char *const named[] = {"name", "port", "other-sni", "other-host"};
	/* tcp: looks at nothing that is said. */
	const char *const said[] = {"neither-tls-nor-http", "nothing-said", "no-sni",
		"malformed-tls", "no-host", "malformed-http", "http-tunnel"};
	struct egress_rule rule;
	struct nacre_error ignored; /* a name that no rule can have */
	const char *word = NULL;

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (!strcmp(denial->reason, named[i]))
			word = denial->port ? arena_printf(e->c->arena, "%s:%u", denial->name,
						      denial->port)
					    : denial->name;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (!strcmp(denial->reason, said[i]))
			word = arena_printf(e->c->arena, "tcp:%s:%u", denial->name, denial->port);
	return word && egress_rule_parse(e->c->arena, word, &rule, &ignored) == 0 ? rule.text
										  : NULL;
}

static int explain_one(
	struct explanation *e, const struct relay_denial *denial, struct nacre_error *err)
{
	const char *words = relay_denial_words(denial->reason);
	struct explained *x = &e->denied[e->n_denied++];

	*x = (struct explained){.count = denial->count,
		.counter = "egress relay",
		.key = "denied",
		.rule = "egress",
		.grant = "",
		.remedy = !strcmp(denial->reason, "address")
				  ? "--egress private, or NAME:PORT@CIDR, is for a private one"
				  : "no rule is for this",
		.failed = true};
	if (strcmp(denial->name, "-") != 0)
		x->destination = denial->port ? arena_printf(e->c->arena, "%s:%u", denial->name,
							denial->port)
					      : arena_strdup(e->c->arena, denial->name);
	x->what = denial->port ? arena_printf(e->c->arena, "connections to %s:%u refused: %s",
					 denial->name, denial->port, words)
			       : arena_printf(e->c->arena, "questions for %s refused: %s",
					 denial->name, words);
	if (!x->what || (!x->destination && strcmp(denial->name, "-") != 0))
		return arena_fail(e->c->arena, "explain", err);
	x->egress = rule_for(e, denial);
	if (!x->egress)
		return 0;
	x->remedy = "";
	return explain_add_word(e, &e->egress, x->egress, err);
}

int explain_relay(struct explanation *e, struct nacre_error *err)
{
	struct relay_denial denials[RELAY_DENIALS_MAX];
	struct nacre_error why;
	int n = egress_relay_denied(e->c->state_fd, denials, &why), r = 0;

	if (n == -EBADMSG) /* will be no better the next time */
		return explain_add_word(e, &e->not_counted, why.text, err);
	if (n < 0) {
		*err = why;
		return n;
	}
	for (int i = 0; i < n && r == 0; i++)
		r = explain_one(e, &denials[i], err);
	return r;
}
