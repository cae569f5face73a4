/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>

static struct {
	int epoll_fd;
	bool ended;
	struct timer *timers; /* sorted, the next one first */
} loop = {.epoll_fd = -1};

int loop_open(void)
{
	loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return loop.epoll_fd < 0 ? -errno : 0;
}

void loop_forget(struct source *source)
{
	if (source->events != 0)
		(void)epoll_ctl(loop.epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	source->events = 0;
}

int loop_watch(struct source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data = {.ptr = source}};
	const int how = source->events != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (source->events == events)
		return 0;
	/* A source without events would still report EPOLLHUP, again and again. */
	if (events == 0) {
		loop_forget(source);
		return 0;
	}
	if (epoll_ctl(loop.epoll_fd, how, source->fd, &event) < 0)
		return -errno;
	source->events = events;
	return 0;
}

int64_t loop_now(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void loop_unset(struct timer *timer)
{
	struct timer **at = &loop.timers;

	while (*at && *at != timer)
		at = &(*at)->next;
	if (*at)
		*at = timer->next;
	timer->at = 0;
}

void loop_set(struct timer *timer, int64_t milliseconds)
{
	struct timer **at = &loop.timers;

	loop_unset(timer);
	timer->at = loop_now() + milliseconds;
	while (*at && (*at)->at <= timer->at)
		at = &(*at)->next;
	timer->next = *at;
	*at = timer;
}

/* Runs the timers that are due. Returns the milliseconds until the next one, -1 if there is
 * none. */
static int run_timers(void)
{
	while (loop.timers && !loop.ended) {
		struct timer *timer = loop.timers;
		const int64_t left = timer->at - loop_now();

		if (left > 0)
			return left < INT_MAX ? (int)left : INT_MAX;
		loop.timers = timer->next;
		timer->at = 0;
		timer->due(timer);
	}
	return -1;
}

int loop_run(void)
{
	for (loop.ended = false; !loop.ended;) {
		struct epoll_event event;
		const int wait = run_timers();
		int n;

		if (loop.ended)
			break;
		n = epoll_wait(loop.epoll_fd, &event, 1, wait);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			struct source *source = event.data.ptr;

			source->ready(source, event.events);
		}
	}
	return 0;
}

void loop_end(void)
{
	loop.ended = true;
}
