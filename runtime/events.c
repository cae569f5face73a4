/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/commands.h"

const struct option_row events_rows[] = {
	/* clang-format off */
	{"interval", 0, DURATION(interval_ms), "TIME", "time between two stats; default: 5s"},
	{"stats", 0, FLAG(stats), NULL, "print the usage once"},
	{NULL},
	/* clang-format on */
};

enum {
	INTERVAL_MS = 5000,
};

/* Flushes each event: a reader wants it at once. */
static int print_event(void *data, const char *json)
{
	(void)data;
	return puts(json) < 0 || fflush(stdout) != 0 ? -errno : 0;
}

int command_events(struct invocation *in, struct nacre_error *err)
{
	char *json;
	int r;

	if (!in->stats)
		return nacre_events(in->nacre, in->operands[0],
			in->interval_ms ? in->interval_ms : INTERVAL_MS, print_event, NULL, err);
	r = nacre_stats(in->nacre, in->operands[0], &json, err);
	if (r < 0)
		return r;
	state_print_text(json);
	free(json);
	return 0;
}
