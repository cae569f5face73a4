/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_OPTIONS_H
#define NACRE_SHIM_OPTIONS_H

#include <limits.h>
#include <stdbool.h>

#include "shim/job.h"
#include "shim/message.h"

/* The options of a runtime in containerd's configuration, as runc's shim has them. */
struct options {
	char root[PATH_MAX]; /* directory of nacre's states, including the namespace */
	char shim_cgroup[PATH_MAX]; /* for the shim, an absolute path of cgroup v2; "": none */
	bool systemd_cgroup, no_pivot, no_new_keyring;
};

/* Reads the options; ANY may be NULL: the defaults. Unsupported options are reported to the log.
 * Returns 0, or -1 with TEXT. */
int options_read(const Wire__Any *any, struct options *ret_options, char text[static JOB_TEXT]);

/* Keeps in the bundle the options that the delete action needs, since it is another process.
 * Returns likewise. */
int options_keep(const struct options *options, const char *bundle, char text[static JOB_TEXT]);
/* Reads them back, or the defaults if none were kept. Returns 0, or -1 with TEXT. */
int options_kept(const char *bundle, struct options *ret_options, char text[static JOB_TEXT]);

#endif
