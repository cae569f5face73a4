/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/criu_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The type in the low three bits of a field's tag:
 * https://protobuf.dev/programming-guides/encoding. */
enum wire_type {
	WIRE_NUMBER = 0, /* seven bits per byte, the lowest first */
	WIRE_64_BITS = 1,
	WIRE_BYTES = 2, /* preceded by their length */
	WIRE_32_BITS = 5,
};

enum {
	VARINT_MAX = 10, /* bytes */
	/* message criu_req */
	REQUEST_TYPE = 1,
	REQUEST_OPTIONS = 2,
	REQUEST_NOTIFY_SUCCESS = 3,
	/* message criu_resp */
	RESPONSE_TYPE = 1,
	RESPONSE_SUCCESS = 2,
	RESPONSE_RESTORE = 4, /* pid = 1 */
	RESPONSE_NOTIFY = 5, /* script = 1, pid = 2 */
	RESPONSE_ERRNO = 7,
};

void criu_options_free(struct criu_options *options)
{
	free(options->bytes);
	*options = (struct criu_options){.length = 0};
}

static void add_bytes(struct criu_options *to, const void *bytes, size_t length)
{
	if (!to->failed && to->size - to->length < length) {
		size_t size = 2 * to->size + length;
		unsigned char *longer = realloc(to->bytes, size);

		to->failed = !longer;
		if (longer) {
			to->bytes = longer;
			to->size = size;
		}
	}
	if (to->failed || length == 0)
		return;
	memcpy(to->bytes + to->length, bytes, length);
	to->length += length;
}

static void add_varint(struct criu_options *to, uint64_t value)
{
	unsigned char bytes[VARINT_MAX];
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (unsigned char)(value | 0x80);
	bytes[n++] = (unsigned char)value;
	add_bytes(to, bytes, n);
}

void criu_add_number(struct criu_options *to, unsigned field, uint64_t value)
{
	add_varint(to, (uint64_t)field << 3 | WIRE_NUMBER);
	add_varint(to, value);
}

static void add_counted(struct criu_options *to, unsigned field, const void *bytes, size_t length)
{
	add_varint(to, (uint64_t)field << 3 | WIRE_BYTES);
	add_varint(to, length);
	add_bytes(to, bytes, length);
}

void criu_add_text(struct criu_options *to, unsigned field, const char *text)
{
	add_counted(to, field, text, strlen(text));
}

/* Adds the message INNER, which it takes over. */
static void add_message(struct criu_options *to, unsigned field, struct criu_options *inner)
{
	to->failed = to->failed || inner->failed;
	if (!to->failed)
		add_counted(to, field, inner->bytes, inner->length);
	criu_options_free(inner);
}

void criu_add_text_and_number(
	struct criu_options *to, unsigned field, const char *text, uint64_t number)
{
	struct criu_options inner = {.length = 0};

	criu_add_text(&inner, 1, text);
	criu_add_number(&inner, 2, number);
	add_message(to, field, &inner);
}

void criu_add_texts(struct criu_options *to, unsigned field, const char *first, const char *second)
{
	struct criu_options inner = {.length = 0};

	criu_add_text(&inner, 1, first);
	criu_add_text(&inner, 2, second);
	add_message(to, field, &inner);
}

int criu_request_encode(enum criu_request type, const struct criu_options *options,
	unsigned char **ret_bytes, size_t *ret_length, struct nacre_error *err)
{
	struct criu_options request = {.failed = options && options->failed};

	criu_add_number(&request, REQUEST_TYPE, type);
	if (options && !request.failed)
		add_counted(&request, REQUEST_OPTIONS, options->bytes, options->length);
	if (!options)
		criu_add_number(&request, REQUEST_NOTIFY_SUCCESS, true);
	if (request.failed) {
		criu_options_free(&request);
		return fail_errno(err, ENOMEM, "request to criu");
	}
	*ret_bytes = request.bytes;
	*ret_length = request.length;
	return 0;
}

/* --- answers --- */

struct reader {
	const unsigned char *at;
	const unsigned char *end;
};

struct value {
	uint64_t number; /* 0 for any other type */
	struct reader bytes; /* of WIRE_BYTES */
};

static bool read_varint(struct reader *r, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < VARINT_MAX && r->at < r->end; i++) {
		unsigned char byte = *r->at++;

		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool skip(struct reader *r, uint64_t length)
{
	if (length > (uint64_t)(r->end - r->at))
		return false;
	r->at += length;
	return true;
}

static bool read_field(struct reader *r, uint64_t *ret_field, struct value *ret_value)
{
	uint64_t tag, length;

	*ret_value = (struct value){.number = 0};
	if (!read_varint(r, &tag))
		return false;
	*ret_field = tag >> 3;
	if (*ret_field == 0)
		return false;
	switch (tag & 7) {
	case WIRE_NUMBER:
		return read_varint(r, &ret_value->number);
	case WIRE_64_BITS:
		return skip(r, 8);
	case WIRE_32_BITS:
		return skip(r, 4);
	case WIRE_BYTES:
		if (!read_varint(r, &length))
			return false;
		ret_value->bytes.at = r->at;
		if (!skip(r, length))
			return false;
		ret_value->bytes.end = r->at;
		return true;
	default:
		return false;
	}
}

static bool read_notification(struct reader r, struct criu_response *response)
{
	struct value value;
	uint64_t field;

	while (r.at < r.end) {
		size_t length;

		if (!read_field(&r, &field, &value))
			return false;
		length = (size_t)(value.bytes.end - value.bytes.at);
		if (field == 2)
			response->pid = (int32_t)value.number;
		if (field != 1 || !value.bytes.at)
			continue;
		/* A name with a NUL would pass for the part before it. */
		if (length >= sizeof(response->script) || memchr(value.bytes.at, '\0', length))
			return false;
		memcpy(response->script, value.bytes.at, length);
		response->script[length] = '\0';
	}
	return true;
}

static bool read_restored(struct reader r, struct criu_response *response)
{
	struct value value;
	uint64_t field;

	while (r.at < r.end) {
		if (!read_field(&r, &field, &value))
			return false;
		if (field == 1)
			response->pid = (int32_t)value.number;
	}
	return true;
}

int criu_response_decode(const unsigned char *bytes, size_t length,
	struct criu_response *ret_response, struct nacre_error *err)
{
	struct reader r = {bytes, bytes + length};
	struct criu_response response = {.type = 0};
	struct value value;
	uint64_t field;
	bool good = true;

	while (good && r.at < r.end) {
		good = read_field(&r, &field, &value);
		if (!good)
			break;
		if (field == RESPONSE_TYPE)
			response.type = value.number;
		else if (field == RESPONSE_SUCCESS)
			response.success = value.number != 0;
		else if (field == RESPONSE_ERRNO)
			response.error = (int32_t)value.number;
		else if (field == RESPONSE_NOTIFY && value.bytes.at)
			good = read_notification(value.bytes, &response);
		else if (field == RESPONSE_RESTORE && value.bytes.at)
			good = read_restored(value.bytes, &response);
	}
	if (!good)
		return fail(
			err, EBADMSG, "criu sent %zu bytes that are not a valid response", length);
	*ret_response = response;
	return 0;
}
