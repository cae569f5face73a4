/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CREDENTIALS_H
#define NACRE_CREDENTIALS_H

#include <stdbool.h>

#include "specs/spec.h"

/* process.user: groups, gid, uid (in this order), umask. Capabilities are kept over the change of
 * the uid (PR_SET_KEEPCAPS), to be set exactly afterwards. USER_NAMESPACE: the caller is in one of
 * the container's, which may deny setgroups(2); then an empty list of groups is left as it is.
 * KEEP_GROUPS: so is every. */
int credentials_apply(const struct oci_user *user, bool user_namespace, bool keep_groups,
	struct nacre_error *err);

/* The container's stdio belongs to its user: fchown 0, 1 and 2 as runc does. Pipes, sockets and
 * character devices other than /dev/null; pipes and sockets get its group, too; EPERM, EINVAL and
 * EROFS are ignored (not ours to own). */
int credentials_own_stdio(const struct oci_user *user, struct nacre_error *err);

/*
 * A new session keyring, so that the container cannot see the caller's keys: session-keyring(7).
 * Without a name: joining by name takes a keyring that exists already, and any process of the same
 * uid can have made it. LABEL (may be NULL) is the keyring's SELinux context. Returns 1 if the
 * quota of keys is spent (EDQUOT, see the sysctls kernel.keys.*) and the caller's keyring stays:
 * worth a warning. Where keyctl does not exist or is denied there is nothing to do.
 */
int credentials_new_keyring(const char *id, const char *label, struct nacre_error *err);

#endif
