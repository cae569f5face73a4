/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_TRACE_H
#define NACRE_SECCOMP_TRACE_H

#include <linux/seccomp.h>
#include <sys/types.h>

#include "libcontainer/seccomp/seccomp_own.h"
#include "specs/filter.h"

/*
 * --trace-denials: the same filter, but what it refuses is asked of a tracer first, by user
 * notification (seccomp_unotify(2)). The answer is the errno that the filter would have given, so
 * nothing is let through and allowed calls cost nothing; if nobody has the listener any more, the
 * kernel refuses these calls with ENOSYS.
 */

/* A copy of OWN in ARENA that notifies where OWN gives an errno. */
int seccomp_trace_program(struct arena *arena, const struct seccomp_own *own,
	struct seccomp_own *ret_traced, struct nacre_error *err);

/* What FILTER answers to DATA: SECCOMP_RET_* with its data. Pure. */
uint32_t seccomp_trace_verdict(
	const struct sock_filter *filter, unsigned short n, const struct seccomp_data *data);

/* Whether the answer to this call is the same whatever its arguments are; it is *RET_VERDICT. */
bool seccomp_trace_constant(const struct sock_filter *filter, unsigned short n, uint32_t arch,
	int number, uint32_t *ret_verdict);

/* A call that is refused. */
struct seccomp_denial {
	uint64_t id; /* of the notification */
	pid_t pid; /* in the pid namespace of the caller */
	struct seccomp_data data;
	char call[40]; /* name, or the number where there is none */
	int error; /* what OWN answers */
	int rule; /* seccomp_rule_number; -1: no row refuses it, the list does not have it */
	char grant[64]; /* that would allow it; "": none */
};

/* A number that the row has in every version that has it: the counts of denials outlive theirs. */
int seccomp_rule_number(const struct filter_rule *rule);

/* NULL: there is none. */
const struct filter_rule *seccomp_rule_find(int number);

/* The rule of the profile that the row with that number belongs to. */
const char *seccomp_denial_rule(int number);

/* Why the row with that number refuses; -1: what is not in the list. */
const char *seccomp_denial_reason(int number);

/* Takes one notification from LISTENER: a process waits for its answer. 0: it is gone again. */
int seccomp_trace_take(int listener, const struct seccomp_own *own,
	struct seccomp_denial *ret_denial, struct nacre_error *err);

/* Reads memory of the process that waits: at most SIZE bytes, fewer where they end. Returns how
 * many, or -errno: it may not be read, or the process is gone. */
int seccomp_trace_read(int listener, const struct seccomp_denial *denial, uint64_t address,
	void *ret_bytes, size_t size);

/* Answers it. 0: the process is gone. */
int seccomp_trace_answer(
	int listener, const struct seccomp_denial *denial, struct nacre_error *err);

#endif
