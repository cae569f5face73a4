/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_AUDIT_H
#define NACRE_AUDIT_H

#include "libcontainer/life/life.h"
#include "specs/audit.h"

/*
 * The audit record of a container's life, for whoever was not there. The files are those of the
 * policy and of --audit; the container's record names them. Without one every call here returns at
 * once.
 */

/* Of a new container: lists in its record the POLICY's file and PATH (NULL: none), with the digest
 * of CONFIG, the text as it was given, and opens them. */
int audit_begin(struct container *c, const char *policy, const char *path, const char *config,
	struct nacre_error *err);

/* Opens the files, so that what cannot be recorded is not begun. */
int audit_open(struct container *c, struct nacre_error *err);

/* Writes a line, one write(2) each file, about what came of EVENT: RESULT, and *ERR if that is
 * negative. What succeeded and cannot be recorded is taken back by UNDO. Returns RESULT, or the
 * error of that. EVENT: what it has besides id, time, uid, profile and digest. */
int audit_result(struct life *l, struct audit_event *event, int result,
	int (*undo)(struct life *l, struct nacre_error *err), struct nacre_error *err);

/* The same for what cannot be taken back or must not wait for a full disk: a warning. */
void audit_fact(
	struct container *c, struct audit_event *event, int result, struct nacre_error *err);

/* Likewise N of them, as far as they can be written: each may wait for journald. */
void audit_facts(struct container *c, struct audit_event *events, size_t n);

/* Adds what the container has used so far. */
void audit_usage(const struct container *c, struct audit_event *event);
/* The same of a cgroup, whether there is an audit record or not. */
void audit_read_usage(int cgroup_fd, struct audit_event *event);

#endif
