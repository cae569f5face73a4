/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_CALL_H
#define NACRE_SHIM_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/message.h"

/* A request of containerd that was read and is to be answered once, now or later. */
struct call;

/* Codes of gRPC; what containerd makes of them is an error of the same meaning. */
enum call_code {
	CALL_UNKNOWN = 2,
	CALL_INVALID = 3,
	CALL_DEADLINE = 4,
	CALL_NOT_FOUND = 5,
	CALL_EXISTS = 6,
	CALL_EXHAUSTED = 8,
	CALL_PRECONDITION = 9,
	CALL_UNIMPLEMENTED = 12,
	CALL_INTERNAL = 13,
};

/* Each answers and frees the call; nobody need be there any more to read it. */
void call_answer(struct call *call, const void *message);
void call_answer_empty(struct call *call);
__attribute__((format(printf, 3, 4))) void call_fail(
	struct call *call, enum call_code code, const char *format, ...);

/* Milliseconds that the client gives it; 0: it has not said. */
int64_t call_timeout(const struct call *call);

/* Whether nobody waits for its answer any more: that has passed, and it was answered so, or the
 * client is gone. What answers it later has no effect but to free it. */
bool call_is_over(const struct call *call);

/* Takes connections of LISTENER, the socket at PATH, whose requests go to service_call (service.h).
 * Returns 0 or -errno. */
int call_serve(int listener_fd, const char *path);

/* No connection more: who starts a shim of the same name from now on gets a new one. What is
 * connected stays. */
void call_stop_serving(void);

/* Whether there is a client. */
bool call_connected(void);

/* Whether answers that were given have not been sent yet. */
bool call_pending(void);

#endif
