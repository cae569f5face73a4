/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_LOGGER_URI_H
#define NACRE_SHIM_LOGGER_URI_H

#include <stdbool.h>

/* Parses the URI of a logger as containerd does. Pure. */

#define LOGGER_MAX_WORDS 23

struct logger_uri {
	bool program;
	char *text; /* heap: the bytes of the words */
	/* The absolute path, and for a program its arguments: KEY VALUE for each KEY=VALUE of the
	 * query, in the query's order, only the first value of each KEY. NULL-terminated. */
	const char *words[LOGGER_MAX_WORDS + 1];
};

/* Reads file:///PATH or binary:///PATH?KEY=VALUE&KEY, with %XX for a byte. Returns 0; -EINVAL:
 * another form, or a malformed escape; -E2BIG: too many arguments; -ENOMEM. RET_URI must be freed
 * in any case. */
int logger_uri_read(const char *uri, struct logger_uri *ret_uri);
void logger_uri_free(struct logger_uri *uri);

#endif
