/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_LOOP_H
#define NACRE_SHIM_LOOP_H

#include <stdint.h>

/* The one loop of the one thread: file descriptors that get ready, and times that come. */

struct source {
	int fd;
	uint32_t events; /* of epoll(7), that are waited for; 0: none */
	void (*ready)(struct source *source, uint32_t events);
};

/* Begins. Returns 0 or -errno, as the next. */
int loop_open(void);

/* Waits for EVENTS on SOURCE->fd from now on; 0: for none, not even for the other end's going. What
 * is ready is told one at a time: a source may be removed, and freed, by whatever is called. */
int loop_watch(struct source *source, uint32_t events);
void loop_forget(struct source *source);

/* The member that a list of timers needs is the loop's own. */
struct timer {
	int64_t at; /* milliseconds of loop_now; 0: not set */
	void (*due)(struct timer *timer);
	struct timer *next;
};

int64_t loop_now(void);
/* Sets it to MILLISECONDS from now, once. */
void loop_set(struct timer *timer, int64_t milliseconds);
void loop_unset(struct timer *timer);

/* Until loop_end. Returns 0 or -errno. */
int loop_run(void);
void loop_end(void);

#endif
