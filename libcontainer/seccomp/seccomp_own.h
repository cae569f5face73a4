/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_OWN_H
#define NACRE_SECCOMP_OWN_H

#include <linux/filter.h>

#include "libcontainer/seccomp/seccomp.h"
#include "specs/arena.h"
#include "specs/filter.h"

/*
 * nacre's own filter (specs/filter.h) as a program. The programs without grants are made at build
 * time (seccomp_own_make.c), so that loading one takes a single system call.
 */

struct seccomp_own {
	unsigned profile; /* of enum filter_profile; 0: no filter */
	const struct sock_filter *filter;
	unsigned short n;
};

/* The programs built for this architecture; the last one has profile 0. */
extern const struct seccomp_own seccomp_own_built[];

/* Compiles the table for the architectures ARCHS, names of the spec, the native one first. ARCHS
 * ends with NULL. */
int seccomp_own_compile(struct arena *arena, unsigned profile, const struct oci_strings *grants,
	const char *const *archs, struct seccomp_program *ret_program, struct nacre_error *err);

/* Returns the program that NACRE asks for on this machine; NACRE NULL or without a filter: none. A
 * program that must be compiled lies in ARENA. -ENOTSUP: the table was not checked for this
 * architecture. */
int seccomp_own_program(struct arena *arena, const struct oci_hardened *nacre,
	struct seccomp_own *ret_own, struct nacre_error *err);

/* Loads OWN into the caller: see seccomp_apply. */
int seccomp_own_apply(const struct seccomp_own *own, struct nacre_error *err);

/* Loads a program of seccomp_trace.h likewise. Returns the listener. */
int seccomp_own_apply_traced(const struct seccomp_own *traced, struct nacre_error *err);

#endif
