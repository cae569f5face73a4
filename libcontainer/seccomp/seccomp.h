/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_H
#define NACRE_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "specs/spec.h"

/* A compiled filter in memory that the runtime shares with init (mmap(2), MAP_SHARED). The runtime
 * compiles it while init mounts, and init reads it when it is told to start. */
#define SECCOMP_MAX_INSTRUCTIONS 4096 /* BPF_MAXINSNS */

struct seccomp_program {
	unsigned flags; /* SECCOMP_FILTER_FLAG_* of seccomp(2) */
	bool notify; /* needs a listener */
	unsigned short n; /* instructions; 0: no filter */
	struct sock_filter filter[SECCOMP_MAX_INSTRUCTIONS];
};

/*
 * Compiles linux.seccomp. CACHE_FD: a directory of programs, cached by the content of the policy;
 * -1: no cache. Calls newer than the policy knows return ENOSYS instead of the default action, so
 * that libc falls back to older calls (as in runc; only if the default action is an errno other
 * than ENOSYS, or kills). WARN gets the names that no table has, once, when the policy is compiled
 * and not when it is found in the cache. libseccomp resolves names to numbers; its code generator
 * is not used, see seccomp_bpf.c. A call of an architecture that is neither native nor listed kills
 * the process.
 */
int seccomp_compile(const struct oci_seccomp *seccomp, int cache_fd,
	struct seccomp_program *ret_program, void (*warn)(void *data, const char *text), void *data,
	struct nacre_error *err);

/* Fails with -EINVAL, and names the calls, if the policy has unknown calls. */
int seccomp_refuse_unknown(const struct oci_seccomp *seccomp, struct nacre_error *err);

/* Loads the filter into the caller (the name seccomp_load is libseccomp's). Needs no_new_privs or
 * CAP_SYS_ADMIN. *RET_LISTENER: the notify fd, -1 if the filter has none. */
int seccomp_apply(
	const struct seccomp_program *program, int *ret_listener, struct nacre_error *err);

/* Lists the words of linux.seccomp.flags that the running kernel supports. Ends with NULL. */
void seccomp_flags_supported(const char *ret_flags[8]);

/* Sends LISTENER and STATE_JSON to the agent that listens at PATH: config-linux.md, Seccomp. */
int seccomp_send_listener(
	const char *path, int listener, const char *state_json, struct nacre_error *err);

#endif
