/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/companions/egress.h"

/*
 * The setup that nacre writes to the relay's stdin, in lines. The first line is the version of this
 * format; another version may have other keywords. FD is a number in this process.
 *
 *	nacre-egress 2
 *	name NAME		a name that has or had an address, in the order of the addresses
 *	rule WORD		a rule of egress.h, in the order of the container's list
 *	metadata		answers in egress_metadata are allowed
 *	alone			no BPF filter is in force: connections to addresses are accepted
 *	resolver ADDRESS	an upstream resolver
 *	search DOMAIN...	the search domains of the programs
 *	denials FD		where denials are counted
 *	end FD			pidfd of the container's first process
 *	events FD		cgroup.events of its cgroup
 *	udp FD			the stub's sockets, for names
 *	tcp FD
 *	control FD		a datagram socket for other rules, egress_update.c
 *	listener PORT FD	a listening socket, for connections to that port of a name
 *
 * Only in an update:
 *
 *	beside			the present rules must allow as well, and the listeners stay;
 *				comes before all rules
 *	keep PORT		keeps the present listener of that port
 */

#define FIRST_LINE "nacre-egress 2"

struct reading {
	struct setup *setup;
	const char *words[EGRESS_RULES_MAX];
	size_t n_words;
	const char *names[EGRESS_NAMES_MAX];
	size_t n_names;
	struct nacre_error *err;
};

static bool read_number(const char *text, long most, int *ret_number)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (end == text || *end || number < 0 || number > most)
		return false;
	*ret_number = (int)number;
	return true;
}

/* TEXT: a port, followed by an fd unless the listener is kept. */
static bool add_listener(struct setup *setup, char *text, bool keep)
{
	struct listener *listener = &setup->listeners[setup->n_listeners];
	char *fd = strchr(text, ' ');
	int port;

	if (!fd != keep || setup->n_listeners == RELAY_LISTENERS_MAX)
		return false;
	if (fd)
		*fd++ = '\0';
	listener->watch.fd = -1;
	if (!read_number(text, UINT16_MAX, &port) ||
		(fd && !read_number(fd, INT32_MAX, &listener->watch.fd)))
		return false;
	listener->port = (uint16_t)port;
	setup->n_listeners++;
	return true;
}

static bool add_server(struct setup *setup, const char *text)
{
	const size_t n = strlen(setup->servers);
	const int length = snprintf(
		setup->servers + n, sizeof(setup->servers) - n, "%s%s", n ? "," : "", text);

	return length > 0 && (size_t)length < sizeof(setup->servers) - n;
}

static bool read_line(struct reading *reading, char *line)
{
	struct setup *setup = reading->setup;
	const struct {
		const char *word;
		int *fd;
	} fds[] = {
		{"denials", &setup->denials},
		{"end", &setup->end},
		{"events", &setup->events},
		{"control", &setup->control},
		{"udp", &setup->stub_udp},
		{"tcp", &setup->stub_tcp},
	};
	char *value = strchr(line, ' ');

	if (!strcmp(line, "metadata"))
		return setup->rules->metadata = true;
	if (!strcmp(line, "alone"))
		return setup->alone = true;
	if (!strcmp(line, "beside"))
		return setup->beside = true;
	if (!value)
		return false;
	*value++ = '\0';
	if (!strcmp(line, "rule") && reading->n_words < EGRESS_RULES_MAX) {
		reading->words[reading->n_words++] = value;
		return true;
	}
	if (!strcmp(line, "name") && reading->n_names < EGRESS_NAMES_MAX) {
		reading->names[reading->n_names++] = value;
		return true;
	}
	if (!strcmp(line, "resolver"))
		return add_server(setup, value);
	if (!strcmp(line, "search"))
		return (size_t)snprintf(setup->search, sizeof(setup->search), "%s", value) <
		       sizeof(setup->search);
	if (!strcmp(line, "listener") || !strcmp(line, "keep"))
		return add_listener(setup, value, *line == 'k');
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (!strcmp(line, fds[i].word))
			return read_number(value, INT32_MAX, fds[i].fd);
	return false;
}

static int read_lines(struct reading *reading, char *text)
{
	char *line = strsep(&text, "\n");

	if (strcmp(line, FIRST_LINE) != 0)
		return fail(reading->err, EPROTO,
			"nacre-egress and the nacre that started it have different versions: found "
			"\"%.40s\", expected \"" FIRST_LINE "\"",
			line);
	while ((line = strsep(&text, "\n")))
		if (*line && !read_line(reading, line))
			return fail(reading->err, EPROTO,
				"nacre-egress: the rules have an unknown line: \"%.60s\"", line);
	return 0;
}

static int read_rules(const struct reading *reading, struct rules *rules)
{
	const struct oci_strings words = {(const char **)reading->words, reading->n_words};
	const struct oci_strings names = {(const char **)reading->names, reading->n_names};
	int r = egress_policy_parse(rules->arena, &words, &rules->policy, reading->err);

	return r < 0 ? r : egress_names_assign(rules->arena, &names, &rules->policy, reading->err);
}

int setup_read_file(int fd, char ret_text[RELAY_INPUT_MAX + 1], struct nacre_error *err)
{
	size_t have = 0;
	ssize_t n = 1;

	while (n > 0 && have <= RELAY_INPUT_MAX) {
		n = read(fd, ret_text + have, RELAY_INPUT_MAX + 1 - have);
		if (n < 0)
			return fail_errno(err, errno, "nacre-egress: read the rules");
		have += (size_t)n;
	}
	if (have > RELAY_INPUT_MAX)
		return fail(err, E2BIG, "nacre-egress: the rules have more than %d bytes",
			(int)RELAY_INPUT_MAX);
	ret_text[have] = '\0';
	return 0;
}

int setup_read_update(const char *text, struct setup *ret_setup, struct nacre_error *err)
{
	struct arena *arena = arena_new(SIZE_MAX);
	struct setup setup = {.rules = arena ? arena_alloc(arena, sizeof(*setup.rules)) : NULL,
		.denials = -1,
		.end = -1,
		.events = -1,
		.control = -1,
		.stub_udp = -1,
		.stub_tcp = -1};
	struct reading reading = {.setup = &setup, .err = err};
	char *copy = setup.rules ? arena_strdup(arena, text) : NULL;
	int r = copy ? 0 : fail_errno(err, ENOMEM, "nacre-egress");

	if (r == 0) {
		setup.rules->arena = arena;
		r = read_lines(&reading, copy);
	}
	if (r == 0)
		r = read_rules(&reading, setup.rules);
	if (r < 0)
		arena_free(arena);
	else
		*ret_setup = setup;
	return r;
}

int setup_read(const char *text, struct setup *ret_setup, struct nacre_error *err)
{
	struct setup setup;
	int r = setup_read_update(text, &setup, err);
	bool complete;

	if (r < 0)
		return r;
	complete = setup.denials >= 0 && setup.end >= 0 &&
		   (!egress_names_any(&setup.rules->policy) ||
			   (setup.stub_udp >= 0 && setup.stub_tcp >= 0 && *setup.servers));
	for (size_t i = 0; i < setup.n_listeners; i++)
		complete = complete && setup.listeners[i].watch.fd >= 0;
	if (!complete) {
		arena_free(setup.rules->arena);
		return fail(err, EPROTO, "nacre-egress: the rules are incomplete");
	}
	*ret_setup = setup;
	return 0;
}
