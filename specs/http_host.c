/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/http_host.h"

#include <stdbool.h>
#include <string.h>

enum {
	METHOD_MAX = 32,
	CHUNK_LINE_MAX = 256, /* its size, and extensions, which are not used */
	CHUNK_DIGITS_MAX = 12,
	LENGTH_DIGITS_MAX = 18,
};

/* A part of the input, not NUL-terminated. */
struct part {
	const uint8_t *at;
	size_t n;
};

/* The fields of a head. */
struct head {
	struct part host, authority; /* authority: of a target in absolute form */
	unsigned hosts, lengths, encodings;
	uint64_t length;
	bool old; /* HTTP/1.0 */
	bool chunked;
	bool upgrade;
};

static bool is_token(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* Compares without regard to case. TEXT must be in lower case. */
static bool is(struct part part, const char *text)
{
	if (part.n != strlen(text))
		return false;
	for (size_t i = 0; i < part.n; i++)
		if (lower(part.at[i]) != (uint8_t)text[i])
			return false;
	return true;
}

/* Takes everything up to the first END, which is removed as well; false: there is no END. */
static bool take_until(struct part *from, uint8_t end, struct part *ret)
{
	const uint8_t *found = from->n ? memchr(from->at, end, from->n) : NULL;

	if (!found)
		return false;
	*ret = (struct part){from->at, (size_t)(found - from->at)};
	from->n -= ret->n + 1;
	from->at = found + 1;
	return true;
}

/* Takes a line without its CR LF. A bare CR or LF is malformed: some servers take it for the end of
 * a line. */
static bool take_line(struct part *from, struct part *ret)
{
	if (!take_until(from, '\n', ret) || ret->n == 0 || ret->at[ret->n - 1] != '\r')
		return false;
	ret->n--;
	return ret->n == 0 || !memchr(ret->at, '\r', ret->n);
}

static void trim(struct part *part)
{
	while (part->n && (part->at[0] == ' ' || part->at[0] == '\t')) {
		part->at++;
		part->n--;
	}
	while (part->n && (part->at[part->n - 1] == ' ' || part->at[part->n - 1] == '\t'))
		part->n--;
}

/* Copies the name of host[:port] (RFC 9110, 7.2). An address in brackets is not a name. */
static bool copy_name(struct part host, char ret_name[static HTTP_NAME_MAX + 1])
{
	size_t n = 0;

	for (; n < host.n && host.at[n] != ':'; n++) {
		const uint8_t c = lower(host.at[n]);

		if (n == HTTP_NAME_MAX || (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
						  c != '-' && c != '_' && c != '.'))
			return false;
		ret_name[n] = (char)c;
	}
	ret_name[n] = '\0';
	for (size_t i = n + 1; i < host.n; i++)
		if (host.at[i] < '0' || host.at[i] > '9' || i > n + 5)
			return false;
	return n > 0;
}

/* Parses: method SP target SP HTTP/1.x */
static enum http_answer read_request_line(struct part line, struct head *head)
{
	static const char scheme[] = "http://";
	struct part method, target;

	if (!take_until(&line, ' ', &method) || !take_until(&line, ' ', &target) || target.n == 0)
		return HTTP_MALFORMED;
	for (size_t i = 0; i < target.n; i++)
		if (target.at[i] < ' ' || target.at[i] == 0x7f)
			return HTTP_MALFORMED;
	if (is(method, "connect"))
		return HTTP_TUNNEL;
	head->old = is(line, "http/1.0");
	if (!head->old && !is(line, "http/1.1"))
		return HTTP_MALFORMED;
	if (target.at[0] == '/' || (is(target, "*") && is(method, "options")))
		return HTTP_REQUEST;
	/* An authority here replaces Host (RFC 9112, 3.2.2). */
	if (target.n < sizeof(scheme) - 1 ||
		!is((struct part){target.at, sizeof(scheme) - 1}, scheme))
		return HTTP_MALFORMED;
	head->authority = (struct part){
		target.at + sizeof(scheme) - 1, target.n - (sizeof(scheme) - 1)};
	for (size_t i = 0; i < head->authority.n; i++)
		if (head->authority.at[i] == '/' || head->authority.at[i] == '?' ||
			head->authority.at[i] == '#')
			head->authority.n = i;
	return HTTP_REQUEST;
}

static bool read_length(struct part value, uint64_t *ret_length)
{
	uint64_t length = 0;

	if (value.n == 0 || value.n > LENGTH_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < value.n; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
		length = length * 10 + (uint64_t)(value.at[i] - '0');
	}
	*ret_length = length;
	return true;
}

/* Parses: name ":" value. A line that continues the previous one begins with a blank, which is not
 * part of a token. */
static bool read_field(struct part line, struct head *head)
{
	struct part name, value = line;

	if (!take_until(&value, ':', &name) || name.n == 0)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!is_token(name.at[i]))
			return false;
	for (size_t i = 0; i < value.n; i++)
		if ((value.at[i] < ' ' && value.at[i] != '\t') || value.at[i] == 0x7f)
			return false;
	trim(&value);
	if (is(name, "host")) {
		head->hosts++;
		head->host = value;
	} else if (is(name, "content-length")) {
		head->lengths++;
		return read_length(value, &head->length);
	} else if (is(name, "transfer-encoding")) {
		head->encodings++;
		head->chunked = true;
		return is(value, "chunked");
	} else if (is(name, "upgrade")) {
		head->upgrade = true;
	}
	return true;
}

