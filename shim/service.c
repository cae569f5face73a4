/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/service.h"

#include <string.h>

static const struct {
	const char *method;
	const ProtobufCMessageDescriptor *type;
	service_fn *call;
} methods[] = {
	/* clang-format off */
	{"Checkpoint", &wire__checkpoint_request__descriptor, service_checkpoint},
	{"CloseIO", &wire__close_request__descriptor, service_close},
	{"Connect", &wire__process_request__descriptor, service_connect},
	{"Create", &wire__create_request__descriptor, service_create},
	{"Delete", &wire__process_request__descriptor, service_delete},
	{"Exec", &wire__exec_request__descriptor, service_exec},
	{"Kill", &wire__kill_request__descriptor, service_kill},
	{"Pause", &wire__process_request__descriptor, service_pause},
	{"Pids", &wire__process_request__descriptor, service_pids},
	{"ResizePty", &wire__resize_request__descriptor, service_resize},
	{"Resume", &wire__process_request__descriptor, service_resume},
	{"Shutdown", &wire__shutdown_request__descriptor, service_shutdown},
	{"Start", &wire__process_request__descriptor, service_start},
	{"State", &wire__process_request__descriptor, service_state},
	{"Stats", &wire__process_request__descriptor, service_stats},
	{"Update", &wire__update_request__descriptor, service_update},
	{"Wait", &wire__process_request__descriptor, service_wait},
	/* clang-format on */
};

void service_call(struct call *call, const Wire__Request *request)
{
	if (strcmp(request->service, "containerd.task.v2.Task") != 0 &&
		strcmp(request->service, "containerd.task.v3.Task") != 0) {
		call_fail(call, CALL_UNIMPLEMENTED, "service %.200s", request->service);
		return;
	}
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		void *message;

		if (strcmp(request->method, methods[i].method) != 0)
			continue;
		message = message_read(
			methods[i].type, request->payload.data, request->payload.len);
		if (message)
			methods[i].call(call, message);
		else
			call_fail(call, CALL_INVALID, "%s: the request cannot be decoded",
				methods[i].method);
		message_free(message);
		return;
	}
	call_fail(call, CALL_UNIMPLEMENTED, "method %.200s", request->method);
}
