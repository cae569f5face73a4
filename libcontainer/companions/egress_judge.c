/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "libcontainer/companions/egress_connection.h"
#include "specs/tls_hello.h"

/* Checks that the name in the first bytes of a connection is the name that it was made to. */

/* Returns whether SAID is the connection's name, perhaps without a search domain of the
 * container. */
static bool is_meant(
	const struct relay *relay, const struct connection *connection, const char *said)
{
	const char *domains = relay->setup.search;
	const size_t length = strlen(said);
	bool meant = !strcmp(said, connection->name);
	size_t n;

	while (!meant && (n = resolv_conf_shorten(&domains, connection->name)) > 0)
		meant = n == length && !strncmp(said, connection->name, n);
	return meant;
}

enum judgement connection_judge_http(struct relay *relay, struct connection *connection)
{
	static const char *const refused[] = {
		[HTTP_NO_NAME] = "no-host",
		[HTTP_TUNNEL] = "http-tunnel",
		[HTTP_NOT_HTTP] = "neither-tls-nor-http",
		[HTTP_MALFORMED] = "malformed-http",
	};
	enum judgement judgement = JUDGED_WAIT;

	while (connection->judged < connection->have) {
		char name[HTTP_NAME_MAX + 1];
		size_t length = 0;
		const enum http_answer answer = http_host_read(&connection->http,
			connection->buffer + connection->judged,
			connection->have - connection->judged, &length, name);

		if (answer == HTTP_MORE)
			break;
		if (answer == HTTP_REQUEST && !is_meant(relay, connection, name)) {
			connection_refuse(relay, connection, name, "other-host");
			return JUDGED_REFUSED;
		}
		if (answer != HTTP_REQUEST && answer != HTTP_BODY) {
			connection_refuse(relay, connection, NULL, refused[answer]);
			return JUDGED_REFUSED;
		}
		connection->judged += length;
		judgement = JUDGED_OK;
	}
	return judgement;
}

enum judgement connection_judge_first(struct relay *relay, struct connection *connection)
{
	char name[TLS_NAME_MAX + 1];

	switch (tls_hello_read(connection->buffer, connection->have, name)) {
	case TLS_HELLO_MORE:
		return JUDGED_WAIT;
	case TLS_HELLO_NAME:
		if (!is_meant(relay, connection, name)) {
			connection_refuse(relay, connection, name, "other-sni");
			return JUDGED_REFUSED;
		}
		connection->judged = connection->have;
		return JUDGED_OK;
	case TLS_HELLO_NO_NAME:
		connection_refuse(relay, connection, NULL, "no-sni");
		return JUDGED_REFUSED;
	case TLS_HELLO_MALFORMED:
		connection_refuse(relay, connection, NULL, "malformed-tls");
		return JUDGED_REFUSED;
	case TLS_HELLO_NOT_TLS:
		break;
	}
	connection->is_http = true;
	return connection_judge_http(relay, connection);
}