/* Returns whether Host and the authority have the same name. */
static bool agree(const struct head *head, const char *name)
{
	char other[HTTP_NAME_MAX + 1];

	return !head->authority.at ||
	       (copy_name(head->authority, other) && strcmp(other, name) == 0);
}

/* Returns whether the length of the body is unambiguous: it may be given only once. A body together
 * with Upgrade could already belong to the other protocol. */
static bool is_clear(const struct head *head)
{
	const bool body = head->chunked || head->length > 0;

	return head->hosts == 1 && head->lengths + head->encodings <= 1 &&
	       !(head->old && head->chunked) && !(head->upgrade && body);
}

static enum http_answer read_head(struct part text, struct head *head)
{
	struct part line;
	enum http_answer answer;

	if (!take_line(&text, &line))
		return HTTP_MALFORMED;
	answer = read_request_line(line, head);
	if (answer != HTTP_REQUEST)
		return answer;
	while (take_line(&text, &line)) {
		if (line.n == 0)
			return text.n == 0 ? HTTP_REQUEST : HTTP_MALFORMED;
		if (!read_field(line, head))
			return HTTP_MALFORMED;
	}
	return HTTP_MALFORMED;
}

/* Returns whether the bytes may begin a request, so that other protocols are refused before a whole
 * head has come. */
static bool begins_well(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n && i <= METHOD_MAX; i++) {
		if (i > 0 && bytes[i] == ' ')
			return true;
		if (!is_token(bytes[i]))
			return false;
	}
	return n <= METHOD_MAX;
}

/* Returns the length including the empty line at the end; 0: the head is not complete. */
static size_t head_length(const uint8_t *bytes, size_t n)
{
	const uint8_t *end = n ? memmem(bytes, n, "\r\n\r\n", 4) : NULL;

	return end ? (size_t)(end - bytes) + 4 : 0;
}

static enum http_answer at_head(struct http_stream *stream, const uint8_t *bytes, size_t n,
	size_t *ret_length, char ret_name[static HTTP_NAME_MAX + 1])
{
	const size_t limit = n < HTTP_HEAD_MAX ? n : HTTP_HEAD_MAX;
	const size_t length = head_length(bytes, limit);
	char name[HTTP_NAME_MAX + 1];
	struct head head = {.length = 0};
	enum http_answer answer;

	if (!begins_well(bytes, n))
		return HTTP_NOT_HTTP;
	if (length == 0)
		return limit == HTTP_HEAD_MAX ? HTTP_MALFORMED : HTTP_MORE;
	answer = read_head((struct part){bytes, length}, &head);
	if (answer != HTTP_REQUEST)
		return answer;
	if (head.hosts == 0)
		return HTTP_NO_NAME;
	if (!is_clear(&head) || !copy_name(head.host, name) || !agree(&head, name))
		return HTTP_MALFORMED;
	stream->left = head.length;
	stream->place = head.chunked	  ? HTTP_AT_CHUNK
			: head.length > 0 ? HTTP_IN_BODY
					  : HTTP_AT_HEAD;
	memcpy(ret_name, name, strlen(name) + 1);
	*ret_length = length;
	return HTTP_REQUEST;
}

