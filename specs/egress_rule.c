/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "specs/egress_reading.h"

/* Parses the text of a rule. */

int egress_refuse(const struct egress_reading *r, const char *why)
{
	return fail(r->err, EINVAL, "egress rule \"%.128s\": %s", r->text, why);
}

bool egress_skip(struct egress_reading *r, const char *word)
{
	const size_t length = strlen(word);

	if (strncmp(r->at, word, length))
		return false;
	r->at += length;
	return true;
}

/* --- ports --- */

static int read_port(struct egress_reading *r, uint16_t *ret_port)
{
	unsigned port = 0;

	for (; *r->at >= '0' && *r->at <= '9' && port <= UINT16_MAX; r->at++)
		port = 10 * port + (unsigned)(*r->at - '0');
	if (port < 1 || port > UINT16_MAX)
		return egress_refuse(
			r, "expected a port from 1 to 65535, or a range such as 8000-8010");
	*ret_port = (uint16_t)port;
	return 0;
}

static int read_range(struct egress_reading *r, struct egress_port_range *ret_range)
{
	struct egress_port_range range = {0};
	int ret = read_port(r, &range.first);

	range.last = range.first;
	if (ret == 0 && egress_skip(r, "-"))
		ret = read_port(r, &range.last);
	if (ret < 0)
		return ret;
	if (range.last < range.first)
		return egress_refuse(
			r, "the range of ports ends before it begins; expected FIRST-LAST");
	*ret_range = range;
	return 0;
}

static void sort_ports(struct egress_rule *rule)
{
	struct egress_port_range *ports = rule->ports;

	for (size_t i = 1; i < rule->n_ports; i++) {
		for (size_t k = i; k > 0 && ports[k].first < ports[k - 1].first; k--) {
			const struct egress_port_range range = ports[k];

			ports[k] = ports[k - 1];
			ports[k - 1] = range;
		}
	}
}

/* Joins ranges that overlap or are adjacent. */
static void join_ports(struct egress_rule *rule)
{
	struct egress_port_range *ports = rule->ports;
	size_t n = 0;

	for (size_t i = 1; i < rule->n_ports; i++) {
		if (ports[i].first > ports[n].last + 1)
			ports[++n] = ports[i];
		else if (ports[i].last > ports[n].last)
			ports[n].last = ports[i].last;
	}
	rule->n_ports = n + 1;
	if (ports[0].first == 1 && ports[0].last == UINT16_MAX && rule->kind == EGRESS_ADDRESS)
		rule->n_ports = 0;
}

static int read_ports(struct egress_reading *r)
{
	struct egress_rule *rule = &r->rule;

	do {
		int ret;

		if (rule->n_ports == EGRESS_PORTS_MAX)
			return fail(r->err, E2BIG,
				"egress rule \"%.128s\": the rule has more than %d ports and "
				"ranges; give two rules instead",
				r->text, EGRESS_PORTS_MAX);
		ret = read_range(r, &rule->ports[rule->n_ports]);
		if (ret < 0)
			return ret;
		rule->n_ports++;
	} while (egress_skip(r, ","));
	sort_ports(rule);
	join_ports(rule);
	return 0;
}

/* --- networks --- */

static int add_within(struct egress_reading *r)
{
	struct egress_rule *rule = &r->rule;
	struct egress_network *network = &rule->within[rule->n_within];
	int ret;

	if (rule->n_within == EGRESS_WITHIN_MAX)
		return fail(r->err, E2BIG,
			"egress rule \"%.128s\": the rule has more than %d networks after the "
			"\"@\"; give two rules instead",
			r->text, EGRESS_WITHIN_MAX);
	ret = egress_read_network(r, network);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < rule->n_within; i++) {
		if (egress_network_within(network, &rule->within[i]))
			return 0;
	}
	rule->n_within++;
	return 0;
}

static int read_within(struct egress_reading *r)
{
	int ret;

	r->rule.within = arena_array(r->arena, EGRESS_WITHIN_MAX, sizeof(*r->rule.within));
	if (!r->rule.within)
		return arena_fail(r->arena, "egress rules", r->err);
	do
		ret = add_within(r);
	while (ret == 0 && egress_skip(r, ","));
	return ret;
}

/* --- names --- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_label(const char *label, size_t length)
{
	if (length < 1 || length > 63 || label[0] == '-' || label[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_word(label[i]) && label[i] != '-')
			return false;
	}
	return true;
}

/* Programs may take 1.2.3.4.5 and 127.0x1 for addresses. */
static bool is_number(const char *label, size_t length)
{
	const bool hexadecimal = length > 1 && label[0] == '0' && label[1] == 'x';
	const char *digits = hexadecimal ? "0123456789abcdef" : "0123456789";

	for (size_t i = hexadecimal ? 2 : 0; i < length; i++) {
		if (!strchr(digits, label[i]))
			return false;
	}
	return true;
}

bool egress_is_name(const char *name, size_t length)
{
	const char *label = name, *const end = name + length;

	if (length > EGRESS_NAME_MAX)
		return false;
	for (;;) {
		const char *dot = memchr(label, '.', (size_t)(end - label));

		if (!is_label(label, (size_t)((dot ? dot : end) - label)))
			return false;
		if (!dot)
			break;
		label = dot + 1;
	}
	return !is_number(label, (size_t)(end - label));
}

