/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>

#include "shim/logger.h"
#include "shim/loop.h"
#include "shim/publish.h"
#include "shim/service.h"
#include "shim/task.h"

/* Limits how long pending answers and events may take, and how long a shim without a container
 * waits for a client. */
#define TELL_MS 3000
#define UNUSED_MS 60000
#define LOOK_MS 2

static struct timer end_timer, unused_timer;
static int64_t end_by;
static bool end_asked;

/* Ends the loop once answers and events are delivered, or their time has passed. */
static void end_when_told(struct timer *timer)
{
	if (((call_pending() || publish_pending()) && loop_now() < end_by) || logger_is_ending())
		loop_set(timer, LOOK_MS);
	else
		loop_end();
}

static void begin_end(void)
{
	call_stop_serving();
	end_timer.due = end_when_told;
	end_by = loop_now() + TELL_MS;
	loop_set(&end_timer, 1);
}

/* A container that is still being made does not count: the client that asked for the shutdown does
 * not know of it, since containerd was killed meanwhile. */
static bool has_container(void)
{
	for (const struct container *c = task_first(); c; c = c->next) {
		if (c->init.state != PROCESS_ADDED)
			return true;
	}
	return false;
}

void service_shutdown(struct call *call, const void *message)
{
	(void)message;
	end_asked = !has_container();
	if (end_asked && !task_first())
		begin_end();
	call_answer_empty(call);
}

static void unused_due(struct timer *timer)
{
	(void)timer;
	if (!task_first() && !call_connected())
		begin_end();
}

void service_unused(void)
{
	if (task_first() || end_timer.at)
		return;
	if (end_asked) {
		begin_end();
		return;
	}
	unused_timer.due = unused_due;
	loop_set(&unused_timer, UNUSED_MS);
}
