/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/api/explain.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/net/egress_relay.h"
#include "libcontainer/net/egress_resolv.h"

/* Finds what the egress relay refused. */

struct refusals {
	struct explanation *e;
	const char *domains; /* search list that programs have */
	struct egress_policy policy;
	struct relay_denial denials[RELAY_DENIALS_MAX];
	int n;
};

static bool is_question(const struct relay_denial *denial)
{
	return denial->port == 0 && !strcmp(denial->reason, "name");
}

/* Whether a program asked for NAME itself: a rule has the name, or it was refused. A name without a
 * dot has an address only with a domain. */
static bool is_asked(const struct refusals *refusals, const char *name)
{
	bool asked = false;

	for (size_t i = 0; i < refusals->policy.n_rules && !asked; i++) {
		const struct egress_rule *rule = &refusals->policy.rules[i];

		asked = rule->kind == EGRESS_NAME && egress_rule_names(rule, name);
	}
	for (int i = 0; i < refusals->n && !asked && strchr(name, '.'); i++)
		asked = is_question(&refusals->denials[i]) &&
			!strcmp(refusals->denials[i].name, name);
	return asked;
}

/* Returns the name that the program asked for, if DENIAL's is that name with a search domain, which
 * the C library appends; "": it is not. NULL: out of memory. */
static const char *completed(const struct refusals *refusals, const struct relay_denial *denial)
{
	const char *domains = is_question(denial) ? refusals->domains : "";
	size_t n;

	while ((n = resolv_conf_shorten(&domains, denial->name)) > 0) {
		const char *name = arena_strndup(refusals->e->c->arena, denial->name, n);

		if (!name || is_asked(refusals, name))
			return name;
	}
	return "";
}

/* Returns a rule that would allow it; NULL: there is none. */
static const char *rule_for(struct explanation *e, const struct relay_denial *denial)
{
	const char *const named[] = {"name", "port", "other-sni", "other-host", "no-rule"};
	/* A tcp: rule does not look at the data. */
	const char *const said[] = {"neither-tls-nor-http", "nothing-said", "no-sni",
		"malformed-tls", "no-host", "malformed-http", "http-tunnel"};
	struct egress_rule rule;
	struct nacre_error ignored; /* no rule can have the name */
	const char *word = NULL;

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (!strcmp(denial->reason, named[i]))
			word = denial->port ? arena_printf(e->c->arena, "%s:%u", denial->name,
						      denial->port)
					    : denial->name;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (!strcmp(denial->reason, said[i]))
			word = arena_printf(e->c->arena, "tcp:%s:%u", denial->name, denial->port);
	if (!word || egress_rule_parse(e->c->arena, word, &rule, &ignored) < 0)
		return NULL;
	/* A program may look up an address as if it were a name: that is no wish to connect to it.
	 */
	return rule.kind == EGRESS_NAME || !strcmp(denial->reason, "no-rule") ? rule.text : NULL;
}

static int explain_one(
	const struct refusals *refusals, const struct relay_denial *denial, struct nacre_error *err)
{
	struct explanation *e = refusals->e;
	const char *words = relay_denial_words(denial->reason);
	const char *name = completed(refusals, denial);
	struct explained *x = &e->denied[e->n_denied++];

	*x = (struct explained){.count = denial->count,
		.counter = "egress relay",
		.key = "denied",
		.rule = "egress",
		.grant = "",
		.remedy = !strcmp(denial->reason, "address")
				  ? "a private address takes --egress private or NAME:PORT@CIDR"
				  : "no rule can allow it",
		.failed = true};
	if (strcmp(denial->name, "-") != 0)
		x->destination = denial->port ? arena_printf(e->c->arena, "%s:%u", denial->name,
							denial->port)
					      : arena_strdup(e->c->arena, denial->name);
	x->what = denial->port ? arena_printf(e->c->arena, "connections to %s:%u refused: %s",
					 denial->name, denial->port, words)
			       : arena_printf(e->c->arena, "DNS queries for %s refused: %s",
					 denial->name, words);
	if (name && *name)
		x->remedy = arena_printf(e->c->arena, "%s with a search domain appended", name);
	if (!x->what || !name || !x->remedy || (!x->destination && strcmp(denial->name, "-") != 0))
		return arena_fail(e->c->arena, "explain", err);
	if (*name)
		return 0;
	if (!strcmp(denial->reason, "metadata")) {
		x->rule = x->grant = "metadata";
		return explain_add_word(e, &x->grants, x->grant, err);
	}
	x->egress = rule_for(e, denial);
	if (!x->egress)
		return 0;
	x->remedy = "";
	return explain_add_word(e, &e->egress, x->egress, err);
}