/* Explains what is wrong with text that is no name. */
static int refuse_name(const struct egress_reading *r, const char *name)
{
	for (const char *c = r->text; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			return egress_refuse(r, "expected a host name in its ASCII form (xn--...)");
	}
	if (strchr(r->text, '*'))
		return egress_refuse(r, "\"*\" is only possible in front of a name, as in "
					"*.example.com; \"open\" allows every name");
	if (strchr(name, '/'))
		return egress_refuse(r, "a rule cannot have a path; give NAME:PORT, or "
					"ADDRESS/PREFIX:PORT for a network");
	return egress_refuse(r, "expected a host name or an address; see nacre-profiles(7)");
}

static int check_name(const struct egress_reading *r, const char *name)
{
	static const char localhost[] = "localhost";
	const size_t length = strlen(name), tail = strlen(localhost);

	if (!egress_is_name(name, length))
		return refuse_name(r, name);
	/* A canonical text must not begin like one with "tcp:" or "udp:". */
	if (!strcmp(name, "tcp") || !strcmp(name, "udp"))
		return egress_refuse(r, "\"tcp:\" and \"udp:\" begin a rule and cannot be host "
					"names; give the host's full name");
	if (!strcmp(name, "none") || !strcmp(name, "open") || !strcmp(name, "private"))
		return egress_refuse(r, "none, open and private are rules of their own and cannot "
					"be host names; give the host's full name");
	if (length >= tail && !strcmp(name + length - tail, localhost) &&
		(length == tail || name[length - tail - 1] == '.'))
		return egress_refuse(r, "the container's own loopback needs no rule, and no rule "
					"opens the host's loopback; leave it out");
	return 0;
}

static int read_name(struct egress_reading *r)
{
	struct egress_rule *rule = &r->rule;
	const size_t length = strcspn(r->at, ":@");
	char *name;

	rule->wildcard = egress_skip(r, "*.");
	if (rule->wildcard && rule->unchecked)
		return egress_refuse(r, "\"tcp:\" needs a single name; give a rule for each name");
	name = arena_strndup(r->arena, r->at, length - (rule->wildcard ? 2 : 0));
	if (!name)
		return arena_fail(r->arena, "egress rules", r->err);
	r->at += strlen(name);
	for (char *c = name; *c; c++)
		*c |= *c >= 'A' && *c <= 'Z' ? 0x20 : 0;
	if (*name && name[strlen(name) - 1] == '.')
		name[strlen(name) - 1] = '\0';
	rule->name = name;
	return check_name(r, name);
}

/* --- the whole rule --- */

static bool is_bare_v6(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	(void)snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	return inet_pton(AF_INET6, address, bytes) == 1;
}

static int read_host(struct egress_reading *r)
{
	struct egress_rule *rule = &r->rule;
	const size_t length = strcspn(r->at, ":@");

	if (is_bare_v6(r->at))
		return egress_refuse(
			r, "expected an IPv6 address in brackets: [ADDRESS/PREFIX]:PORT");
	if (*r->at != '[' && (!length || strspn(r->at, "0123456789./") < length)) {
		if (rule->udp)
			return egress_refuse(
				r, "UDP is only possible to addresses; give udp:CIDR:PORT");
		rule->kind = EGRESS_NAME;
		return read_name(r);
	}
	if (rule->unchecked)
		return egress_refuse(r, "\"tcp:\" applies only to names; leave it out: a rule for "
					"an address is for TCP");
	rule->kind = EGRESS_ADDRESS;
	return egress_read_network(r, &rule->network);
}

static int read_rule(struct egress_reading *r)
{
	struct egress_rule *rule = &r->rule;
	int ret;

	if (strstr(r->text, "://"))
		return egress_refuse(r, "a rule is not a URL; give NAME:PORT");
	rule->udp = egress_skip(r, "udp:");
	rule->unchecked = !rule->udp && egress_skip(r, "tcp:");
	ret = read_host(r);
	if (ret < 0)
		return ret;
	if (egress_skip(r, ":"))
		ret = read_ports(r);
	else if (rule->unchecked)
		ret = egress_refuse(r, "expected a port: tcp:NAME:PORT");
	else if (rule->kind == EGRESS_NAME)
		rule->ports[rule->n_ports++] = (struct egress_port_range){443, 443};
	if (ret == 0 && rule->kind == EGRESS_NAME && egress_skip(r, "@"))
		ret = read_within(r);
	if (ret < 0)
		return ret;
	if (*r->at)
		return egress_refuse(r, *r->at == '@'
						? "\"@\" applies only to names; leave it out"
						: "expected the end of the rule after the ports");
	return egress_rule_write(r->arena, rule, r->err);
}

int egress_rule_parse(struct arena *arena, const char *text, struct egress_rule *ret_rule,
	struct nacre_error *err)
{
	struct egress_reading r = {.arena = arena, .text = text, .at = text, .err = err};
	int ret;

	if (strlen(text) >= EGRESS_TEXT_MAX)
		return fail(err, E2BIG, "egress rule \"%.128s\": the rule is longer than %d bytes",
			text, EGRESS_TEXT_MAX);
	ret = read_rule(&r);
	if (ret < 0)
		return ret;
	*ret_rule = r.rule;
	return 0;
}
