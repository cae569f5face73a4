/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/message.h"

#include <errno.h>
#include <stdlib.h>

#include "shim/ttrpc.h"

/* Allocates for a message, and counts what it has taken so far. */
static void *allocate(void *data, size_t n)
{
	size_t *used = data;

	if (n > MESSAGE_MAX - *used)
		return NULL;
	*used += n;
	return malloc(n);
}

static void release(void *data, void *at)
{
	(void)data;
	free(at);
}

void *message_read(const ProtobufCMessageDescriptor *type, const void *bytes, size_t n)
{
	size_t used = 0;
	ProtobufCAllocator allocator = {
		.alloc = allocate, .free = release, .allocator_data = &used};

	return protobuf_c_message_unpack(type, &allocator, n, bytes);
}

void message_free(void *message)
{
	if (message)
		protobuf_c_message_free_unpacked(message, NULL);
}

int message_write(const void *message, size_t ahead, uint8_t **ret_bytes, size_t *ret_n)
{
	const size_t n = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes;

	if (n > TTRPC_MAX)
		return -E2BIG;
	bytes = malloc(ahead + n + 1); /* + 1: malloc(0) may return NULL */
	if (!bytes)
		return -ENOMEM;
	(void)protobuf_c_message_pack(message, bytes + ahead);
	*ret_bytes = bytes;
	*ret_n = n;
	return 0;
}

static int write_frame(
	uint8_t type, uint32_t stream, const void *message, uint8_t **ret_frame, size_t *ret_n)
{
	uint8_t *frame;
	size_t n;
	int r = message_write(message, TTRPC_HEAD, &frame, &n);

	if (r < 0)
		return r;
	ttrpc_head_write(
		&(struct ttrpc_head){.length = (uint32_t)n, .stream = stream, .type = type}, frame);
	*ret_frame = frame;
	*ret_n = TTRPC_HEAD + n;
	return 0;
}

int message_respond(uint32_t stream, const void *message, int code, const char *error,
	uint8_t **ret_frame, size_t *ret_n)
{
	Wire__Response response = WIRE__RESPONSE__INIT;
	Wire__Status status = WIRE__STATUS__INIT;
	uint8_t *payload = NULL;
	int r = message ? message_write(message, 0, &payload, &response.payload.len) : 0;

	if (r < 0)
		return r;
	response.payload.data = payload;
	if (!message) {
		status.code = code;
		status.message = (char *)error;
		response.status = &status;
	}
	r = write_frame(TTRPC_RESPONSE, stream, &response, ret_frame, ret_n);
	free(payload);
	return r;
}

int message_request(uint32_t stream, const char *service, const char *method, const void *message,
	int64_t timeout_nano, uint8_t **ret_frame, size_t *ret_n)
{
	Wire__Request request = WIRE__REQUEST__INIT;
	uint8_t *payload;
	int r = message_write(message, 0, &payload, &request.payload.len);

	if (r < 0)
		return r;
	request.payload.data = payload;
	request.service = (char *)service;
	request.method = (char *)method;
	request.timeout_nano = timeout_nano;
	r = write_frame(TTRPC_REQUEST, stream, &request, ret_frame, ret_n);
	free(payload);
	return r;
}
