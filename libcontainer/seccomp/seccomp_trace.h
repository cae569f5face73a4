/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_TRACE_H
#define NACRE_SECCOMP_TRACE_H

#include <linux/seccomp.h>
#include <sys/types.h>

#include "libcontainer/seccomp/seccomp_own.h"
#include "specs/filter.h"

/*
 * --trace-denials: a filter that asks a tracer about the calls that it refuses, by user
 * notification (seccomp_unotify(2)). The answer is the errno that the filter would have given, so
 * nothing more is allowed, and allowed calls cost nothing. If no process has the listener any more,
 * the kernel refuses these calls with ENOSYS.
 */

/* Copies OWN into ARENA, with a notification where OWN returns an errno. */
int seccomp_trace_program(struct arena *arena, const struct seccomp_own *own,
	struct seccomp_own *ret_traced, struct nacre_error *err);

/* Returns the result of FILTER for DATA: SECCOMP_RET_* with its data. Pure. */
uint32_t seccomp_trace_verdict(
	const struct sock_filter *filter, unsigned short n, const struct seccomp_data *data);

/* Returns whether this call has the same result for all arguments. *RET_VERDICT is the result. */
bool seccomp_trace_constant(const struct sock_filter *filter, unsigned short n, uint32_t arch,
	int number, uint32_t *ret_verdict);

/* A refused call. */
struct seccomp_denial {
	uint64_t id; /* of the notification */
	pid_t pid; /* in the pid namespace of the caller */
	struct seccomp_data data;
	char call[40]; /* its name, or the number if it has none */
	int error; /* the errno of OWN */
	int rule; /* seccomp_rule_number; -1: no row refuses it, it is not in the list */
	char grant[64]; /* the grant that would allow it; "": none */
};

/* Returns a number that the row keeps in all versions in which it refuses the same: stored counts
 * of denials outlive the version that wrote them. */
int seccomp_rule_number(const struct filter_rule *rule);

/* Returns the row with that number, or NULL. */
const struct filter_rule *seccomp_rule_find(int number);

/* Returns the profile's rule that the row with that number belongs to. */
const char *seccomp_denial_rule(int number);

/* Returns why the row with that number refuses; -1: the call is not in the list. */
const char *seccomp_denial_reason(int number);

/* Takes one notification from LISTENER, whose process waits for the answer. Returns 1; 0: the
 * process is gone. */
int seccomp_trace_take(int listener, const struct seccomp_own *own,
	struct seccomp_denial *ret_denial, struct nacre_error *err);

/* Reads at most SIZE bytes of the waiting process, fewer where its memory ends. Returns how many,
 * or -errno: the memory may not be read, or the process is gone. */
int seccomp_trace_read(int listener, const struct seccomp_denial *denial, uint64_t address,
	void *ret_bytes, size_t size);

/* Answers it. Returns 1; 0: the process is gone. */
int seccomp_trace_answer(
	int listener, const struct seccomp_denial *denial, struct nacre_error *err);

#endif
