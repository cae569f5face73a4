/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/ttrpc.h"

#include <errno.h>
#include <stdlib.h>

/* Limits the memory that a connection keeps between two requests: most requests are smaller. */
#define INPUT_KEPT 1024

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

int ttrpc_head_read(const uint8_t bytes[static TTRPC_HEAD], struct ttrpc_head *ret_head)
{
	const struct ttrpc_head head = {
		.length = get32(bytes),
		.stream = get32(bytes + 4),
		.type = bytes[8],
		.flags = bytes[9],
	};

	if (head.length > TTRPC_MAX || head.stream % 2 != 1)
		return -EBADMSG;
	if (head.type < TTRPC_REQUEST || head.type > TTRPC_DATA)
		return -EBADMSG;
	*ret_head = head;
	return 0;
}

void ttrpc_head_write(const struct ttrpc_head *head, uint8_t ret_bytes[static TTRPC_HEAD])
{
	put32(ret_bytes, head->length);
	put32(ret_bytes + 4, head->stream);
	ret_bytes[8] = head->type;
	ret_bytes[9] = head->flags;
}

int ttrpc_input_room(struct ttrpc_input *in, uint8_t **ret_at, size_t *ret_n)
{
	size_t wanted = TTRPC_HEAD;

	if (in->n >= TTRPC_HEAD) {
		struct ttrpc_head head;
		const int r = ttrpc_head_read(in->bytes, &head);

		if (r < 0)
			return r;
		wanted += head.length;
	}
	if (wanted > in->room) {
		const size_t room = wanted < INPUT_KEPT ? INPUT_KEPT : wanted;
		uint8_t *bytes = realloc(in->bytes, room);

		if (!bytes)
			return -ENOMEM;
		in->bytes = bytes;
		in->room = room;
	}
	*ret_at = in->bytes + in->n;
	*ret_n = wanted - in->n;
	return 0;
}

bool ttrpc_input_take(
	struct ttrpc_input *in, size_t n, struct ttrpc_head *ret_head, const uint8_t **ret_message)
{
	struct ttrpc_head head;

	in->n += n;
	if (in->n < TTRPC_HEAD || ttrpc_head_read(in->bytes, &head) < 0)
		return false;
	if (in->n - TTRPC_HEAD < head.length)
		return false;
	*ret_head = head;
	*ret_message = in->bytes + TTRPC_HEAD;
	return true;
}

void ttrpc_input_next(struct ttrpc_input *in)
{
	in->n = 0;
	if (in->room > INPUT_KEPT)
		ttrpc_input_free(in);
}

void ttrpc_input_free(struct ttrpc_input *in)
{
	free(in->bytes);
	*in = (struct ttrpc_input){0};
}
