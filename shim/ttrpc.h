/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_TTRPC_H
#define NACRE_SHIM_TTRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Frames of ttrpc, containerd's protocol between local processes: a header of ten bytes and a
 * protobuf message, Request or Response. The client numbers its streams with increasing odd
 * numbers. Pure: bytes in, bytes out.
 */

enum {
	TTRPC_HEAD = 10,
	TTRPC_MAX = 4 * 1024 * 1024, /* the limit of a message in every implementation */
	TTRPC_REQUEST = 1,
	TTRPC_RESPONSE = 2,
	TTRPC_DATA = 3, /* of streams of several messages, which no task call uses */
};

struct ttrpc_head {
	uint32_t length; /* of the message that follows */
	uint32_t stream;
	uint8_t type;
	uint8_t flags;
};

/* Returns 0; -EBADMSG: the other end does not speak ttrpc, and the connection must be closed. */
int ttrpc_head_read(const uint8_t bytes[static TTRPC_HEAD], struct ttrpc_head *ret_head);

void ttrpc_head_write(const struct ttrpc_head *head, uint8_t ret_bytes[static TTRPC_HEAD]);

/* The bytes of frames that have arrived. All zero: none. */
struct ttrpc_input {
	uint8_t *bytes;
	size_t n; /* bytes that have arrived */
	size_t room;
};

/* Makes room for the next read: once the header has arrived, at most for the rest of this frame.
 * *RET_AT is where, *RET_N how much. Returns 0, -EBADMSG as above, or -ENOMEM. */
int ttrpc_input_room(struct ttrpc_input *in, uint8_t **ret_at, size_t *ret_n);

/* Reports that N bytes were read to that place. Returns whether a frame is whole: then RET_HEAD and
 * *RET_MESSAGE, which lies in IN until the next call, are set. */
bool ttrpc_input_take(
	struct ttrpc_input *in, size_t n, struct ttrpc_head *ret_head, const uint8_t **ret_message);

/* Prepares for the next frame, and frees the memory if the last frame was large. */
void ttrpc_input_next(struct ttrpc_input *in);

void ttrpc_input_free(struct ttrpc_input *in);

#endif
