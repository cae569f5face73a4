/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SIGNALS_H
#define NACRE_SIGNALS_H

/* Returns the number of a signal in text as of signal(7): "9", "KILL", "SIGKILL", "RTMIN+1",
 * "SIGRTMAX-2", in upper or lower case. Returns -EINVAL for any other text. */
int signal_from_text(const char *text);

#endif
