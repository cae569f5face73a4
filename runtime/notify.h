/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RUNTIME_NOTIFY_H
#define NACRE_RUNTIME_NOTIFY_H

#include <stdbool.h>

#include "libcontainer/container.h"

/*
 * Relays sd_notify(3) between a container and the service manager that started the command. Only
 * "ready" is passed on: an untrusted program must not choose the rest (its main process, its
 * watchdog, file descriptors to keep).
 */

/* Returns NOTIFY_SOCKET of the environment; NULL: there is no manager that listens on a unix(7)
 * socket. */
const char *notify_manager(void);

/* Lets a child read the messages, and replaces *NOTIFY, of nacre_process_take_notify, by a
 * connection to it; -1: there is none. A message may bring a file whose last close takes as long as
 * its sender wants, a connection with SO_LINGER for instance, and the reader closes it. The child
 * ends with the connection. */
int notify_begin(int *notify, struct nacre_error *err);

/* Reads what the child reports, which is done when NOTIFY is readable. ENDED: the program has
 * ended. If the program is ready now, reports that to the manager, with PID as the service's main
 * process, and returns 1. Returns 0 if it is not ready. */
int notify_relay(int notify, bool ended, pid_t pid, struct nacre_error *err);

/* Serves a command that ends while the container goes on: returns once the program is ready and the
 * manager knows it, or once the program has ended. Without a manager it returns at once. */
int notify_wait(struct nacre_process *process, struct nacre_error *err);

#endif