static int digit(uint8_t c)
{
	c = lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Parses: size [";" extensions] CR LF */
static enum http_answer at_chunk(
	struct http_stream *stream, const uint8_t *bytes, size_t n, size_t *ret_length)
{
	struct part rest = {bytes, n < CHUNK_LINE_MAX ? n : CHUNK_LINE_MAX}, line;
	uint64_t size = 0;
	size_t digits = 0;

	if (!memchr(rest.at, '\n', rest.n))
		return rest.n == CHUNK_LINE_MAX ? HTTP_MALFORMED : HTTP_MORE;
	if (!take_line(&rest, &line))
		return HTTP_MALFORMED;
	for (; digits < line.n && digit(line.at[digits]) >= 0; digits++)
		size = size << 4 | (uint64_t)digit(line.at[digits]);
	if (digits == 0 || digits > CHUNK_DIGITS_MAX || (digits < line.n && line.at[digits] != ';'))
		return HTTP_MALFORMED;
	stream->left = size;
	stream->place = size > 0 ? HTTP_IN_CHUNK : HTTP_IN_TRAILER;
	*ret_length = line.n + 2;
	return HTTP_BODY;
}

/* Passes the rest of a body or of a chunk, or as much of it as has come. */
static enum http_answer pass(
	struct http_stream *stream, size_t n, enum http_place next, size_t *ret_length)
{
	const size_t length = n < stream->left ? n : (size_t)stream->left;

	stream->left -= length;
	if (stream->left == 0)
		stream->place = next;
	*ret_length = length;
	return HTTP_BODY;
}

static enum http_answer after_chunk(
	struct http_stream *stream, const uint8_t *bytes, size_t n, size_t *ret_length)
{
	if (bytes[0] != '\r' || (n > 1 && bytes[1] != '\n'))
		return HTTP_MALFORMED;
	if (n < 2)
		return HTTP_MORE;
	stream->place = HTTP_AT_CHUNK;
	*ret_length = 2;
	return HTTP_BODY;
}

/* Parses the trailer: fields and an empty line, or only the empty line. */
static enum http_answer in_trailer(
	struct http_stream *stream, const uint8_t *bytes, size_t n, size_t *ret_length)
{
	const size_t limit = n < HTTP_HEAD_MAX ? n : HTTP_HEAD_MAX;
	const bool empty = limit >= 2 && memcmp(bytes, "\r\n", 2) == 0;
	const size_t length = empty ? 2 : head_length(bytes, limit);
	struct part text = {bytes, length}, line;
	struct head ignored = {.length = 0};

	if (length == 0)
		return limit == HTTP_HEAD_MAX ? HTTP_MALFORMED : HTTP_MORE;
	while (text.n > 2)
		if (!take_line(&text, &line) || !read_field(line, &ignored))
			return HTTP_MALFORMED;
	stream->place = HTTP_AT_HEAD;
	*ret_length = length;
	return HTTP_BODY;
}

enum http_answer http_host_read(struct http_stream *stream, const uint8_t *bytes, size_t n,
	size_t *ret_length, char ret_name[static HTTP_NAME_MAX + 1])
{
	if (n == 0)
		return HTTP_MORE;
	switch (stream->place) {
	case HTTP_AT_HEAD:
		return at_head(stream, bytes, n, ret_length, ret_name);
	case HTTP_IN_BODY:
		return pass(stream, n, HTTP_AT_HEAD, ret_length);
	case HTTP_AT_CHUNK:
		return at_chunk(stream, bytes, n, ret_length);
	case HTTP_IN_CHUNK:
		return pass(stream, n, HTTP_AFTER_CHUNK, ret_length);
	case HTTP_AFTER_CHUNK:
		return after_chunk(stream, bytes, n, ret_length);
	case HTTP_IN_TRAILER:
		return in_trailer(stream, bytes, n, ret_length);
	}
	return HTTP_MALFORMED;
}
