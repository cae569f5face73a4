/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_LOG_H
#define NACRE_SHIM_LOG_H

/* What the shim has to tell goes to containerd's own log, by the FIFO "log" of the bundle. Nobody
 * need read it: a line that finds it full is lost. */

void log_open(void);

__attribute__((format(printf, 1, 2))) void log_warning(const char *format, ...);

#endif
