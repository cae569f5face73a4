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
	{"name",			"no rule has this name"},
	{"no-address",			"asked for what is no address, which no rule gives"},
	{"too-many-names",		"more different names below wildcards than have room"},
	{"no-name",			"an address that stands for no name"},
	{"port",			"no rule has this port of the name"},
	{"no-rule",			"no rule has this address"},
	{"own-host",			"the host itself"},
	{"nowhere",			"an address of no other machine"},
	{"metadata",			"a cloud's metadata"},
	{"too-many-connections",	"as many connections as can be are open"},
	{"other-sni",			"asked for by TLS, through the address of another name"},
	{"no-sni",			"TLS without a name (server_name)"},
	{"malformed-tls",		"no ClientHello that can be read in one way"},
	{"other-host",			"asked for by HTTP, through the address of another name"},
	{"no-host",			"HTTP without Host"},
	{"http-tunnel",			"CONNECT of HTTP"},
	{"malformed-http",		"no request of HTTP that can be read in one way"},
	{"neither-tls-nor-http",	"neither TLS nor HTTP: a rule tcp:NAME:PORT looks at neither"},
	{"nothing-said",		"waits for the server: a rule tcp:NAME:PORT does not ask for a name"},
	{"address",			"has an address that is private, of a cloud's metadata or the host itself"},
	{"unresolved",			"the name servers have no address"},
	{"unreachable",			"no connection to any of its addresses"},
	{"others",			"what no line was left for"},
};
/* clang-format on */

const char *relay_denial_words(const char *reason)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strcmp(reasons[i].reason, reason))
			return reasons[i].words;
	return reason;
}
