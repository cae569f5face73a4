/* SPDX-License-Identifier: Apache-2.0 */
/* What comes over a shim's socket: frames, and in each a request with a message of each type. */
#include "shim/message.h"
#include "shim/ttrpc.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ProtobufCMessageDescriptor *const types[] = {
	&wire__create_request__descriptor,
	&wire__process_request__descriptor,
	&wire__exec_request__descriptor,
	&wire__resize_request__descriptor,
	&wire__kill_request__descriptor,
	&wire__close_request__descriptor,
	&wire__update_request__descriptor,
	&wire__shutdown_request__descriptor,
	&wire__options__descriptor,
	&wire__create_options__descriptor,
	&wire__config_options__descriptor,
	&wire__checkpoint_request__descriptor,
	&wire__checkpoint_options__descriptor,
	&wire__boot_params__descriptor,
	&wire__response__descriptor,
};

/* A message that is read can be written. (A field that nobody knows may have a number that
 * protobuf-c writes and does not read.) */
static void each_type(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		void *message = message_read(types[i], bytes, n);
		uint8_t *written;
		size_t written_n;

		if (!message)
			continue;
		require(message_write(message, 0, &written, &written_n) == 0, "it is written");
		message_free(message);
		free(written);
	}
}

static void use_frame(const struct ttrpc_head *head, const uint8_t *message)
{
	Wire__Request *request;

	require(head->length <= TTRPC_MAX, "a frame is bounded");
	require(head->stream % 2 == 1, "a client's stream is odd");
	request = message_read(&wire__request__descriptor, message, head->length);
	if (!request)
		return;
	each_type(request->payload.data, request->payload.len);
	message_free(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ttrpc_input in = {0};
	struct ttrpc_head head;
	const uint8_t *message;
	uint8_t *at;
	size_t n;

	each_type(data, size);
	while (size > 0 && ttrpc_input_room(&in, &at, &n) == 0) {
		n = n < size ? n : size;
		memcpy(at, data, n);
		data += n;
		size -= n;
		if (!ttrpc_input_take(&in, n, &head, &message))
			continue;
		use_frame(&head, message);
		ttrpc_input_next(&in);
	}
	ttrpc_input_free(&in);
	return 0;
}
