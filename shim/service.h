/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_SERVICE_H
#define NACRE_SHIM_SERVICE_H

#include "shim/call.h"
#include "shim/task.h"

/* The task service, versions 2 and 3, which differ only in name. */

/* Answers CALL, now or later. */
void service_call(struct call *call, const Wire__Request *request);

/* Ends the shim if it has no container: at once after a shutdown call, else if it still has neither
 * a container nor a client a minute later. A killed containerd may not know of this shim. */
void service_unused(void);

/* Keeps CALL in WAITS, to be answered later, or answers that there are too many. */
void service_keep(struct call *call, struct wait **waits);

/* --- one function per call; MESSAGE has the type that service.c's table names --- */

typedef void service_fn(struct call *call, const void *message);

service_fn service_create, service_start, service_delete, service_exec; /* by children */
service_fn service_pause, service_resume, service_update;
service_fn service_state, service_pids, service_kill, service_wait, service_stats, service_connect,
	service_resize, service_close, service_shutdown, service_checkpoint;

#endif
