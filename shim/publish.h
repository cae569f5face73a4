/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_PUBLISH_H
#define NACRE_SHIM_PUBLISH_H

#include "shim/task.h"

/* Events for containerd, in order, by a connection of the shim's own to it. While containerd is
 * away they wait, the first PUBLISH_MAX of them: it asks for states when it is back. */
#define PUBLISH_MAX 512

/* ADDRESS: of containerd's socket for ttrpc; NULL or "": there is nobody to tell. Borrowed. */
void publish_open(const char *address);

/* NAME is that of the event's type: "TaskStart". */
void publish(const char *topic, const char *name, const void *event);

/* Of those that are told at several places. */
void publish_exit(const struct process *process);
void publish_named(const char *topic, const char *name, const struct container *container);

/* Whether some have not been taken yet. */
bool publish_pending(void);

#endif
