/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EXEC_PROCESS_H
#define NACRE_EXEC_PROCESS_H

#include "libcontainer/api/nacre.h"
#include "specs/spec.h"

/* Makes the process that nacre_exec runs in C, before the profile hardens it:
 * options->process_file, or the container's own process with the changes of the options. Both have
 * runc's semantics. */
int exec_process_make(const struct container *c, const struct nacre_exec_options *options,
	struct oci_process **ret_process, struct nacre_error *err);

#endif
