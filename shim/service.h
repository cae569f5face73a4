/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_SERVICE_H
#define NACRE_SHIM_SERVICE_H

#include "shim/call.h"
#include "shim/task.h"

/* The task service, versions 2 and 3, which differ by name alone. */

/* Answers CALL, now or later. */
void service_call(struct call *call, const Wire__Request *request);

/* There may be neither a container nor a client any more, or not yet: without both the shim ends. A
 * killed containerd may know nothing of it. */
void service_unused(void);

/* --- the calls, one each; MESSAGE is of the type in service.c's table --- */

typedef void service_fn(struct call *call, const void *message);

service_fn service_create, service_start, service_delete, service_exec; /* by children */
service_fn service_pause, service_resume, service_update;
service_fn service_state, service_pids, service_kill, service_wait, service_stats, service_connect,
	service_resize, service_close, service_shutdown, service_checkpoint;

#endif
