/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_PUMP_H
#define NACRE_SHIM_PUMP_H

#include <stdbool.h>

/* Copies what comes from one fd to another, neither of which may block, as fast as the slower one
 * takes it: between a terminal's master and FIFOs. */
struct pump;

/* Takes both fds, in any case; the pump ends by itself where one of them does, and then closes
 * both. EIO is no end: nobody has the terminal open now, which may change as long as there is a
 * process that knows it. *HANDLE is the pump, and NULL once it has ended. Returns 0 or -errno. */
int pump_start(int from_fd, int to_fd, struct pump **handle);
/* The process is gone: EIO is the end from now on. Takes NULL. */
void pump_finish(struct pump *pump);
/* Whether there is something that is still to be copied. Takes NULL. */
bool pump_has_output(const struct pump *pump);
/* Takes NULL. */
void pump_stop(struct pump *pump);

#endif
