/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_AUDIT_H
#define NACRE_AUDIT_H

#include "libcontainer/life/life.h"
#include "specs/audit.h"

/*
 * The audit record of a container's life. It goes to the file of the policy and to the one of
 * --audit; the container's record names them. Without a file every call here returns at once.
 */

/* Lists in the record of a new container the POLICY's file and PATH (NULL: none), with the digest
 * of CONFIG, the text of config.json as given, and opens the files. */
int audit_begin(struct container *c, const char *policy, const char *path, const char *config,
	struct nacre_error *err);

/* Opens the files. An operation that cannot be recorded must not begin. */
int audit_open(struct container *c, struct nacre_error *err);

/* Writes a line to each file, with one write(2), about EVENT and its RESULT, with *ERR if that is
 * negative. If an operation succeeded and cannot be recorded, UNDO undoes it. Returns RESULT, or
 * the error of the record. EVENT: the members besides id, time, uid, profile and digest. */
int audit_result(struct life *l, struct audit_event *event, int result,
	int (*undo)(struct life *l, struct nacre_error *err), struct nacre_error *err);

/* Records an event that cannot be undone, or must not wait for a full disk: a failure is only a
 * warning. */
void audit_fact(
	struct container *c, struct audit_event *event, int result, struct nacre_error *err);

/* Records N such events until one fails: each may wait for journald. */
void audit_facts(struct container *c, struct audit_event *events, size_t n);

/* Adds the container's resource usage so far. */
void audit_usage(const struct container *c, struct audit_event *event);
/* Adds the usage of a cgroup, even without an audit record. */
void audit_read_usage(int cgroup_fd, struct audit_event *event);

#endif
