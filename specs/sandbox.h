/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPECS_SANDBOX_H
#define NACRE_SPECS_SANDBOX_H

#include "specs/spec.h"

/*
 * The config of `nacre sandbox`: a program of the host, without an image. Its root is an empty
 * tmpfs, in which stand those paths of the host that are on the list of sandbox_paths, read-only;
 * homes, /run and /var are empty. Pure: what is on the host was looked at before.
 */

enum {
	SANDBOX_PROCESSES = 512, /* as of the profile agent */
};

/* A path of the host as it was found. */
struct sandbox_entry {
	const char *path; /* absolute */
	bool directory;
	bool link; /* a symlink, which is shown as one */
};

/* Paths that are looked for, in the order in which they are mounted; ends with NULL. Those below
 * /etc are single entries: the rest of it (shadow, keys of ssh and TLS, what daemons are told) is
 * not there. */
extern const char *const sandbox_paths[];
/* The same, but for a sandbox with a network alone; a symlink, as to what a resolver writes in
 * /run, is followed. */
extern const char *const sandbox_network_paths[];

/* What of the host a sandbox is made of. */
struct sandbox_host {
	uint32_t uid, gid; /* of the caller */
	bool root; /* of the host: no user namespace */
	bool reads_file; /* stdin is a file or a disk that is open for reading alone */
	const char *home; /* of the caller, absolute; NULL: none */
	struct oci_strings environment; /* of the caller, "NAME=VALUE" */
	struct sandbox_entry *entries; /* of sandbox_paths and sandbox_network_paths: what is there
					*/
	size_t n_entries;
	const char *no_limits; /* why no cgroup can limit it; NULL: one can */
	uint64_t processes_most; /* that the caller may set as RLIMIT_NPROC and RLIMIT_DATA */
	uint64_t data_most;
};

/* What the caller wants. Paths are absolute, without symlinks, and are there. */
struct sandbox_request {
	struct oci_strings args;
	const char *directory; /* where the program begins */
	bool copy; /* that is a workspace in the form cow; else there are others */
	struct sandbox_entry *read; /* shown read-only */
	size_t n_read;
	struct sandbox_entry *write; /* the host's own, which the program may change */
	size_t n_write;
	struct oci_judged *hide; /* nothing of it is shown; by its name inside */
	size_t n_hide;
	struct oci_judged *judged; /* what the sources above are, and those of workspaces */
	size_t n_judged;
	struct oci_strings workspaces; /* where such are shown, unless copy is set */
	struct oci_strings env; /* "NAME": the caller's; "NAME=VALUE" */
	bool terminal;
	bool network; /* some rule of egress lets it connect */
	int64_t memory; /* bytes; 0: the profile's, as the next two; see sandbox_limit */
	int64_t pids;
	uint64_t cpus; /* in thousandths */
	uint64_t tmp_bytes; /* of /tmp, /run and the home, each; 0: the kernel's default */
};

/* Whether DIRECTORY may be worked on: not the root, a home, or what a home lies in. HOMES: the
 * caller's, and others that are known. -EPERM. */
int sandbox_check_directory(
	const char *directory, const struct oci_strings *homes, struct nacre_error *err);

/* Whether it may be worked on though nobody has named it: not a directory of the system or of the
 * settings and keys of a home. -EPERM. */
int sandbox_check_unnamed(
	const char *directory, const struct oci_strings *homes, struct nacre_error *err);

/* -EINVAL: what is read or written is the working directory, which is a copy. */
int sandbox_check_apart(const struct sandbox_request *request, struct nacre_error *err);

/*
 * Sets the limits of CONFIG: in its resources, and where no cgroup can hold them, in the limits of
 * its process. Those are for
 * - processes: RLIMIT_NPROC, which the kernel counts over all processes of the user in the user
 *   namespace, and that is the sandbox's own; SANDBOX_PROCESSES if the caller names none;
 * - memory: RLIMIT_DATA, of each process alone, and only if the caller asks for one. RLIMIT_AS
 *   would count what programs (Java, Node.js, Go) reserve and never touch.
 * -ENOTSUP: a limit of CPU time, which there is none of.
 */
int sandbox_limit(struct arena *arena, const struct sandbox_request *request,
	const struct sandbox_host *host, struct oci_config *config, struct nacre_error *err);

/* Has CONFIG cover what is not to be shown. What one of its mounts shows must be there for it. */
int sandbox_hide(struct arena *arena, const struct sandbox_request *request,
	struct oci_config *config, struct nacre_error *err);

/* -EINVAL: a variable that is no name or that the caller does not have. */
int sandbox_config(struct arena *arena, const struct sandbox_request *request,
	const struct sandbox_host *host, struct oci_config **ret_config, struct nacre_error *err);

#endif
