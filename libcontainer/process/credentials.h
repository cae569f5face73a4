/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CREDENTIALS_H
#define NACRE_CREDENTIALS_H

#include <stdbool.h>

#include "specs/spec.h"

/* Applies process.user: groups, gid and uid, in this order, and umask. Capabilities are kept over
 * the change of the uid (PR_SET_KEEPCAPS), and must be set exactly afterwards. USER_NAMESPACE: the
 * caller is in the container's user namespace, which may deny setgroups(2); then an empty list of
 * groups changes nothing. KEEP_GROUPS: no list changes anything. */
int credentials_apply(const struct oci_user *user, bool user_namespace, bool keep_groups,
	struct nacre_error *err);

/* Gives the container's stdio to its user: calls fchown(2) for fds 0, 1 and 2 as runc does. This
 * concerns pipes, sockets and character devices other than memory devices as /dev/null; pipes and
 * sockets get the user's group, too. EPERM, EINVAL and EROFS are ignored: such a file cannot be
 * given away. A directory is refused with EISDIR: its ".." leads out of the container
 * (CVE-2024-21626). */
int credentials_own_stdio(const struct oci_user *user, struct nacre_error *err);

/*
 * Joins a new session keyring, so that the container cannot see the caller's keys:
 * session-keyring(7). It has no name: to join by name takes an existing keyring, which any process
 * of the same uid can have made. LABEL (may be NULL) is the keyring's SELinux context. Returns 1 if
 * the quota of keys is used up (EDQUOT, see the sysctls kernel.keys.*) and the caller's keyring
 * stays, which is worth a warning. Where keyctl(2) does not exist or is denied it does nothing.
 */
int credentials_new_keyring(const char *id, const char *label, struct nacre_error *err);

#endif
