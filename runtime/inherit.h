/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_INHERIT_H
#define NACRE_INHERIT_H

#include "libcontainer/container.h"

/* Undoes what a caller may have left that would change what the command does: closed stdio (files
 * that nacre opens, which the container could get, would take these numbers) and an ignored SIGCHLD
 * (no child could be waited for). */
int inherit_sane_process(struct nacre_error *err);

/* Returns how many sockets the caller passes by socket activation: sd_listen_fds(3). */
unsigned inherit_listen_fds(void);

/* Refuses if one of the N fds after stdio is not open. Must be called before anything is opened:
 * nacre's own files could take numbers that the caller left free. */
int inherit_check(unsigned n, struct nacre_error *err);

/* Keeps stdio and the next N fds, and marks all others close-on-exec. Must be called after
 * nacre_self_protect(), which may run the program again and still needs an fd that --process names,
 * as /dev/fd/63. */
int inherit_only(unsigned n, struct nacre_error *err);

#endif
