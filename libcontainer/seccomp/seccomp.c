/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/fdpass.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/seccomp/seccomp_policy.h"

/* Returns whether the policy has unknown calls; *MESSAGE names them. */
static bool has_unknown(const struct seccomp_policy *policy, struct nacre_error *message)
{
	const struct scmp_version *version = seccomp_version();
	char names[640];

	if (!seccomp_unknown_names(policy, names, sizeof(names)))
		return false;
	(void)fail(message, EINVAL,
		"linux.seccomp: libseccomp %u.%u.%u does not know, and the filter leaves out: %s",
		version->major, version->minor, version->micro, names);
	return true;
}

static void warn_unknown(
	const struct seccomp_policy *policy, void (*warn)(void *data, const char *text), void *data)
{
	struct nacre_error message;

	if (warn && has_unknown(policy, &message))
		warn(data, message.text);
}

int seccomp_refuse_unknown(const struct oci_seccomp *seccomp, struct nacre_error *err)
{
	struct seccomp_policy policy;
	int r = seccomp_policy_read(seccomp, &policy, err);

	if (r < 0)
		return r;
	r = has_unknown(&policy, err) ? -EINVAL : 0;
	seccomp_policy_release(&policy);
	return r;
}

static int generate(const struct seccomp_policy *policy, struct seccomp_program *ret_program,
	struct nacre_error *err)
{
	struct seccomp_table tables[SECCOMP_N_ARCHITECTURES + 1];
	size_t n = 0;
	int r = 0;

	while (n < policy->n_archs) {
		r = seccomp_table_make(policy, policy->archs[n], &tables[n], err);
		if (r < 0)
			break;
		n++;
	}
	if (r >= 0)
		r = seccomp_bpf_generate(policy, tables, n, ret_program, err);
	while (n)
		seccomp_table_release(&tables[--n]);
	if (r < 0)
		return r;
	ret_program->flags = policy->flags;
	ret_program->notify = policy->notify;
	return 0;
}

static int compile(const struct oci_seccomp *seccomp, struct seccomp_program *ret_program,
	void (*warn)(void *data, const char *text), void *data, struct nacre_error *err)
{
	struct seccomp_policy policy;
	int r = seccomp_policy_read(seccomp, &policy, err);

	if (r < 0)
		return r;
	r = generate(&policy, ret_program, err);
	if (r >= 0)
		warn_unknown(&policy, warn, data);
	seccomp_policy_release(&policy);
	return r;
}

int seccomp_compile(const struct oci_seccomp *seccomp, int cache_fd,
	struct seccomp_program *ret_program, void (*warn)(void *data, const char *text), void *data,
	struct nacre_error *err)
{
	struct nacre_error cache_error;
	struct seccomp_key key;
	int r;

	if (cache_fd < 0)
		return compile(seccomp, ret_program, warn, data, err);
	r = seccomp_key_make(seccomp, &key, err);
	if (r < 0)
		return r;
	if (!seccomp_cache_get(cache_fd, &key, ret_program)) {
		r = compile(seccomp, ret_program, warn, data, err);
		/* Only warns: a full disk must not prevent the start of a container whose filter is
		 * ready. */
		if (r >= 0 && seccomp_cache_put(cache_fd, &key, ret_program, &cache_error) < 0 &&
			warn) {
			(void)fail_prefix(&cache_error, "seccomp cache");
			warn(data, cache_error.text);
		}
	}
	seccomp_key_release(&key);
	return r;
}

int seccomp_apply(const struct seccomp_program *program, int *ret_listener, struct nacre_error *err)
{
	struct sock_fprog fprog = {
		.len = program->n,
		.filter = (struct sock_filter *)program->filter,
	};
	unsigned flags = program->flags;
	int r;

	if (!program->n) {
		*ret_listener = -1;
		return 0;
	}
	if (program->notify)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	r = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &fprog);
	if (r == -EACCES)
		return fail_errno(err, r,
			"seccomp: load filter: needs process.noNewPrivileges or CAP_SYS_ADMIN");
	if (r == -EBUSY)
		return fail_errno(err, r,
			"seccomp: load filter: a filter with SCMP_ACT_NOTIFY is already in force");
	if (r < 0)
		return fail_errno(err, r, "seccomp: load filter of %u instructions, flags 0x%x",
			program->n, flags);
	*ret_listener = program->notify ? r : -1;
	return 0;
}

int seccomp_send_listener(
	const char *path, int listener, const char *state_json, struct nacre_error *err)
{
	cleanup_close int sock = socket_connect(AT_FDCWD, path, SOCK_STREAM);
	int r;

	if (sock < 0)
		return fail_errno(err, sock,
			"linux.seccomp.listenerPath: failed to connect with seccomp agent %s",
			path);
	r = fd_send(sock, state_json, strlen(state_json), &listener, 1);
	if (r < 0)
		return fail_errno(
			err, r, "linux.seccomp.listenerPath: send the listener to %s", path);
	return 0;
}
