/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_HTTP_HOST_H
#define NACRE_HTTP_HOST_H

#include <stddef.h>
#include <stdint.h>

/*
 * Finds the name in Host of every request that an HTTP/1.0 or 1.1 client sends on a connection. It
 * therefore skips the bodies in between by their length or chunks (RFC 9112, 6 and 7); answers are
 * not read. Strict: where two readers could see the end of a request, or its name, in
 * different places (RFC 9112, 11.2), it is malformed. What goes on as another protocol (Upgrade,
 * HTTP/2) does not look like a request, and ends there.
 */

#define HTTP_HEAD_MAX 16384 /* request line and fields, or the trailer of a body */
#define HTTP_NAME_MAX 253

enum http_answer {
	HTTP_MORE, /* so far it is a request */
	HTTP_REQUEST, /* the head of one, with a name */
	HTTP_BODY, /* a part of what belongs to the last one */
	HTTP_NO_NAME, /* without Host */
	HTTP_TUNNEL, /* CONNECT: the other end could go anywhere */
	HTTP_NOT_HTTP, /* no method at the beginning */
	HTTP_MALFORMED,
};

enum http_place {
	HTTP_AT_HEAD,
	HTTP_IN_BODY,
	HTTP_AT_CHUNK,
	HTTP_IN_CHUNK,
	HTTP_AFTER_CHUNK,
	HTTP_IN_TRAILER,
};

/* One direction of a connection; starts zeroed. */
struct http_stream {
	enum http_place place;
	uint64_t left; /* of a body or a chunk */
};

/* Judges the N bytes that come next. With HTTP_REQUEST and HTTP_BODY the first *RET_LENGTH of them,
 * never 0, are judged and belong to it; the next call gets what follows. With HTTP_MORE nothing is:
 * the next call gets the same bytes and more. RET_NAME: of HTTP_REQUEST, in lower case, of letters,
 * digits, "-", "_" and "." alone, without the port. */
enum http_answer http_host_read(struct http_stream *stream, const uint8_t *bytes, size_t n,
	size_t *ret_length, char ret_name[static HTTP_NAME_MAX + 1]);

#endif
