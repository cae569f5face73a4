/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_OOM_H
#define NACRE_SHIM_OOM_H

#include "shim/task.h"

/* Opens the container's cgroup, and reports to containerd when the OOM killer strikes in it. */
void oom_watch(struct container *container);
/* Looks now, so that the event precedes the end of the container. */
void oom_look(struct container *container);
void oom_forget(struct container *container);

#endif
