/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_JOURNAL_H
#define NACRE_JOURNAL_H

#include <stddef.h>

#include "specs/error.h"

/* Writes to the journal of systemd by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), one
 * datagram per message, without a library. */

struct journal_field {
	const char *name; /* capital letters, digits and underscores: systemd.journal-fields(7) */
	const char *value; /* NULL: left out */
};

/* Connects to journald. A write to the socket waits at most one second. */
int journal_open(struct nacre_error *err);

/* Sends one message. Returns 0 or -errno. */
int journal_send(
	int journal, const struct journal_field *fields, size_t n, struct nacre_error *err);

#endif
