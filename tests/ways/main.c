/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/ways/attempts.h"

/* ways world: makes the network of world.c, says "ready" and keeps it until it is killed.
 * ways rules | whole | metadata | open: tries each way, and says what is not as it must be with
 * WAYS_RULES, with these and a filter for what they do not see, with metadata refused alone, or
 * with nothing of that; last, how many ways led somewhere. What of them is loopback is served here.
 * ways relay: the same in a network of its own that leads nowhere but to a relay, with WAYS_RULES
 * for TCP. ways tcp ADDRESS PORT...: tries these alone, and says what came of each. */

enum mode {
	MODE_OPEN,
	MODE_METADATA,
	MODE_RULES,
	MODE_WHOLE,
	MODE_RELAY,
	N_MODES,
};

static const char *const words[N_MODES] = {"open", "metadata", "rules", "whole", "relay"};

/* No address was asked: by which of the walls does not matter. */
static bool is_refusal(int error)
{
	return error == EPERM || error == EACCES || error == ENOSYS || error == EAFNOSUPPORT ||
	       error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT || error == EOPNOTSUPP;
}

/* A datagram to an address of the network's own does not leave it. */
static bool stays_inside(const struct way *way)
{
	const bool datagram = way->attempt == way_sendto || way->attempt == way_sendmsg ||
			      way->attempt == way_udp_connect || way->attempt == way_v6_socket;

	return datagram && way->address && ways_address_is_own(way->address);
}

static bool is_right_by_relay(const struct way *way, int error)
{
	if (way->verdict == WAY_ALLOWED)
		return error == 0;
	return error == 0 ? stays_inside(way) : is_refusal(error) || error == ECONNREFUSED;
}

static bool is_right(const struct way *way, enum mode mode, int error)
{
	const bool rules = mode == MODE_RULES || mode == MODE_WHOLE;

	if (mode == MODE_RELAY)
		return is_right_by_relay(way, error);
	if (way->verdict == WAY_ALLOWED || way->verdict == WAY_BY_FILTER)
		return error == 0;
	if (rules || (mode == MODE_METADATA && way->verdict == WAY_METADATA))
		return is_refusal(error);
	return error == 0 || is_refusal(error);
}

static int try_all(enum mode mode)
{
	unsigned reached = 0;
	int failed = 0;

	for (size_t i = 0; i < n_ways; i++) {
		int error;

		if (ways[i].verdict == WAY_BESIDE && mode != MODE_WHOLE && mode != MODE_RELAY)
			continue;
		error = ways[i].attempt(&ways[i]);
		reached += error == 0 && (mode != MODE_RELAY || ways[i].verdict == WAY_ALLOWED);
		if (is_right(&ways[i], mode, error))
			continue;
		(void)printf("%s: %s\n", ways[i].name, error ? strerror(error) : "reached");
		failed = 1;
	}
	if (mode == MODE_RELAY) /* the relay makes its connections while the container lives */
		(void)usleep(500000);
	(void)printf("%u reached\n", reached);
	return failed;
}

static int try_tcp(const char *address, char *ports[])
{
	for (; *ports; ports++) {
		const struct way way = {.address = address, .port = (uint16_t)atoi(*ports)};
		const int error = way_tcp(&way);

		(void)printf(
			"%s port %s: %s\n", address, *ports, error ? strerror(error) : "reached");
	}
	return 0;
}

static int keep_world(void)
{
	if (ways_enter_world() < 0) {
		perror("world");
		return 1;
	}
	(void)puts("ready");
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}

int main(int argc, char *argv[])
{
	const char *word = argc >= 2 ? argv[1] : "";
	enum mode mode = MODE_OPEN;

	if (!strcmp(word, "world"))
		return keep_world();
	if (!strcmp(word, "tcp") && argc > 3)
		return try_tcp(argv[2], argv + 3);
	while (mode < N_MODES && strcmp(word, words[mode]) != 0)
		mode++;
	if (mode == N_MODES) {
		(void)fprintf(stderr, "ways: what is \"%s\"?\n", word);
		return 2;
	}
	if (ways_serve_loopback() < 0 && errno != EADDRINUSE)
		perror("loopback");
	return try_all(mode);
}
