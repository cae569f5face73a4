/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_LOGGER_URI_H
#define NACRE_SHIM_LOGGER_URI_H

#include <stdbool.h>

/* The URI of a logger to what it names, as containerd has them. Pure. */

#define LOGGER_MAX_WORDS 23

struct logger_uri {
	bool program;
	char *text; /* heap: what the words are in */
	/* The absolute path, and of a program its arguments: KEY VALUE for each KEY=VALUE of the
	 * query, in its order, the first of each KEY. NULL-terminated. */
	const char *words[LOGGER_MAX_WORDS + 1];
};

/* file:///PATH or binary:///PATH?KEY=VALUE&KEY, with %XX for a byte. Returns 0; -EINVAL: it is
 * neither, or has an escape that is none; -E2BIG: too many arguments; -ENOMEM. To be freed in any
 * case. */
int logger_uri_read(const char *uri, struct logger_uri *ret_uri);
void logger_uri_free(struct logger_uri *uri);

#endif
