/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_COMPANION_EGRESS_CONNECTION_H
#define NACRE_COMPANION_EGRESS_CONNECTION_H

#include "libcontainer/companions/egress.h"
#include "specs/egress_reading.h"
#include "specs/http_host.h"

/* A connection of a program to a name. */

enum connection_state {
	CONNECTION_READING, /* what names its end */
	CONNECTION_RESOLVING,
	CONNECTION_CONNECTING,
	CONNECTION_OPEN,
};

struct connection {
	struct connection *next, *before; /* in the relay's list */
	enum connection_state state;
	struct watch client, server;
	char name[EGRESS_NAME_MAX + 1]; /* that the program connected to, or the address */
	bool is_address; /* as a rule has it */
	uint16_t port;
	bool unchecked; /* a rule with tcp: */
	int64_t deadline, deadline_of_one; /* of its state; of the address that is tried */
	uint8_t *buffer; /* what came first, or of HTTP all; NULL: bytes go from socket to socket */
	size_t have, judged; /* in it; the first that may be sent on */
	bool is_http;
	struct http_stream http;
	struct pump up, down; /* to the server, to the client */
	struct lookup *lookup;
	struct egress_answer answers[RELAY_ANSWERS_MAX];
	size_t n_answers, tried;
	bool reached; /* an address was allowed */
};

/* --- egress_connection.c --- */

/* Closes both sides, by a reset if it is not AT_REST, and frees it. */
void connection_end(struct relay *relay, struct connection *connection, bool at_rest);
/* The same, counted as refused. NAME: NULL: its own. */
void connection_refuse(
	struct relay *relay, struct connection *connection, const char *name, const char *reason);

/* --- egress_judge.c --- */

enum judgement {
	JUDGED_WAIT, /* for more bytes */
	JUDGED_OK,
	JUDGED_REFUSED, /* the connection is gone */
};

/* Looks at what has come first. */
enum judgement connection_judge_first(struct relay *relay, struct connection *connection);
/* Looks at what of HTTP is not judged yet. */
enum judgement connection_judge_http(struct relay *relay, struct connection *connection);

/* --- egress_open.c --- */

/* Moves bytes both ways; may end it. */
void connection_run(struct relay *relay, struct connection *connection);

#endif
