/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SIGNALS_H
#define NACRE_SIGNALS_H

/* signal(7): "9", "KILL", "SIGKILL", "RTMIN+1", "SIGRTMAX-2"; letters in any case. Returns -EINVAL.
 */
int signal_from_text(const char *text);

#endif
