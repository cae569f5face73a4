/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SYSTEMD_BUS_H
#define NACRE_SYSTEMD_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "specs/error.h"

/*
 * Of the program nacre-systemd: calls to the manager of systemd by sd-bus(3).
 *
 * Nothing blocks but one poll: connecting, the authentication, a call, its answer and the end of
 * the job that it made are all done by the same loop, with one deadline for the whole program.
 */

#define MANAGER_NAME "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"

struct request {
	sd_bus *bus;
	bool user;
	const char *unit;
	char *properties;
	uint32_t pid;
	const char *below; /* where in the unit's cgroup the process goes */
	uint64_t deadline; /* CLOCK_MONOTONIC, microseconds */

	/* of the call under way */
	bool answered;
	int code; /* errno of the answer, 0: it is good */
	char error[128]; /* D-Bus name of the error */
	char text[512]; /* its message */
	char manager[64]; /* the name on the bus of who answered */
	char job[256]; /* object path of the job that the call made */
	char result[32]; /* of that job; empty: it goes on */
	struct nacre_error *err;
};

/* Sets the deadline, 30 s from now, and begins to connect. */
int bus_open(struct request *q);

/* Before the call that makes a job of q->unit. */
int bus_watch_jobs(struct request *q);

int bus_new_call(struct request *q, const char *method, sd_bus_message **ret_message);

/* Sends MESSAGE and waits until it is answered and the job that it made has ended. Only a bus that
 * fails is an error here: the answer is in Q. Takes MESSAGE over. */
int bus_perform(struct request *q, sd_bus_message *message);

/* Whether the answer is the error NAME of D-Bus. */
bool bus_error_is(const struct request *q, const char *name);

/* Sets the error that the answer is. WHAT: "start", of the unit. */
int bus_refused(struct request *q, const char *what);

#endif
