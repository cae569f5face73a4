/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_POLICY_H
#define NACRE_SECCOMP_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/spec.h"

/*
 * The steps from linux.seccomp to BPF. Only the seccomp_*.c files use this header.
 *
 *   seccomp_policy.c    words of the spec      -> struct seccomp_policy, the same on every machine
 *   seccomp_calls.c     names                  -> system call numbers, per architecture
 *   seccomp_bpf.c       numbers and tests      -> instructions
 *   seccomp_cache.c     finished programs     <-> files
 *   seccomp.c           calls these in order, and loads the program
 *   seccomp_own.c       specs/filter.h         -> struct seccomp_policy, and on as above
 *   seccomp_trace.c     instructions           -> the result for a call, for tracers
 *   seccomp_simulate.c  instructions           -> what they refuse, whatever the arguments are
 */

/* One comparison with an argument of the call. SCMP_CMP_MASKED_EQ is SECCOMP_EQ with a mask. */
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

/* ACTION applies if all tests hold. Without tests it always applies. */
struct seccomp_rule {
	const char *name;
	uint32_t action; /* a SECCOMP_RET_ value with its data */
	const struct seccomp_test *tests;
	size_t n_tests;
};

struct seccomp_arch {
	const char *oci; /* SCMP_ARCH_X86_64 */
	const char *libseccomp; /* x86_64 */
	unsigned bits; /* of a register: an argument of a 32-bit call has no upper half */
	uint32_t base; /* the first of its numbers */
	uint32_t special; /* from here on, numbers are not in the common series; 0: all are */
};

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The words of linux.seccomp.flags and the kernel's flags. TSYNC is accepted and ignored: a
 * container's init has one thread. Ends with a NULL name. */
struct seccomp_flag {
	const char *name;
	unsigned flag;
};
extern const struct seccomp_flag seccomp_flags[];

#define SECCOMP_N_ARCHITECTURES 23

/* The numbers of x32 are those of x86_64 plus this bit; seccomp_data.arch is the same for both. */
#define SECCOMP_X32_BIT 0x40000000u

struct seccomp_policy {
	uint32_t default_action;
	uint32_t foreign_action; /* for calls of architectures that are not listed */
	bool ordered; /* the first rule that holds decides; otherwise see span_of_call */
	bool new_calls_are_unknown; /* calls that are newer than the policy get ENOSYS */
	unsigned flags;
	bool notify;
	const struct seccomp_arch *archs[SECCOMP_N_ARCHITECTURES + 1]; /* the native one first */
	size_t n_archs;
	struct seccomp_rule *rules;
	size_t n_rules;
	struct seccomp_test *tests; /* owned; rules point into it */
};

/* Finds an architecture by its name in the spec; NULL: there is none. */
const struct seccomp_arch *seccomp_find_arch(const char *oci);

/* Checks and translates SECCOMP. On success the caller must release RET_PROFILE, which points into
 * SECCOMP. */
int seccomp_policy_read(const struct oci_seccomp *seccomp, struct seccomp_policy *ret_profile,
	struct nacre_error *err);
void seccomp_policy_release(struct seccomp_policy *policy);

/* A call, by number, with one of its rules. */
struct seccomp_call {
	uint32_t number;
	const struct seccomp_rule *rule;
};

/* The calls from FIRST up to the next span, which share one action. A call whose action depends on
 * arguments has a span of its own, with its rules in the order in which they are tried. */
struct seccomp_span {
	uint32_t first;
	uint32_t action;
	const struct seccomp_call *calls;
	size_t n_calls;
};

/* All calls of one architecture. The first span begins at 0 and the last has no end. */
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

/* Writes the name of system call NUMBER of ARCH (AUDIT_ARCH_*), or NUMBER if it has none. */
void seccomp_call_name(uint32_t arch, int number, char ret_name[static 40]);

/* Writes the names in POLICY that no table has into TEXT, separated by ", ". Returns how many. */
size_t seccomp_unknown_names(const struct seccomp_policy *policy, char *text, size_t size);

struct seccomp_program;

/* Sets the members filter and n of RET_PROGRAM. */
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

/* Returns true if the cache has the program for KEY. */
bool seccomp_cache_get(
	int cache_fd, const struct seccomp_key *key, struct seccomp_program *ret_program);
int seccomp_cache_put(int cache_fd, const struct seccomp_key *key,
	const struct seccomp_program *program, struct nacre_error *err);

#endif
