/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_PUMP_H
#define NACRE_SHIM_PUMP_H

/* Copies what comes from one fd to another, neither of which may block, as fast as the slower one
 * takes it: between a terminal's master and FIFOs. */
struct pump;

/* Takes both fds, in any case; the pump ends by itself where one of them does, and then closes
 * both. *HANDLE is the pump, and NULL once it has ended. Returns 0 or -errno. */
int pump_start(int from_fd, int to_fd, struct pump **handle);
/* Takes NULL. */
void pump_stop(struct pump *pump);

#endif
