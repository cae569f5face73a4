/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_POLICY_H
#define NACRE_SECCOMP_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/spec.h"

/*
 * What stands between linux.seccomp and BPF, for the seccomp_*.c files alone:
 *
 *   seccomp_policy.c  the words of the spec  -> struct seccomp_policy, the same on every machine
 *   seccomp_calls.c    names                  -> system call numbers, an architecture at a time
 *   seccomp_bpf.c      numbers and tests      -> instructions
 *   seccomp_cache.c    finished programs      <-> files
 *   seccomp.c          runs these in order, and loads
 *   seccomp_own.c      specs/filter.h         -> struct seccomp_policy, and on as above
 *   seccomp_trace.c    instructions           -> the verdict on a call, for tracers
 *   seccomp_simulate.c instructions           -> what they refuse whatever the arguments are
 */

/* One comparison with an argument of the call. SCMP_CMP_MASKED_EQ is EQ with another mask. */
enum seccomp_operator {
	SECCOMP_EQ,
	SECCOMP_NE,
	SECCOMP_LT,
	SECCOMP_LE,
	SECCOMP_GT,
	SECCOMP_GE,
};

struct seccomp_test {
	enum seccomp_operator op;
	unsigned index;
	uint64_t mask;
	uint64_t value;
};

/* ACTION holds if all tests do. Without tests it always holds. */
struct seccomp_rule {
	const char *name;
	uint32_t action; /* a SECCOMP_RET_ value with its data */
	const struct seccomp_test *tests;
	size_t n_tests;
};

struct seccomp_arch {
	const char *oci; /* SCMP_ARCH_X86_64 */
	const char *libseccomp; /* x86_64 */
	unsigned bits; /* of a register: a 32-bit call has no upper halves to look at */
	uint32_t base; /* where its numbers begin */
	uint32_t special; /* numbers from here are not in the common series; 0: none */
};

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The words of linux.seccomp.flags and what the kernel is told. TSYNC is accepted and means
 * nothing: a container's init has one thread. Ends with a NULL name. */
struct seccomp_flag {
	const char *name;
	unsigned flag;
};
extern const struct seccomp_flag seccomp_flags[];

#define SECCOMP_N_ARCHITECTURES 23

/* Numbers of x32 are those of x86_64 with this bit; seccomp_data.arch is the same for both. */
#define SECCOMP_X32_BIT 0x40000000u

struct seccomp_policy {
	uint32_t default_action;
	uint32_t foreign_action; /* of calls of architectures that are not listed */
	bool ordered; /* the first rule that holds decides; else see span_of_call */
	bool new_calls_are_unknown; /* calls that are newer than the policy get ENOSYS */
	unsigned flags;
	bool notify;
	const struct seccomp_arch *archs[SECCOMP_N_ARCHITECTURES + 1]; /* the native one first */
	size_t n_archs;
	struct seccomp_rule *rules;
	size_t n_rules;
	struct seccomp_test *tests; /* owned; rules point into it */
};

/* By its name in the spec; NULL: there is none. */
const struct seccomp_arch *seccomp_find_arch(const char *oci);

/* Checks and translates. On success RET_PROFILE is the caller's to release; it points into SECCOMP.
 */
int seccomp_policy_read(const struct oci_seccomp *seccomp, struct seccomp_policy *ret_profile,
	struct nacre_error *err);
void seccomp_policy_release(struct seccomp_policy *policy);

/* A call by number with the rules for it. */
struct seccomp_call {
	uint32_t number;
	const struct seccomp_rule *rule;
};

/* What happens to the calls from FIRST up to the next span. Those that depend on arguments stand
 * alone in a span with their rules, in the order in which they are tried. */
struct seccomp_span {
	uint32_t first;
	uint32_t action;
	const struct seccomp_call *calls;
	size_t n_calls;
};

/* All of one architecture; the first span begins at 0 and the last has no end. */
struct seccomp_table {
	const struct seccomp_arch *arch;
	uint32_t audit_arch; /* seccomp_data.arch */
	struct seccomp_span *spans;
	size_t n_spans;
	struct seccomp_call *calls; /* owned; spans point into it */
	struct seccomp_rule *made; /* owned; rules for socketcall(2) and ipc(2) */
};

int seccomp_table_make(const struct seccomp_policy *policy, const struct seccomp_arch *arch,
	struct seccomp_table *ret_table, struct nacre_error *err);
void seccomp_table_release(struct seccomp_table *table);

/* The name of system call NUMBER of ARCH (AUDIT_ARCH_*), or NUMBER if nobody knows it. */
void seccomp_call_name(uint32_t arch, int number, char ret_name[static 40]);

/* Writes the names in PROFILE that nobody knows into TEXT, separated by ", ". Returns how many. */
size_t seccomp_unknown_names(const struct seccomp_policy *policy, char *text, size_t size);

struct seccomp_program;

/* Writes filter and n of RET_PROGRAM. */
int seccomp_bpf_generate(const struct seccomp_policy *policy, const struct seccomp_table *tables,
	size_t n_tables, struct seccomp_program *ret_program, struct nacre_error *err);

/* The identity of a program: everything that its instructions depend on, as bytes. */
struct seccomp_key {
	char *bytes; /* owned */
	size_t length;
	size_t room;
	bool failed; /* out of memory */
};

int seccomp_key_make(
	const struct oci_seccomp *seccomp, struct seccomp_key *ret_key, struct nacre_error *err);
void seccomp_key_release(struct seccomp_key *key);

/* Returns true if the program for KEY was there. */
bool seccomp_cache_get(
	int cache_fd, const struct seccomp_key *key, struct seccomp_program *ret_program);
int seccomp_cache_put(int cache_fd, const struct seccomp_key *key,
	const struct seccomp_program *program, struct nacre_error *err);

#endif
