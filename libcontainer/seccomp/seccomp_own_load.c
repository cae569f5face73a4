/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_own.h"

#include <errno.h>
#include <linux/seccomp.h>

#include "libcontainer/base/sys.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Limited to architectures that agree with the table: some others have other numbers for errnos,
 * socket options and ioctls, and s390 has other arguments of clone(2). */
static const char *const native[] = {
#if defined(__x86_64__) && !defined(__ILP32__)
	"SCMP_ARCH_X86_64",
#elif defined(__aarch64__)
	"SCMP_ARCH_AARCH64",
#endif
	NULL,
};

/* The architecture of 32-bit programs. Calls of x32 are refused by every filter. */
#if defined(__x86_64__)
static const char compat[] = "SCMP_ARCH_X86";
#else
static const char compat[] = "SCMP_ARCH_ARM";
#endif

static int compile(struct arena *arena, unsigned profile, const struct oci_strings *grants,
	struct seccomp_own *ret_own, struct nacre_error *err)
{
	struct seccomp_program *program = arena_alloc(arena, sizeof(*program));
	const char *archs[] = {native[0], NULL, NULL};
	int r;

	if (!program)
		return fail_errno(err, ENOMEM, "own seccomp filter");
	if (profile & FILTER_SOCKETS)
		archs[1] = compat;
#ifdef __x86_64__
	if (filter_granted(grants, "abi", "x86"))
		archs[1] = compat;
#endif
	r = seccomp_own_compile(arena, profile, grants, archs, program, err);
	if (r < 0)
		return r;
	*ret_own = (struct seccomp_own){profile, program->filter, program->n};
	return 0;
}

/* Returns the bits of the profile that NACRE asks for; 0: it asks for no filter. */
static int read_profile(const struct oci_hardened *nacre, struct nacre_error *err)
{
	unsigned profile;

	if (!nacre || !(nacre->seccomp_filter || nacre->no_setuid_files))
		return 0;
	if (!nacre->seccomp_filter)
		return fail(err, EINVAL,
			"config.json: nacre.noSetuidFiles: expected nacre.seccompFilter beside it");
	profile = filter_profile_bit(nacre->seccomp_filter);
	if (!profile)
		return fail(
			err, EINVAL, "there is no seccomp filter \"%s\"", nacre->seccomp_filter);
	if (!native[0])
		return fail(err, ENOTSUP,
			"nacre's own seccomp filter is for x86_64 and aarch64: use --profile oci "
			"on this machine");
	return (int)(profile | (nacre->no_setuid_files ? FILTER_SETUID : 0));
}

int seccomp_own_program(struct arena *arena, const struct oci_hardened *nacre,
	struct seccomp_own *ret_own, struct nacre_error *err)
{
	const struct seccomp_own *built = seccomp_own_built;
	int profile = read_profile(nacre, err);

	*ret_own = (struct seccomp_own){.profile = 0};
	if (profile <= 0)
		return profile;
	while (built->profile && built->profile != (unsigned)profile)
		built++;
	/* A config may combine what no profile does: setuid-files with nested. */
	if (nacre->seccomp_grants.n || !built->profile)
		return compile(arena, (unsigned)profile, &nacre->seccomp_grants, ret_own, err);
	*ret_own = *built;
	return 0;
}

int seccomp_own_apply(const struct seccomp_own *own, struct nacre_error *err)
{
	struct sock_fprog fprog = {own->n, (struct sock_filter *)own->filter};
	int r;

	if (!own->profile)
		return 0;
	/* The flag is that of a config without flags: see seccomp_policy.c. */
	r = sys_seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &fprog);
	return r < 0 ? fail_errno(
			       err, r, "load nacre's own seccomp filter of %u instructions", own->n)
		     : 0;
}

int seccomp_own_apply_traced(const struct seccomp_own *traced, struct nacre_error *err)
{
	struct sock_fprog fprog = {traced->n, (struct sock_filter *)traced->filter};
	const unsigned flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* Without the last flag a signal restarts the call and it is reported twice: Go's scheduler
	 * sends many. */
	int r = sys_seccomp(
		SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &fprog);

	if (r == -EINVAL) /* before Linux 5.19 */
		r = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &fprog);
	return r < 0 ? fail_errno(err, r, "load nacre's own seccomp filter to trace denials") : r;
}
