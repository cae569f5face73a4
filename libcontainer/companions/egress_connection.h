/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_COMPANION_EGRESS_CONNECTION_H
#define NACRE_COMPANION_EGRESS_CONNECTION_H

#include "libcontainer/companions/egress.h"
#include "specs/egress_reading.h"
#include "specs/http_host.h"

/* A connection of a program to a name, or to an address that a rule allows. */

enum connection_state {
	CONNECTION_READING, /* waits for the first bytes, which contain the name */
	CONNECTION_RESOLVING,
	CONNECTION_CONNECTING,
	CONNECTION_OPEN,
};

struct connection {
	struct connection *next, *before; /* of the relay's list */
	enum connection_state state;
	struct watch client, server;
	char name[EGRESS_NAME_MAX + 1]; /* what the program connected to; or an address as text */
	bool is_address; /* a rule allows the address itself */
	uint16_t port;
	bool unchecked; /* a rule with tcp: allows any bytes */
	int64_t deadline, deadline_of_one; /* of the state; of the address being tried */
	uint8_t *buffer; /* the first bytes, for HTTP all to the server; NULL: splice(2) copies */
	size_t have, judged; /* bytes in the buffer; how many of them may be sent on */
	bool is_http;
	struct http_stream http;
	struct pump up, down; /* to the server; to the client */
	struct lookup *lookup;
	struct egress_answer answers[RELAY_ANSWERS_MAX];
	size_t n_answers, tried;
	bool reached; /* at least one address was allowed */
};

/* --- egress_connection.c --- */

/* Closes both sides, by a reset unless AT_REST, and frees it. */
void connection_end(struct relay *relay, struct connection *connection, bool at_rest);
/* Does the same and counts a denial. NAME NULL: the connection's own. */
void connection_refuse(
	struct relay *relay, struct connection *connection, const char *name, const char *reason);

/* --- egress_judge.c --- */

enum judgement {
	JUDGED_WAIT, /* needs more bytes */
	JUDGED_OK,
	JUDGED_REFUSED, /* the connection was ended */
};

/* Judges the first bytes. */
enum judgement connection_judge_first(struct relay *relay, struct connection *connection);
/* Judges the bytes of HTTP that are not judged yet. */
enum judgement connection_judge_http(struct relay *relay, struct connection *connection);

/* --- egress_open.c --- */

/* Copies bytes in both directions; may end the connection. */
void connection_run(struct relay *relay, struct connection *connection);

#endif
