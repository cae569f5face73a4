/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_OPTIONS_H
#define NACRE_SHIM_OPTIONS_H

#include <limits.h>
#include <stdbool.h>

#include "shim/job.h"
#include "shim/message.h"

/* What containerd's configuration says of a runtime: options as runc's shim has them. */
struct options {
	char root[PATH_MAX]; /* of nacre's state, the namespace in it */
	bool systemd_cgroup, no_pivot, no_new_keyring;
};

/* ANY may be NULL: the defaults. What this shim does not do is told to the log. Returns 0, or -1
 * with TEXT. */
int options_read(const Wire__Any *any, struct options *ret_options, char text[static JOB_TEXT]);

/* The part that the delete action needs, in the bundle: another process reads it. Likewise. */
int options_keep(const struct options *options, const char *bundle, char text[static JOB_TEXT]);
/* Returns 0, also with the defaults if none were kept; -1 with TEXT. */
int options_kept(const char *bundle, struct options *ret_options, char text[static JOB_TEXT]);

#endif
