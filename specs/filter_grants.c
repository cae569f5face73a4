/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/filter.h"

#include <stdio.h>
#include <string.h>

/* The names in the table, and the grants that exclude items from it. */

#define NAME_SIZE 40

/* In the order of enum filter_profile. */
const char *const filter_profile_words[] = {"agent", "strict", "nested", "sockets", NULL};

/* Values that a program may need: socket(2), netlink(7), ip(7). */
static const struct {
	const char *name;
	enum filter_list list;
	uint32_t value;
} socket_words[] = {
	/* clang-format off */
	{"AF_AX25",			FILTER_FAMILIES, 3},
	{"AF_PACKET",			FILTER_FAMILIES, 17},
	{"AF_RDS",			FILTER_FAMILIES, 21},
	{"AF_PPPOX",			FILTER_FAMILIES, 24},
	{"AF_CAN",			FILTER_FAMILIES, 29},
	{"AF_TIPC",			FILTER_FAMILIES, 30},
	{"AF_BLUETOOTH",		FILTER_FAMILIES, 31},
	{"AF_RXRPC",			FILTER_FAMILIES, 33},
	{"AF_ALG",			FILTER_FAMILIES, 38},
	{"AF_VSOCK",			FILTER_FAMILIES, 40},
	{"AF_KCM",			FILTER_FAMILIES, 41},
	{"AF_QIPCRTR",			FILTER_FAMILIES, 42},
	{"AF_SMC",			FILTER_FAMILIES, 43},
	{"AF_XDP",			FILTER_FAMILIES, 44},
	{"NETLINK_SOCK_DIAG",		FILTER_NETLINK, 4},
	{"NETLINK_XFRM",		FILTER_NETLINK, 6},
	{"NETLINK_AUDIT",		FILTER_NETLINK, 9},
	{"NETLINK_CONNECTOR",		FILTER_NETLINK, 11},
	{"NETLINK_NETFILTER",		FILTER_NETLINK, 12},
	{"NETLINK_KOBJECT_UEVENT",	FILTER_NETLINK, 15},
	{"NETLINK_GENERIC",		FILTER_NETLINK, 16},
	{"NETLINK_CRYPTO",		FILTER_NETLINK, 21},
	{"IPPROTO_SCTP",		FILTER_PROTOCOLS, 132},
	{"IPPROTO_UDPLITE",		FILTER_PROTOCOLS, 136},
	{"IPPROTO_RAW",			FILTER_PROTOCOLS, 255},
	{"IPPROTO_MPTCP",		FILTER_PROTOCOLS, 262},
	{"SOCK_RAW",			FILTER_TYPES, 3},
	{"SOCK_PACKET",			FILTER_TYPES, 10},
	/* clang-format on */
};

#define N(table) (sizeof(table) / sizeof((table)[0]))

bool filter_next_name(const char **list, char ret_name[static 40])
{
	size_t length;

	*list += strspn(*list, " ");
	length = strcspn(*list, " ");
	if (length == 0 || length >= NAME_SIZE)
		return false;
	memcpy(ret_name, *list, length);
	ret_name[length] = '\0';
	*list += length;
	return true;
}

bool filter_names(const char *list, const char *name)
{
	char other[40];

	while (filter_next_name(&list, other)) {
		if (!strcmp(other, name))
			return true;
	}
	return false;
}

bool filter_test_holds(const struct filter_test *test, const uint64_t args[6])
{
	uint32_t value = (uint32_t)args[test->index] & test->mask;

	switch (test->op) {
	case FILTER_EQ:
		return value == test->value;
	case FILTER_NE:
		return value != test->value;
	case FILTER_GE:
		return value >= test->value;
	case FILTER_LE:
		return value <= test->value;
	case FILTER_ANY:
		break;
	}
	return true;
}

unsigned filter_profile_bit(const char *profile)
{
	for (unsigned i = 0; filter_profile_words[i]; i++) {
		if (!strcmp(filter_profile_words[i], profile))
			return 1u << i;
	}
	return 0;
}

/* Returns whether a grant of the call excludes it from this row. */
static bool takes_calls(const struct filter_rule *rule)
{
	return !(rule->profiles & FILTER_SETUID);
}

/* Returns whether NAME occurs in a row before END. */
static bool stands_before(const struct filter_rule *end, const char *name)
{
	for (const struct filter_rule *rule = filter_rules; rule != end; rule++) {
		if (takes_calls(rule) && filter_names(rule->calls, name))
			return true;
	}
	return false;
}

