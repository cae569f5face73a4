/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "runtime/log.h"

#define MS INT64_C(1000000)

enum {
	FIRST = 500, /* ms */
	PAUSE = 100,
};

static int64_t now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

void progress_begin(struct progress *p)
{
	*p = (struct progress){.next = isatty(STDERR_FILENO) ? now() + FIRST * MS : INT64_MAX};
}

bool progress_is_due(struct progress *p, int64_t time)
{
	if (time < p->next)
		return false;
	p->next = time + PAUSE * MS;
	return true;
}

void progress_show(void *data, uint64_t done, uint64_t all)
{
	struct progress *p = data;
	char line[96];

	if (p->next == INT64_MAX || !progress_is_due(p, now()))
		return;
	(void)snprintf(
		line, sizeof(line), "\rapplying %" PRIu64 " of %" PRIu64 "\033[K", done, all);
	log_text(line);
	p->shown = true;
}

void progress_end(struct progress *p)
{
	if (p->shown)
		log_text("\r\033[K");
}
