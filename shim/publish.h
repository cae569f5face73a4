/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_PUBLISH_H
#define NACRE_SHIM_PUBLISH_H

#include "shim/task.h"

/* Sends events to containerd, in order, over a connection of the shim. While containerd is away the
 * first PUBLISH_MAX events wait: it asks for states when it is back. */
#define PUBLISH_MAX 512

/* ADDRESS: containerd's socket for ttrpc, borrowed; NULL or "": events are dropped. */
void publish_open(const char *address);

/* Sends EVENT. NAME is the name of its type: "TaskStart". */
void publish(const char *topic, const char *name, const void *event);

/* These send the events that several files need. */
void publish_exit(const struct process *process);
void publish_named(const char *topic, const char *name, const struct container *container);

/* Returns whether containerd has not yet taken all events. */
bool publish_pending(void);

#endif