bool filter_has_call(const char *name)
{
	const struct filter_rule *end = filter_rules;

	while (end->calls)
		end++;
	return stands_before(end, name);
}

void filter_each_call(void (*each)(void *data, const char *name), void *data)
{
	char name[NAME_SIZE];

	for (const struct filter_rule *rule = filter_rules; rule->calls; rule++) {
		const char *list = rule->calls;

		while (filter_next_name(&list, name)) {
			if (takes_calls(rule) && !stands_before(rule, name))
				each(data, name);
		}
	}
}

/* x32 has no grant: no distribution builds for it. */
#define ABI "x86"

bool filter_has_abi(const char *name)
{
	return !strcmp(name, ABI);
}

void filter_each_abi(void (*each)(void *data, const char *name), void *data)
{
	each(data, ABI);
}

void filter_each_socket_word(void (*each)(void *data, const char *name), void *data)
{
	for (size_t i = 0; i < N(socket_words); i++)
		each(data, socket_words[i].name);
}

enum filter_list filter_socket_word(const char *name, uint32_t *ret_value)
{
	for (size_t i = 0; i < N(socket_words); i++) {
		if (strcmp(socket_words[i].name, name) != 0)
			continue;
		*ret_value = socket_words[i].value;
		return socket_words[i].list;
	}
	return FILTER_NO_LIST;
}

const char *filter_socket_name(enum filter_list list, uint32_t value)
{
	for (size_t i = 0; i < N(socket_words); i++) {
		if (socket_words[i].list == list && socket_words[i].value == value)
			return socket_words[i].name;
	}
	return NULL;
}

bool filter_has_socket_word(const char *name)
{
	uint32_t value;

	return filter_socket_word(name, &value) != FILTER_NO_LIST;
}

bool filter_row_granted(
	const struct filter_rule *rule, const struct oci_strings *grants, const char *call)
{
	return takes_calls(rule) && filter_granted(grants, "syscall", call);
}

bool filter_granted(const struct oci_strings *grants, const char *kind, const char *item)
{
	size_t length = strlen(kind);

	for (size_t i = 0; i < grants->n; i++) {
		const char *grant = grants->items[i];

		if (!strncmp(grant, kind, length) && grant[length] == ':' &&
			!strcmp(grant + length + 1, item))
			return true;
	}
	return false;
}

bool filter_grant_matters(const char *profile, const char *grant)
{
	const unsigned bit = filter_profile_bit(profile);
	const char *item = strchr(grant, ':') + 1;
	const bool socket = !strncmp(grant, "socket:", strlen("socket:"));
	uint32_t value;
	const enum filter_list list = socket ? filter_socket_word(item, &value) : FILTER_NO_LIST;

	if (!strncmp(grant, "abi:", strlen("abi:")))
		return true;
	for (const struct filter_rule *rule = filter_rules; rule->calls; rule++) {
		if (rule->profiles & bit && takes_calls(rule) &&
			(socket ? rule->list == list : filter_names(rule->calls, item)))
			return true;
	}
	return false;
}

bool filter_each_grant(
	const struct filter_rule *rule, void (*each)(void *data, const char *grant), void *data)
{
	const char *list = rule->calls;
	char name[NAME_SIZE], grant[64];

	if (rule->tests[0].op != FILTER_ANY || !takes_calls(rule))
		return false;
	while (filter_next_name(&list, name)) {
		(void)snprintf(grant, sizeof(grant), "syscall:%s", name);
		each(data, grant);
	}
	return true;
}

void filter_grant_text(const struct filter_rule *rule, const char *call, const uint64_t args[6],
	char ret_text[static 64])
{
	static const struct {
		unsigned index;
		uint32_t mask;
	} arguments[] = {
		[FILTER_FAMILIES] = {0, 0xffffffff},
		[FILTER_NETLINK] = {2, 0xffffffff},
		[FILTER_PROTOCOLS] = {2, 0xffffffff},
		[FILTER_TYPES] = {1, 0xf},
	};
	const char *word = NULL;

	if (!takes_calls(rule)) {
		(void)snprintf(ret_text, 64, "%s", FILTER_SETUID_GRANT);
		return;
	}
	if (rule->list != FILTER_NO_LIST)
		word = filter_socket_name(rule->list,
			(uint32_t)args[arguments[rule->list].index] & arguments[rule->list].mask);
	(void)snprintf(ret_text, 64, "%s:%s", word ? "socket" : "syscall", word ? word : call);
}
