/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_LOOP_H
#define NACRE_SHIM_LOOP_H

#include <stdint.h>

/* The event loop of the single thread: it waits for ready file descriptors and for timers. */

struct source {
	int fd;
	uint32_t events; /* the events of epoll(7) to wait for; 0: none */
	void (*ready)(struct source *source, uint32_t events);
};

/* Opens the loop. Returns 0 or -errno, as loop_watch does. */
int loop_open(void);

/* Waits for EVENTS on SOURCE->fd from now on; 0: for none, not even for a hang-up. Ready sources
 * are reported one at a time, so that a callback may remove and free any source. */
int loop_watch(struct source *source, uint32_t events);
void loop_forget(struct source *source);

/* A timer; "next" is private to the loop. */
struct timer {
	int64_t at; /* in milliseconds of loop_now; 0: not set */
	void (*due)(struct timer *timer);
	struct timer *next;
};

int64_t loop_now(void);
/* Sets TIMER to MILLISECONDS from now, once. */
void loop_set(struct timer *timer, int64_t milliseconds);
void loop_unset(struct timer *timer);

/* Runs until loop_end. Returns 0 or -errno. */
int loop_run(void);
void loop_end(void);

#endif
