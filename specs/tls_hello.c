/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/tls_hello.h"

#include <stdbool.h>
#include <string.h>

enum {
	RECORD_HEADER = 5, /* type, version, length */
	RECORD_HANDSHAKE = 22,
	RECORD_MAX = 16384,
	MESSAGE_HEADER = 4, /* type, length */
	MESSAGE_CLIENT_HELLO = 1,
	VERSION_AND_RANDOM = 2 + 32,
	SESSION_ID_MAX = 32,
	EXTENSION_SERVER_NAME = 0,
	NAME_TYPE_HOST = 0,
};

/* The bytes that are left. A read past the end sets BAD, and returns nothing. */
struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static struct reader take(struct reader *from, size_t n)
{
	struct reader part = {from->at, n, false};

	if (from->bad || n > from->left) {
		from->bad = true;
		return (struct reader){from->at, 0, true};
	}
	from->at += n;
	from->left -= n;
	return part;
}

static size_t take_number(struct reader *from, size_t width)
{
	const struct reader bytes = take(from, width);
	size_t number = 0;

	for (size_t i = 0; i < bytes.left; i++)
		number = number << 8 | bytes.at[i];
	return number;
}

/* Takes a vector, which its length in WIDTH bytes precedes. */
static struct reader take_vector(struct reader *from, size_t width)
{
	return take(from, take_number(from, width));
}

/* Joins the records of the message. MORE: its end has not come; NAME: it is complete. */
static enum tls_hello collect(
	const uint8_t *bytes, size_t n, uint8_t message[static TLS_HELLO_MAX], size_t *ret_length)
{
	size_t have = 0, whole = MESSAGE_HEADER;

	for (size_t at = 0; have < whole;) {
		size_t length, there;

		if (n - at < RECORD_HEADER)
			return TLS_HELLO_MORE;
		length = (size_t)bytes[at + 3] << 8 | bytes[at + 4];
		if (bytes[at] != RECORD_HANDSHAKE || bytes[at + 1] != 3 || length == 0 ||
			length > RECORD_MAX)
			return TLS_HELLO_MALFORMED;
		at += RECORD_HEADER;
		there = n - at < length ? n - at : length;
		memcpy(message + have, bytes + at, there);
		have += there;
		at += there;
		if (have >= MESSAGE_HEADER) {
			whole = MESSAGE_HEADER +
				((size_t)message[1] << 16 | (size_t)message[2] << 8 | message[3]);
			/* Nothing may follow it: the next message is the server's. */
			if (message[0] != MESSAGE_CLIENT_HELLO || whole > TLS_HELLO_MAX ||
				have > whole || (have == whole && there < length))
				return TLS_HELLO_MALFORMED;
		}
		if (have < whole && there < length)
			return TLS_HELLO_MORE;
	}
	*ret_length = whole;
	return TLS_HELLO_NAME;
}

/* Accepts only letters of DNS names: other bytes could be read as different names here and
 * there. */
static bool copy_name(struct reader name, char ret_name[static TLS_NAME_MAX + 1])
{
	if (name.left == 0 || name.left > TLS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.left; i++) {
		char c = (char)name.at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_' &&
			c != '.')
			return false;
		ret_name[i] = c;
	}
	ret_name[name.left] = '\0';
	return true;
}

/* Reads one name: RFC 6066 allows one per type, and defines one type. */
static enum tls_hello read_server_name(
	struct reader extension, char ret_name[static TLS_NAME_MAX + 1])
{
	struct reader list = take_vector(&extension, 2);
	const size_t type = take_number(&list, 1);
	const struct reader name = take_vector(&list, 2);

	if (extension.bad || extension.left || list.bad || list.left || type != NAME_TYPE_HOST)
		return TLS_HELLO_MALFORMED;
	return copy_name(name, ret_name) ? TLS_HELLO_NAME : TLS_HELLO_MALFORMED;
}

static enum tls_hello read_extensions(
	struct reader extensions, char ret_name[static TLS_NAME_MAX + 1])
{
	enum tls_hello answer = TLS_HELLO_NO_NAME;

	while (extensions.left > 0) {
		const size_t type = take_number(&extensions, 2);
		const struct reader extension = take_vector(&extensions, 2);

		if (extensions.bad)
			return TLS_HELLO_MALFORMED;
		if (type != EXTENSION_SERVER_NAME)
			continue;
		if (answer != TLS_HELLO_NO_NAME) /* a second one */
			return TLS_HELLO_MALFORMED;
		answer = read_server_name(extension, ret_name);
		if (answer == TLS_HELLO_MALFORMED)
			return answer;
	}
	return answer;
}

static enum tls_hello read_message(struct reader hello, char ret_name[static TLS_NAME_MAX + 1])
{
	struct reader session, suites, compressions, extensions;

	(void)take(&hello, VERSION_AND_RANDOM);
	session = take_vector(&hello, 1);
	suites = take_vector(&hello, 2);
	compressions = take_vector(&hello, 1);
	if (hello.bad || session.left > SESSION_ID_MAX || suites.left < 2 || suites.left % 2 ||
		compressions.left == 0)
		return TLS_HELLO_MALFORMED;
	if (hello.left == 0) /* before TLS 1.2 there may be no extensions */
		return TLS_HELLO_NO_NAME;
	extensions = take_vector(&hello, 2);
	return hello.bad || hello.left ? TLS_HELLO_MALFORMED
				       : read_extensions(extensions, ret_name);
}

enum tls_hello tls_hello_read(
	const uint8_t *bytes, size_t n, char ret_name[static TLS_NAME_MAX + 1])
{
	uint8_t message[TLS_HELLO_MAX];
	char name[TLS_NAME_MAX + 1] = "";
	enum tls_hello answer;
	size_t length = 0;

	if (n > 0 && bytes[0] != RECORD_HANDSHAKE)
		return TLS_HELLO_NOT_TLS;
	if (n > TLS_HELLO_MAX)
		n = TLS_HELLO_MAX;
	answer = collect(bytes, n, message, &length);
	if (answer == TLS_HELLO_MORE && n == TLS_HELLO_MAX)
		return TLS_HELLO_MALFORMED;
	if (answer != TLS_HELLO_NAME)
		return answer;
	answer = read_message(
		(struct reader){message + MESSAGE_HEADER, length - MESSAGE_HEADER, false}, name);
	if (answer == TLS_HELLO_NAME)
		memcpy(ret_name, name, sizeof(name));
	return answer;
}
