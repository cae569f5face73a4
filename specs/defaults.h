/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_DEFAULTS_H
#define NACRE_DEFAULTS_H

#include "specs/spec.h"

enum default_kind {
	DEFAULT_ROOT,
	DEFAULT_ROOTLESS,
	/* The same with a network namespace, which then has a sysfs: for profiles that keep
	 * containers out of the host's network. */
	DEFAULT_ROOTLESS_OWN_NETWORK,
};

/* The config that `nacre spec` writes: what `runc spec` writes, property for property, with the
 * cgroup namespace always there. Rootless: with a user namespace that maps HOST_UID and HOST_GID to
 * 0, and what an unprivileged user cannot mount left out. */
int oci_default_config(struct arena *arena, enum default_kind kind, uint32_t step_host_uid,
	uint32_t host_gid, struct oci_config **ret_config, struct nacre_error *err);

/* The spec's default files, RUNTIME_SPEC_VERSION "1.3.0". */
#define OCI_VERSION "1.3.0"
#define OCI_VERSION_MIN "1.0.0"

#endif
