/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_EGRESS_FIXTURE_H
#define NACRE_TEST_EGRESS_FIXTURE_H

/* First, since check.h has a macro called fail. */
#include "tests/live/cgroup_fixture.h"

#include "libcontainer/net/egress_bpf.h"
#include "tests/ways/ways.h"

/* Needs a cgroup2 mount, and makes network namespaces of its own. */

static struct arena *arena;

static inline struct egress_policy read_policy(const char *const *words, size_t n)
{
	const struct oci_strings list = {.items = (const char **)words, .n = n};
	struct egress_policy policy;
	int r;

	if (!arena)
		arena = arena_new((size_t)1 << 20);
	r = egress_policy_parse(arena, &list, &policy, &err);
	ck_assert_msg(r == 0, "%s", err.text);
	return policy;
}

static inline void apply(const struct cgroup *cgroup, const struct egress_bpf_policy *policy)
{
	int r = egress_bpf_apply(cgroup->fd, policy, &err);

	ck_assert_msg(r == 0, "%s", err.text);
}

static inline void enter_world(void)
{
	ck_assert_msg(ways_enter_world() == 0, "%s", strerror(errno));
}

/* What a process in the cgroup gets. */
static inline int attempt(const struct cgroup *cgroup, const struct way *way)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (cgroup_attach(cgroup, getpid(), &err) < 0)
			_exit(255);
		_exit(way->attempt(way));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What connect(2) of a socket says in the cgroup. */
static inline int connect_to(const struct cgroup *cgroup, const char *address, uint16_t port)
{
	struct way way = ways[0];

	way.address = address;
	way.port = port;
	return attempt(cgroup, &way);
}

static inline void in_cgroup(const struct cgroup *cgroup, void (*act)(uint16_t), uint16_t argument)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (cgroup_attach(cgroup, getpid(), &err) < 0)
			_exit(255);
		act(argument);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

#endif
