/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_LOG_H
#define NACRE_SHIM_LOG_H

/* Writes the shim's messages to containerd's log, through the FIFO "log" of the bundle. A line is
 * lost if the FIFO is full, since nobody has to read it. */

void log_open(void);

__attribute__((format(printf, 1, 2))) void log_warning(const char *format, ...);

#endif