static int add_port(struct explanation *e, const struct egress_socket *socket, const char *address,
	struct nacre_error *err)
{
	const char *word = arena_printf(
		e->c->arena, "%s%s:%u", socket->udp ? "udp:" : "", address, socket->port);

	return word ? explain_add_word(e, &e->ports_taken, word, err)
		    : arena_fail(e->c->arena, "explain", err);
}

/* A listener on every address takes the port of the loopback too. */
static int explain_port(
	struct explanation *e, const struct egress_socket *socket, struct nacre_error *err)
{
	int r = add_port(e, socket, socket->at.v6 ? "[::]" : "0.0.0.0", err);

	return r < 0 || egress_socket_is_single(socket)
		       ? r
		       : add_port(e, socket, socket->at.v6 ? "[::1]" : "127.0.0.1", err);
}

/* Reports, where no BPF filter is loaded, the ports that the relay has taken, and what cannot be
 * counted. */
static int explain_alone(
	struct explanation *e, const struct egress_policy *policy, struct nacre_error *err)
{
	struct egress_sockets sockets;
	int r = egress_sockets_plan(policy, &sockets, err);

	for (size_t i = 0; r == 0 && i < sockets.n; i++)
		r = explain_port(e, &sockets.items[i], err);
	return r < 0 ? r
		     : explain_add_word(e, &e->not_counted,
			       "connections that egress rules refuse before they reach the relay: "
			       "EACCES, or ECONNREFUSED for a port that no rule has",
			       err);
}

/* Returns 1, or 0: the process has ended. */
static int find_network(pid_t pid, struct stat *ret_network, struct nacre_error *err)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	if (stat(path, ret_network) == 0)
		return 1;
	return errno == ENOENT ? 0 : fail_errno(err, errno, "stat %s", path);
}

/* In a new network namespace, hooks may have added interfaces before the relay was started. */
static int find_way(struct explanation *e, struct nacre_error *err)
{
	const struct oci_hardened *nacre = e->c->config->nacre;
	struct stat own, its;
	pid_t pid;
	int r;

	if (!nacre || !egress_names_in(&nacre->egress) ||
		!oci_has_new_namespace(e->c->config, "network"))
		return 0;
	e->names_by_host = 1;
	if (e->c->record.active & EGRESS_BY_RELAY)
		return 0;
	pid = egress_relay_pid(e->c->state_fd, err);
	r = pid > 0 ? find_network(pid, &its, err) : pid;
	if (r > 0)
		r = find_network(e->c->record.pid, &own, err);
	if (r > 0)
		e->names_by_host = own.st_dev != its.st_dev || own.st_ino != its.st_ino;
	else
		e->names_by_host = -1;
	return r < 0 ? r : 0;
}

static int read_rules(struct refusals *refusals, struct nacre_error *err)
{
	const struct container *c = refusals->e->c;
	const struct oci_hardened *nacre = c->config->nacre;
	int r = egress_policy_parse(c->arena, &nacre->egress, &refusals->policy, err);

	return r < 0 ? r
		     : egress_names_assign(c->arena, &nacre->egress_names, &refusals->policy, err);
}

static int find_domains(struct refusals *refusals, struct nacre_error *err)
{
	const struct container *c = refusals->e->c;
	cleanup_free char *text = NULL;
	struct resolv_conf conf;
	int r = file_read(c->state_fd, EGRESS_RESOLV_FILE, RESOLV_TEXT_MAX, &text, NULL, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	resolv_conf_read(text, "", &conf);
	if (!conf.search)
		return 0;
	refusals->domains = arena_strndup(
		c->arena, conf.text + conf.search, strcspn(conf.text + conf.search, "\n"));
	return refusals->domains ? 0 : fail_errno(err, ENOMEM, "explain");
}

int explain_relay(struct explanation *e, struct nacre_error *err)
{
	struct refusals refusals = {.e = e, .domains = ""};
	struct nacre_error why;
	int r;

	if (!(e->c->record.active & (EGRESS_NAMES | EGRESS_BY_RELAY)))
		return 0;
	refusals.n = egress_relay_denied(e->c->state_fd, refusals.denials, &why);
	r = read_rules(&refusals, err);
	if (r == 0 && e->c->record.active & EGRESS_BY_RELAY)
		r = explain_alone(e, &refusals.policy, err);
	if (r == 0)
		r = find_way(e, err);
	if (r < 0)
		return r;
	if (refusals.n == -EBADMSG) /* the next try would fail too */
		return explain_add_word(e, &e->not_counted, why.text, err);
	if (refusals.n < 0) {
		*err = why;
		return refusals.n;
	}
	r = find_domains(&refusals, err);
	for (int i = 0; i < refusals.n && r == 0; i++)
		r = explain_one(&refusals, &refusals.denials[i], err);
	return r;
}
