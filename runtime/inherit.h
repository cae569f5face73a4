/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_INHERIT_H
#define NACRE_INHERIT_H

#include "libcontainer/container.h"

/* Undoes what a caller may have left behind that would change what the command does: closed stdio
 * (its numbers would go to files of ours, and to the container) and an ignored SIGCHLD (no child
 * could be waited for). */
int inherit_sane_process(struct nacre_error *err);

/* sd_listen_fds(3): how many sockets the caller was activated with. */
unsigned inherit_listen_fds(void);

/* The N fds after stdio must be open. To be called before anything is opened: a number that the
 * caller left free must not be one of our files. */
int inherit_check(unsigned n, struct nacre_error *err);

/* Keeps stdio and the next N fds, and marks all others close-on-exec. After nacre_self_protect(),
 * which may run the program again: --process may name an fd, /dev/fd/63. */
int inherit_only(unsigned n, struct nacre_error *err);

#endif
