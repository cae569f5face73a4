/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TLS_HELLO_H
#define NACRE_TLS_HELLO_H

#include <stddef.h>
#include <stdint.h>

/*
 * The name that a TLS client asks for: the server_name extension (RFC 6066, 3) of the ClientHello
 * (RFC 8446, 4.1.2; the same in TLS 1.0 to 1.2), which may be spread over several records (5.1).
 * With Encrypted Client Hello that is the name in the outer one. Strict: what two readers could
 * take for different names is malformed.
 */

#define TLS_HELLO_MAX \
	16384 /* of the whole with its record headers; one that is longer is malformed */
#define TLS_NAME_MAX 253

enum tls_hello {
	TLS_HELLO_MORE, /* so far it is one; it is not complete */
	TLS_HELLO_NAME,
	TLS_HELLO_NO_NAME, /* complete, without server_name */
	TLS_HELLO_NOT_TLS, /* by the first byte */
	TLS_HELLO_MALFORMED,
};

/* Reads the N bytes that a connection began with. *RET_NAME, written with TLS_HELLO_NAME alone:
 * letters, digits, "-", "_" and ".", in lower case. */
enum tls_hello tls_hello_read(
	const uint8_t *bytes, size_t n, char ret_name[static TLS_NAME_MAX + 1]);

#endif
