/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SYSTEMD_BUS_H
#define NACRE_SYSTEMD_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "specs/error.h"

/*
 * Part of nacre-systemd: calls of systemd's manager with sd-bus(3).
 *
 * Nothing blocks but one poll: connecting, authentication, a call, its answer and the end of its
 * job are handled by one loop, with one deadline for the whole program.
 */

#define MANAGER_NAME "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"

struct request {
	sd_bus *bus;
	bool user;
	const char *unit;
	char *properties;
	uint32_t pid;
	const char *below; /* a path below the unit's cgroup, where the process goes */
	uint64_t deadline; /* CLOCK_MONOTONIC, microseconds */

	/* of the call under way */
	bool answered;
	int code; /* errno of the answer, 0: success */
	char error[128]; /* D-Bus name of the error */
	char text[512]; /* its message */
	char manager[64]; /* bus name of the sender of the answer */
	char job[256]; /* object path of the job that the call made */
	char result[32]; /* of that job; empty: it has not ended */
	struct nacre_error *err;
};

/* Sets the deadline, 30 s from now, and begins to connect. */
int bus_open(struct request *q);

/* Must precede the call that makes a job of q->unit. */
int bus_watch_jobs(struct request *q);

int bus_new_call(struct request *q, const char *method, sd_bus_message **ret_message);

/* Sends MESSAGE, which it takes over, and waits until it is answered and the job that it made has
 * ended. Only a failure of the bus is an error here: the answer is in Q. */
int bus_perform(struct request *q, sd_bus_message *message);

/* Returns whether the answer is the D-Bus error NAME. */
bool bus_error_is(const struct request *q, const char *name);

/* Sets the error from the answer. WHAT: what was done to the unit, "start". */
int bus_refused(struct request *q, const char *what);

#endif
