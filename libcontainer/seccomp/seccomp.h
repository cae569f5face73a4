/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_H
#define NACRE_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "specs/spec.h"

/* A compiled filter in memory that the runtime shares with init (mmap, MAP_SHARED): the runtime
 * compiles while init mounts, and init reads it once it is told to start. */
#define SECCOMP_MAX_INSTRUCTIONS 4096 /* BPF_MAXINSNS */

struct seccomp_program {
	unsigned flags; /* SECCOMP_FILTER_FLAG_* of seccomp(2) */
	bool notify; /* a listener is wanted */
	unsigned short n; /* instructions; 0: no filter */
	struct sock_filter filter[SECCOMP_MAX_INSTRUCTIONS];
};

/*
 * Compiles linux.seccomp. CACHE_FD: a directory with programs cached by the content of the policy,
 * -1: no cache. Calls newer than the policy knows get ENOSYS instead of the default action, so
 * that libc falls back (runc's rule; only where the default action is an errno other than ENOSYS,
 * or kills). WARN is told of names that nobody knows, once, when the policy is compiled and not
 * when it is found in the cache. libseccomp tells numbers from names; its generator is not used:
 * see seccomp_bpf.c. A call of an architecture that is neither native nor listed kills the process.
 */
int seccomp_compile(const struct oci_seccomp *seccomp, int cache_fd,
	struct seccomp_program *ret_program, void (*warn)(void *data, const char *text), void *data,
	struct nacre_error *err);

/* -EINVAL, which names them, if nobody knows some calls of the policy. */
int seccomp_refuse_unknown(const struct oci_seccomp *seccomp, struct nacre_error *err);

/* Loads the filter into the caller (libseccomp has the name seccomp_load). Needs no_new_privs or
 * CAP_SYS_ADMIN. *RET_LISTENER: the notify fd, -1 if the filter has none. */
int seccomp_apply(
	const struct seccomp_program *program, int *ret_listener, struct nacre_error *err);

/* Those of the words of linux.seccomp.flags that this kernel takes: asks it. Ends with NULL. */
void seccomp_flags_supported(const char *ret_flags[8]);

/* Sends LISTENER and STATE_JSON to the agent that listens at PATH: config-linux.md, Seccomp. */
int seccomp_send_listener(
	const char *path, int listener, const char *state_json, struct nacre_error *err);

#endif
