/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/relay_denials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz"

void relay_denial_write(const struct relay_denial *denial, char ret_line[RELAY_DENIAL_LINE])
{
	char text[RELAY_DENIAL_LINE + 1];

	(void)snprintf(text, sizeof(text), "%20llu %5u %-31s %-260s\n",
		(unsigned long long)denial->count, denial->port, denial->reason, denial->name);
	memcpy(ret_line, text, RELAY_DENIAL_LINE);
}

/* Takes the next word, which consists of LETTERS, from *TEXT. */
static bool take_word(const char **text, const char *letters, char *ret_word, size_t size)
{
	const char *at = *text + strspn(*text, " ");
	const size_t n = strspn(at, letters);

	if (n == 0 || n >= size || (at[n] != ' ' && at[n] != '\n'))
		return false;
	memcpy(ret_word, at, n);
	ret_word[n] = '\0';
	*text = at + n;
	return true;
}

bool relay_denial_read(const char line[RELAY_DENIAL_LINE], struct relay_denial *ret_denial)
{
	char text[RELAY_DENIAL_LINE + 1], count[21], port[6];
	const char *at = text;
	struct relay_denial denial;

	memcpy(text, line, RELAY_DENIAL_LINE);
	text[RELAY_DENIAL_LINE] = '\0';
	if (!take_word(&at, "0123456789", count, sizeof(count)) ||
		!take_word(&at, "0123456789", port, sizeof(port)) ||
		!take_word(&at, LETTERS "-", denial.reason, sizeof(denial.reason)) ||
		!take_word(&at, LETTERS "0123456789-_.:[]", denial.name, sizeof(denial.name)))
		return false;
	denial.count = strtoull(count, NULL, 10);
	denial.port = (uint16_t)strtoull(port, NULL, 10);
	*ret_denial = denial;
	return true;
}

/* clang-format off */
static const struct {
	const char *reason, *words;
} reasons[] = {
	{"name",			"no egress rule allows this name"},
	{"no-address",			"the question is not for an address, and the resolver "
					"answers no other"},
	{"too-many-names",		"too many different names that wildcard rules allow were "
					"asked for"},
	{"no-name",			"this address stands for no name that the resolver gave "
					"out"},
	{"port",			"no egress rule allows this port of the name"},
	{"no-rule",			"no egress rule allows this address"},
	{"own-host",			"it is an address of the host itself"},
	{"nowhere",			"it is not the address of a single machine"},
	{"metadata",			"it is the metadata service of a cloud"},
	{"too-many-connections",	"the relay has as many open connections as it can have"},
	{"other-sni",			"the TLS handshake (SNI) asked for it over a connection "
					"to another name"},
	{"no-sni",			"the TLS handshake names no server (SNI)"},
	{"malformed-tls",		"the TLS ClientHello is malformed or ambiguous"},
	{"other-host",			"an HTTP request asked for it over a connection to "
					"another name"},
	{"no-host",			"the HTTP request has no Host header"},
	{"http-tunnel",			"the HTTP request is a CONNECT"},
	{"malformed-http",		"the HTTP request is malformed or ambiguous"},
	{"neither-tls-nor-http",	"the data is neither TLS nor HTTP, which only a rule "
					"tcp:NAME:PORT allows"},
	{"nothing-said",		"the program waits for the server to speak first, which "
					"only a rule tcp:NAME:PORT allows"},
	{"address",			"its address is private, of a cloud's metadata service or "
					"of the host itself"},
	{"unresolved",			"the name servers returned no address for it"},
	{"unreachable",			"none of its addresses accepted a connection"},
	{"others",			"there were too many different refusals to list each"},
};
/* clang-format on */

const char *relay_denial_words(const char *reason)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strcmp(reasons[i].reason, reason))
			return reasons[i].words;
	return reason;
}
