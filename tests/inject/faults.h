/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_FAULTS_H
#define NACRE_TESTS_INJECT_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/* What is done to one system call. */
enum fault {
	FAULT_NONE,
	FAULT_EINTR,
	FAULT_ENOMEM,
	FAULT_EIO,
	FAULT_EMFILE,
	FAULT_ENOSPC,
	FAULT_EAGAIN,
	FAULT_SHORT, /* one byte is read or written, where there are more */
	FAULT_KILL, /* the process gets SIGKILL before the call */
	N_FAULTS,
};

#define ROLE_SIZE 24
#define NAME_SIZE 32
#define FIRST_OF_ALL "command"

/*
 * A system call of an undisturbed run, called what it is called in each run: the N-th of its name
 * in its process. A process is called by its descent: "command", its second child "command.2", a
 * child of that "command.2.1"; "init" is the first process of a container that was there before the
 * command.
 */
struct call {
	char role[ROLE_SIZE];
	char name[NAME_SIZE];
	unsigned occurrence;
	uint64_t args[6];
	int64_t result;
	char object[64]; /* what its first argument is open on, of calls that read or write */
};

const char *fault_name(enum fault fault);
enum fault fault_by_name(const char *name); /* FAULT_NONE: there is none */
int fault_errno(enum fault fault); /* 0: it is none of errors */

/* Whether the kernel can do this to CALL, as a manual page or experience says. */
bool fault_applies(enum fault fault, const struct call *call);

/* Which argument of the call says how much is read or written; -1: none. */
int fault_length_argument(const char *name);

/* Whether the call does its work even when it fails: Linux frees the fd of close(2) in any case. */
bool fault_comes_after(const char *name);

#endif
