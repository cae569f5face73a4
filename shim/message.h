/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_MESSAGE_H
#define NACRE_SHIM_MESSAGE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/wire.pb-c.h"

/* Messages of wire.proto to bytes and back. Pure. */

/* All that one message may take in memory. Two bytes can ask for an object of a hundred. */
#define MESSAGE_MAX (16 * 1024 * 1024)

/* NULL: not such a message, or larger than MESSAGE_MAX. For message_free. */
void *message_read(const ProtobufCMessageDescriptor *type, const void *bytes, size_t n);
void message_free(void *message);

/* RET_BYTES is for free(3), behind AHEAD bytes that are left to the caller. *RET_N is without them.
 * -ENOMEM; -E2BIG: longer than a frame may be. */
int message_write(const void *message, size_t ahead, uint8_t **ret_bytes, size_t *ret_n);

/* A response of ttrpc, whole, as a frame: MESSAGE, or if that is NULL the error. */
int message_respond(uint32_t stream, const void *message, int code, const char *error,
	uint8_t **ret_frame, size_t *ret_n);

/* A request, likewise. */
int message_request(uint32_t stream, const char *service, const char *method, const void *message,
	int64_t timeout_nano, uint8_t **ret_frame, size_t *ret_n);

#endif
