/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FILTER_H
#define NACRE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/spec.h"

/*
 * nacre's own seccomp filter as data. It is loaded under the one of config.json, as a second
 * program: the kernel takes the stricter verdict of the two, so it can only tighten.
 *
 * The first row of filter_rules whose tests all hold decides a call of the native architecture. A
 * call that no row decides is allowed if filter_calls names it; unlisted calls return ENOSYS, so
 * that calls newer than these lists are not reachable. No process is ever killed. Calls of another
 * architecture return ENOSYS too, unless "abi:x86" is granted. libcontainer/seccomp/seccomp_own.h
 * compiles this into programs.
 */

/* The profiles that a row belongs to: one bit per profile. */
enum filter_profile {
	FILTER_AGENT = 1 << 0,
	FILTER_STRICT = 1 << 1,
	FILTER_NESTED = 1 << 2,
	/* For rules of egress under the profile oci: what is in no row is allowed. */
	FILTER_SOCKETS = 1 << 3,
	/* Beside another than that: the rule setuid-files. */
	FILTER_SETUID = 1 << 4,
	/* Beside any: calls of 32-bit programs. */
	FILTER_COMPAT = 1 << 5,
};

/* The grant that lifts the rows of FILTER_SETUID. */
#define FILTER_SETUID_GRANT "setuid-files"

enum filter_operator {
	FILTER_ANY, /* ends a list of tests */
	FILTER_EQ,
	FILTER_NE,
	FILTER_GE,
	FILTER_LE,
};

/* (argument INDEX & MASK) against VALUE. 32 bits, as the kernel takes each of these arguments as an
 * int: what stands in the upper half must not decide. */
struct filter_test {
	enum filter_operator op;
	unsigned index;
	uint32_t mask;
	uint32_t value;
};

#define FILTER_TESTS 8

/* The list that a grant "socket:NAME" adds a value to, which is then not refused. */
enum filter_list {
	FILTER_NO_LIST,
	FILTER_FAMILIES,
	FILTER_NETLINK, /* protocols of AF_NETLINK */
	FILTER_PROTOCOLS, /* those of AF_INET and AF_INET6 */
	FILTER_TYPES,
};

struct filter_rule {
	const char *calls; /* names, with blanks between them */
	struct filter_test tests[FILTER_TESTS]; /* all must hold; none: always refused */
	int error; /* what the caller gets */
	unsigned profiles; /* enum filter_profile */
	enum filter_list list;
	const char *why; /* the behaviour or the CVE behind it */
};

/* In order of precedence; ends with NULL calls. */
extern const struct filter_rule filter_rules[];

/* Names with blanks between them; each list ends with NULL. */
extern const char *const filter_calls[];
/* Rows for i386 only, for "abi:x86": they come before filter_rules. */
extern const char *const filter_calls_x86[];

/* Copies the next name of *LIST and moves on. Returns false at the end. */
bool filter_next_name(const char **list, char ret_name[static 40]);

/* Whether NAME stands in LIST. */
bool filter_names(const char *list, const char *name);

/* Whether TEST holds for a call with ARGS. */
bool filter_test_holds(const struct filter_test *test, const uint64_t args[6]);

/* The profiles that have a filter, and "sockets"; ends with NULL. */
extern const char *const filter_profile_words[];

/* The bit of PROFILE ("agent", "sockets"), 0: it has no filter. */
unsigned filter_profile_bit(const char *profile);

/* Items of the grants "syscall:", "socket:" and "abi:". */
bool filter_has_call(const char *name); /* stands in filter_rules */
bool filter_has_abi(const char *name);
bool filter_has_socket_word(const char *name);
/* Call EACH with every item of that grant, once. */
void filter_each_call(void (*each)(void *data, const char *name), void *data);
void filter_each_abi(void (*each)(void *data, const char *name), void *data);
void filter_each_socket_word(void (*each)(void *data, const char *name), void *data);
/* What the socket word NAME ("AF_VSOCK", "NETLINK_XFRM", "IPPROTO_SCTP", "SOCK_RAW") stands for.
 * Returns FILTER_NO_LIST for what is no word. */
enum filter_list filter_socket_word(const char *name, uint32_t *ret_value);

/* Whether GRANTS ("syscall:ptrace", ...) holds KIND:ITEM. */
bool filter_granted(const struct oci_strings *grants, const char *kind, const char *item);

/* Whether GRANT ("syscall:ptrace") gives back anything that the filter of PROFILE refuses. */
bool filter_grant_matters(const char *profile, const char *grant);

/* Whether a grant of CALL gives RULE's row for it back. */
bool filter_row_granted(
	const struct filter_rule *rule, const struct oci_strings *grants, const char *call);

/* The word for VALUE; NULL: there is none. */
const char *filter_socket_name(enum filter_list list, uint32_t value);

/* Calls EACH with every grant that RULE needs to be lifted, where it is about calls as such: those
 * of a family are of use together. Returns false, without a call, where it is about arguments. */
bool filter_each_grant(
	const struct filter_rule *rule, void (*each)(void *data, const char *grant), void *data);

/* The grant that would let a call with ARGS through that RULE refuses: "socket:WORD" for a row of a
 * list that has a word for it, else "syscall:NAME". Written to RET_TEXT. */
void filter_grant_text(const struct filter_rule *rule, const char *call, const uint64_t args[6],
	char ret_text[static 64]);

#endif
