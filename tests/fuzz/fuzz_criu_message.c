/* SPDX-License-Identifier: Apache-2.0 */
/* What criu sends, and what is sent to it. A message that is taken is written again by our own
 * encoder and must be the same message then; requests with options out of the input must be well
 * formed. */
#include "specs/criu_message.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* message criu_resp */
	TYPE = 1,
	SUCCESS = 2,
	NOTIFY = 5,
	ERRNO = 7,
	/* The decoder looks into a message in the fields before it. */
	FIRST_OPTION = 8,
	TEXT_MAX = 2 * UINT8_MAX, /* lengths of two bytes are among them */
};

static void require_decoded(
	const unsigned char *bytes, size_t length, struct criu_response *ret_response)
{
	struct nacre_error err = {0};

	require(criu_response_decode(bytes, length, ret_response, &err) == 0, "decode again");
}

static void check_response(const uint8_t *data, size_t size)
{
	struct criu_response response = {.pid = -1}, back;
	struct criu_options written = {.length = 0};
	struct nacre_error err = {0};

	if (criu_response_decode(data, size, &response, &err) < 0) {
		require(err.code == EBADMSG && err.text[0], "a refusal has a reason");
		require(response.pid == -1, "a refused message leaves the result alone");
		return;
	}
	require(err.code == 0, "success leaves the error alone");
	require(strnlen(response.script, sizeof(response.script)) < sizeof(response.script),
		"the name of a script ends");
	criu_add_number(&written, TYPE, response.type);
	criu_add_number(&written, SUCCESS, response.success);
	criu_add_text_and_number(&written, NOTIFY, response.script, (uint64_t)response.pid);
	criu_add_number(&written, ERRNO, (uint64_t)response.error);
	if (!written.failed) {
		require_decoded(written.bytes, written.length, &back);
		require(back.type == response.type && back.success == response.success &&
				back.pid == response.pid && back.error == response.error &&
				!strcmp(back.script, response.script),
			"the same message");
	}
	criu_options_free(&written);
}

/* The next text of the input, which has half its length in front, as a string. */
static const char *take_text(const uint8_t **data, size_t *size, char ret[static TEXT_MAX + 1])
{
	size_t length = *size > 0 ? 2 * (size_t) * *data : 0;

	*data += *size > 0;
	*size -= *size > 0;
	length = length < *size ? length : *size;
	memcpy(ret, *data, length);
	ret[length] = '\0';
	*data += length;
	*size -= length;
	return ret;
}

static void add_option(struct criu_options *options, const uint8_t **data, size_t *size)
{
	char first[TEXT_MAX + 1], second[TEXT_MAX + 1];
	const unsigned field = FIRST_OPTION + (**data >> 2) * 37U;
	const unsigned kind = **data & 3;

	++*data;
	--*size;
	switch (kind) {
	case 0:
		criu_add_number(options, field, *size * 0x9e3779b97f4a7c15ULL >> (*size % 64));
		break;
	case 1:
		criu_add_text(options, field, take_text(data, size, first));
		break;
	case 2:
		criu_add_text_and_number(options, field, take_text(data, size, first), *size);
		break;
	default:
		(void)take_text(data, size, first);
		criu_add_texts(options, field, first, take_text(data, size, second));
		break;
	}
}

static void check_request(const uint8_t *data, size_t size)
{
	struct criu_options options = {.length = 0};
	struct criu_response read;
	unsigned char *bytes = NULL;
	struct nacre_error err;
	size_t length = 0;

	while (size > 0)
		add_option(&options, &data, &size);
	if (criu_request_encode(CRIU_RESTORE, &options, &bytes, &length, &err) == 0) {
		require_decoded(bytes, length, &read);
		require(read.type == CRIU_RESTORE, "the type of the request");
		if (options.length > 0)
			require_decoded(options.bytes, options.length, &read);
		free(bytes);
	}
	criu_options_free(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_response(data, size);
	check_request(data, size);
	return 0;
}
