/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/dns_message.h"

#include <errno.h>
#include <string.h>

enum {
	HEADER = 12,
	LABEL_MAX = 63,
	CLASS_IN = 1,
	TYPE_OPT = 41,
	OPT_LENGTH = 11, /* without options: name, type, size, flags, length */
	FLAG_RESPONSE = 0x8000,
	FLAG_RECURSION_DESIRED = 0x0100,
	FLAG_RECURSION_AVAILABLE = 0x0080,
	OPCODE = 0x7800,
	POINTER = 0xc00c, /* a compressed name: that of the question */
};

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static uint8_t *put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

/* Returns a letter of a host name in lower case; 0: BYTE is none. */
static char letter(uint8_t byte)
{
	const char c = (char)byte;

	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ? c : '\0';
}

/* Returns the length of the name on the wire; 0: it is malformed, compressed, or has no end. */
static size_t read_name(const uint8_t *bytes, size_t n, char ret_name[static DNS_NAME_MAX + 1])
{
	char name[DNS_NAME_MAX + 1];
	size_t at = 0, length = 0;
	bool of_host = true;

	while (at < n && bytes[at] != 0) {
		const size_t label = bytes[at++];

		if (label > LABEL_MAX || label > n - at || at + label > DNS_NAME_MAX + 1)
			return 0;
		if (length > 0)
			name[length++] = '.';
		for (size_t i = 0; i < label; i++) {
			name[length] = letter(bytes[at++]);
			of_host = of_host && name[length++];
		}
	}
	if (at >= n)
		return 0;
	name[of_host ? length : 0] = '\0';
	memcpy(ret_name, name, strlen(name) + 1);
	return at + 1;
}

/* Reads what follows the question: nothing, or one OPT record. */
static bool read_rest(const uint8_t *bytes, size_t n, unsigned records, bool *ret_extended)
{
	if (records == 0)
		return n == 0;
	*ret_extended = records == 1 && n >= OPT_LENGTH && bytes[0] == 0 &&
			get16(bytes + 1) == TYPE_OPT && get16(bytes + 9) == n - OPT_LENGTH;
	return *ret_extended;
}

int dns_question_read(const uint8_t *bytes, size_t n, struct dns_question *ret_question)
{
	struct dns_question question = {.id = 0};
	size_t length;

	if (n < HEADER || get16(bytes + 2) & FLAG_RESPONSE)
		return -EBADMSG;
	question.id = (uint16_t)get16(bytes);
	question.flags = (uint16_t)get16(bytes + 2);
	*ret_question = question;
	if (question.flags & OPCODE)
		return DNS_NOT_IMPLEMENTED;
	if (n > DNS_MESSAGE_MAX || get16(bytes + 4) != 1 || get16(bytes + 6) || get16(bytes + 8))
		return DNS_FORMAT_ERROR;
	length = read_name(bytes + HEADER, n - HEADER, question.name);
	if (length == 0 || n - HEADER - length < 4)
		return DNS_FORMAT_ERROR;
	question.type = (uint16_t)get16(bytes + HEADER + length);
	question.raw_length = length + 4;
	memcpy(question.raw, bytes + HEADER, question.raw_length);
	if (!read_rest(bytes + HEADER + length + 4, n - HEADER - length - 4, get16(bytes + 10),
		    &question.extended))
		return DNS_FORMAT_ERROR;
	*ret_question = question;
	return get16(question.raw + length + 2) == CLASS_IN ? DNS_OK : DNS_NOT_IMPLEMENTED;
}

size_t dns_answer_write(const struct dns_question *question, enum dns_code code, uint32_t address,
	uint32_t ttl, uint8_t ret_bytes[static DNS_MESSAGE_MAX])
{
	const bool answers = code == DNS_OK && address;
	uint8_t *at = ret_bytes;

	at = put16(at, question->id);
	at = put16(at, FLAG_RESPONSE | FLAG_RECURSION_AVAILABLE |
			       (question->flags & (OPCODE | FLAG_RECURSION_DESIRED)) | code);
	at = put16(at, question->raw_length > 0);
	at = put16(at, answers);
	at = put16(at, 0);
	at = put16(at, question->extended);
	memcpy(at, question->raw, question->raw_length);
	at += question->raw_length;
	if (answers) {
		at = put16(at, POINTER);
		at = put16(at, DNS_TYPE_A);
		at = put16(at, CLASS_IN);
		at = put16(put16(at, ttl >> 16), ttl & 0xffff);
		at = put16(at, 4);
		at = put16(put16(at, address >> 16), address & 0xffff);
	}
	if (question->extended) {
		*at++ = 0;
		at = put16(at, TYPE_OPT);
		at = put16(at, DNS_MESSAGE_MAX);
		memset(at, 0, 6);
		at += 6;
	}
	return (size_t)(at - ret_bytes);
}
