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
 * ways tcp ADDRESS PORT...: tries these alone, and says what came of each. */

/* No address was asked: by which of the walls does not matter. */
static bool is_refusal(int error)
{
	return error == EPERM || error == EACCES || error == ENOSYS || error == EAFNOSUPPORT ||
	       error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT || error == EOPNOTSUPP;
}

static bool is_right(const struct way *way, bool rules, bool metadata, int error)
{
	if (way->verdict == WAY_ALLOWED)
		return error == 0;
	if (rules || (metadata && way->verdict == WAY_METADATA))
		return is_refusal(error);
	return error == 0 || is_refusal(error);
}

static int try_all(bool beside, bool rules, bool metadata)
{
	unsigned reached = 0;
	int failed = 0;

	for (size_t i = 0; i < n_ways; i++) {
		int error;

		if (ways[i].verdict == WAY_BESIDE && !beside)
			continue;
		error = ways[i].attempt(&ways[i]);
		reached += error == 0;
		if (is_right(&ways[i], rules, metadata, error))
			continue;
		(void)printf("%s: %s\n", ways[i].name, error ? strerror(error) : "reached");
		failed = 1;
	}
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
	const char *mode = argc >= 2 ? argv[1] : "";
	bool whole = !strcmp(mode, "whole"), rules = whole || !strcmp(mode, "rules");

	if (!strcmp(mode, "world"))
		return keep_world();
	if (!strcmp(mode, "tcp") && argc > 3)
		return try_tcp(argv[2], argv + 3);
	if (ways_serve_loopback() < 0 && errno != EADDRINUSE)
		perror("loopback");
	return try_all(whole, rules, !strcmp(mode, "metadata"));
}
