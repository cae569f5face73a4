/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_CALL_H
#define NACRE_SHIM_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/message.h"

/* A request of containerd that was read and must be answered once, now or later. */
struct call;

/* Status codes of gRPC. containerd turns each into an error of the same meaning. */
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

/* Each of these answers the call and frees it. The client may be gone. */
void call_answer(struct call *call, const void *message);
void call_answer_empty(struct call *call);
__attribute__((format(printf, 3, 4))) void call_fail(
	struct call *call, enum call_code code, const char *format, ...);

/* Returns the client's timeout in milliseconds, 0 if it set none. */
int64_t call_timeout(const struct call *call);

/* Returns whether nobody waits for the answer any more: the timeout has passed and was reported to
 * the client, or the client is gone. To answer such a call only frees it. */
bool call_is_over(const struct call *call);

/* Accepts connections on LISTENER_FD, the socket at PATH, and passes their requests to service_call
 * (service.h). Returns 0 or -errno. */
int call_serve(int listener_fd, const char *path);

/* Accepts no more connections: a shim of the same name that is started from now on gets a new
 * socket. Existing connections stay. */
void call_stop_serving(void);

/* Returns whether a client is connected. */
bool call_connected(void);

/* Returns whether answers were given that have not been sent yet. */
bool call_pending(void);

#endif
