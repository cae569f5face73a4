/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_PUMP_H
#define NACRE_SHIM_PUMP_H

#include <stdbool.h>

/* Copies bytes from one non-blocking fd to another, as fast as the slower one takes them: between a
 * terminal's master and FIFOs. */
struct pump;

/* Takes both fds over, also on failure. The pump ends when one of them reaches its end, and then
 * closes both. EIO does not end it: nobody has the terminal open now, but a process that knows it
 * can open it again. *HANDLE is the pump, and NULL once it has ended. Returns 0 or -errno. */
int pump_start(int from_fd, int to_fd, struct pump **handle);
/* Treats EIO as the end from now on: the process is gone. Takes NULL. */
void pump_finish(struct pump *pump);
/* Returns whether there are bytes still to be copied. Takes NULL. */
bool pump_has_output(const struct pump *pump);
/* Closes both fds at once and frees the pump. Takes NULL. */
void pump_stop(struct pump *pump);

#endif
