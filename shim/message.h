/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_MESSAGE_H
#define NACRE_SHIM_MESSAGE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/wire.pb-c.h"

/* Converts messages of wire.proto to bytes and back. Pure. */

/* Limits the memory of one message: two bytes can ask for an object of a hundred. */
#define MESSAGE_MAX (16 * 1024 * 1024)

/* Returns NULL if BYTES is not such a message, or needs more than MESSAGE_MAX. The caller frees it
 * with message_free. */
void *message_read(const ProtobufCMessageDescriptor *type, const void *bytes, size_t n);
void message_free(void *message);

/* Writes MESSAGE behind AHEAD bytes, which are left to the caller. The caller frees RET_BYTES with
 * free(3). *RET_N excludes AHEAD. -ENOMEM; -E2BIG: longer than a frame may be. */
int message_write(const void *message, size_t ahead, uint8_t **ret_bytes, size_t *ret_n);

/* Makes the whole frame of a ttrpc response with MESSAGE, or, if that is NULL, with the error. */
int message_respond(uint32_t stream, const void *message, int code, const char *error,
	uint8_t **ret_frame, size_t *ret_n);

/* Makes the whole frame of a request. */
int message_request(uint32_t stream, const char *service, const char *method, const void *message,
	int64_t timeout_nano, uint8_t **ret_frame, size_t *ret_n);

#endif
