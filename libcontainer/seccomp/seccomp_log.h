/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_LOG_H
#define NACRE_SECCOMP_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "specs/error.h"

/*
 * The kernel's own reports of seccomp: audit records (AUDIT_SECCOMP, 1326) for SCMP_ACT_LOG, for
 * errnos of a filter with SECCOMP_FILTER_FLAG_LOG, and for calls that kill or trap. Without auditd
 * they go to the kernel's log, /dev/kmsg, at most 10 per 5 seconds (kernel.printk_ratelimit). A
 * record has the pid, but not the cgroup.
 */

struct seccomp_record {
	pid_t pid; /* in the initial pid namespace */
	uint64_t time_us; /* since boot, CLOCK_MONOTONIC */
	uint32_t arch;
	int number;
	uint32_t action; /* SECCOMP_RET_*, with its data */
};

/* Returns whether TEXT, one record of /dev/kmsg, is such a record. A record that a program has
 * written there is not. */
bool seccomp_record_parse(const char *text, struct seccomp_record *ret_record);

/* A process, and the time in which the pid was its own: since boot, CLOCK_BOOTTIME. */
struct seccomp_subject {
	pid_t pid; /* in the initial pid namespace */
	uint64_t from_us;
	uint64_t until_us;
};

/* Returns whether RECORD, written at TIME_US (CLOCK_BOOTTIME), is about one of SUBJECTS. Pure. */
bool seccomp_record_is_of(const struct seccomp_record *record, uint64_t time_us,
	const struct seccomp_subject *subjects, size_t n);

struct seccomp_logged {
	uint64_t count;
	char call[40]; /* "others": all that found no place */
	uint32_t action;
};

#define SECCOMP_LOGGED_MAX 32

/* Returns "logged", "killed", ... */
const char *seccomp_action_word(uint32_t action);

/* Reads the kernel's log for records of the N SUBJECTS. Returns how many kinds there are. -EPERM:
 * the caller may not read the log (CAP_SYSLOG), or is not in the initial pid namespace. */
int seccomp_log_read(const struct seccomp_subject *subjects, size_t n,
	struct seccomp_logged ret_logged[SECCOMP_LOGGED_MAX], struct nacre_error *err);

#endif
