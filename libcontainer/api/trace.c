/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/seccomp/seccomp_trace.h"

/* --trace-denials: decides whether refused calls of a container or an exec are traced. tracer.c
 * does it. */

static int prepare(struct life *l, struct nacre_error *err)
{
	l->container.record.active |= TRACE;
	return seccomp_trace_program(l->container.arena, &l->own_filter, &l->traced_filter, err);
}

int trace_create(struct life *l, bool asked, bool by_policy, struct nacre_error *err)
{
	const struct oci_seccomp *seccomp = l->container.config->linux_
						    ? l->container.config->linux_->seccomp
						    : NULL;
	struct nacre_error why;
	int r;

	if (asked && !l->own_filter.profile)
		return fail(err, EINVAL,
			"--trace-denials: needs a profile with a seccomp filter of nacre's own");
	if (!l->own_filter.profile || !(asked || by_policy))
		return 0;
	if (!seccomp || !seccomp->listener_path)
		return prepare(l, err);
	/* Only one filter of a process can have a listener. */
	r = fail(&why, EINVAL,
		"--trace-denials: the config has a seccomp agent (listenerPath), and there can be "
		"one only");
	if (asked)
		*err = why;
	else
		container_warn(&l->container, why.text);
	return asked ? r : 0;
}

int trace_exec(struct life *l, bool container_is_traced, struct nacre_error *err)
{
	int r;

	if (!container_is_traced || !l->own_filter.profile)
		return 0;
	r = idmap_is_host_root(err);
	if (r != 0)
		return r < 0 ? r : prepare(l, err);
	container_warn(&l->container,
		"denials of this exec are not traced: only root of the host can take its listener");
	return 0;
}
