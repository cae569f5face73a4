/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_ANNOTATIONS_H
#define NACRE_ANNOTATIONS_H

#include "specs/spec.h"

#define ANNOTATION_KEEP_GROUPS "run.oci.keep_original_groups"

/* Annotations of crun's that callers set, with crun's meaning (crun(1), EXTENSIONS), and one of
 * runc's. Those of nacre itself are in policy.h. */
struct run_annotations {
	bool keep_groups; /* run.oci.keep_original_groups, with any value but 0: those of the
			     caller, no setgroups(2) */
	const char *hooks_stdout; /* run.oci.hooks.stdout, .stderr: a file that is appended to */
	const char *hooks_stderr;
	const char *seccomp_receiver; /* run.oci.seccomp.receiver: where there is no listenerPath */
	bool seccomp_fail_unknown; /* run.oci.seccomp_fail_unknown_syscall, with any value but 0 */
	const char *delegate_cgroup; /* run.oci.delegate-cgroup: the process is moved into it, below
					the container's cgroup, and may make others beside it */
	const char *criu_config; /* org.criu.config: options of criu(8), which count most */
	bool no_criu_config; /* the same, empty: not those of /etc/criu/runc.conf either */
};

/* -EINVAL: a value that is no absolute path, or no name. */
int annotations_read(const struct oci_config *config, struct run_annotations *ret_annotations,
	struct nacre_error *err);

/* The keys of those that give rights on the host, for harden.c; ends with NULL. */
extern const char *const annotations_of_host[];

/* Returns NULL if the annotation is missing. An empty value is not missing: each annotation defines
 * its meaning. */
const char *annotations_find(const struct oci_map *annotations, const char *key);

#endif
