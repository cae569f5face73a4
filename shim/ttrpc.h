/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_TTRPC_H
#define NACRE_SHIM_TTRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Frames of ttrpc, containerd's protocol between local processes: a head of ten bytes and a
 * protobuf message, Request or Response. The client numbers its streams, each an odd number above
 * the last. Pure: bytes in, bytes out.
 */

enum {
	TTRPC_HEAD = 10,
	TTRPC_MAX = 4 * 1024 * 1024, /* of a message, as every implementation has it */
	TTRPC_REQUEST = 1,
	TTRPC_RESPONSE = 2,
	TTRPC_DATA = 3, /* of streams of several messages, which no task call uses */
};

struct ttrpc_head {
	uint32_t length; /* of the message behind it */
	uint32_t stream;
	uint8_t type;
	uint8_t flags;
};

/* Returns 0; -EBADMSG: no other end that speaks ttrpc sends this, the connection is to be closed.
 */
int ttrpc_head_read(const uint8_t bytes[static TTRPC_HEAD], struct ttrpc_head *ret_head);

void ttrpc_head_write(const struct ttrpc_head *head, uint8_t ret_bytes[static TTRPC_HEAD]);

/* What has come of frames. All zero: nothing yet. */
struct ttrpc_input {
	uint8_t *bytes;
	size_t n; /* that have come */
	size_t room;
};

/* Makes room for what a read may bring: not more than what the present frame lacks once its head is
 * there. *RET_AT is where, *RET_N how much. Returns 0, -EBADMSG as above, or -ENOMEM. */
int ttrpc_input_room(struct ttrpc_input *in, uint8_t **ret_at, size_t *ret_n);

/* N bytes have come there. Returns whether a frame is whole: RET_HEAD and *RET_MESSAGE, which lies
 * in the input until the next call. */
bool ttrpc_input_take(
	struct ttrpc_input *in, size_t n, struct ttrpc_head *ret_head, const uint8_t **ret_message);

/* The frame was used: gives its memory back if that is large. */
void ttrpc_input_next(struct ttrpc_input *in);

void ttrpc_input_free(struct ttrpc_input *in);

#endif
