/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RUNTIME_NOTIFY_H
#define NACRE_RUNTIME_NOTIFY_H

#include "libcontainer/container.h"

/*
 * sd_notify(3) between a container and the service manager that started the command. Nothing of
 * what the container sends is passed on but that it is ready: the rest (its main process, its
 * watchdog, file descriptors to keep) is not an untrusted program's to say.
 */

/* NOTIFY_SOCKET of the environment; NULL: there is no manager that listens on a unix(7) socket. */
const char *notify_manager(void);

/* Reads what has come on SOCK, of nacre_process_take_notify. If the program is ready now, tells the
 * manager so, and that the main process of the service is PID. Returns 1 then, and 0 if not yet. */
int notify_relay(int sock, pid_t pid, struct nacre_error *err);

/* For a command that ends while the container goes on: returns once the program is ready and the
 * manager knows it, or once the program has ended. At once without a manager. */
int notify_wait(struct nacre_process *process, struct nacre_error *err);

#endif
