/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/companions/confine.h"
#include "libcontainer/companions/egress.h"
#include "specs/error.h"

/* clang-format off */
static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
	SCMP_SYS(splice), SCMP_SYS(pipe2), SCMP_SYS(close), SCMP_SYS(shutdown),
	SCMP_SYS(accept4), SCMP_SYS(connect), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
};
/* clang-format on */

static int add_conditions(scmp_filter_ctx filter)
{
	const int families[] = {AF_INET, AF_INET6};
	const int commands[] = {F_GETFL, F_SETFL, F_GETFD, F_SETFD};
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	for (size_t i = 0; r == 0 && i < 4; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
			SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i]));
	if (r == 0) /* data, never code */
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return r;
}

static int load_filter(struct nacre_error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int r = filter ? add_conditions(filter) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r < 0 ? fail_errno(err, r, "nacre-egress: load the seccomp filter") : 0;
}

enum {
	FILES_EACH = 6, /* per connection: two sockets and at most two pipes */
	/* For the rest: empty pipes, sockets of the resolver, listeners, TCP connections to the
	 * stub. */
	FILES_BESIDE = 256,
};

static int count_connections(struct relay *relay, struct nacre_error *err)
{
	const rlim_t beside = FILES_BESIDE + relay->setup.n_listeners;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return fail_errno(err, errno, "nacre-egress: set resource limits");
	relay->connections_max = files.rlim_cur < beside + FILES_EACH
					 ? 1
					 : (size_t)(files.rlim_cur - beside) / FILES_EACH;
	if (relay->connections_max > RELAY_CONNECTIONS_MAX)
		relay->connections_max = RELAY_CONNECTIONS_MAX;
	return 0;
}

static int limit(struct nacre_error *err)
{
	static const struct {
		int resource;
		rlim_t most;
	} limits[] = {
		/* Allows for all listeners that later rules could need. */
		{RLIMIT_NOFILE, FILES_EACH * RELAY_CONNECTIONS_MAX + 1024},
		{RLIMIT_FSIZE, RELAY_DENIALS_MAX * RELAY_DENIAL_LINE},
		{RLIMIT_NPROC, 0},
		{RLIMIT_CORE, 0},
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit now;
		struct rlimit wanted = {limits[i].most, limits[i].most};
		int r;

		if (getrlimit(limits[i].resource, &now) < 0)
			return fail_errno(err, errno, "nacre-egress: set resource limits");
		r = setrlimit(limits[i].resource, &wanted);
		/* Without CAP_SYS_RESOURCE no hard limit can be raised: fewer connections fit
		 * then. */
		if (r < 0 && errno == EPERM && wanted.rlim_max > now.rlim_max) {
			wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
			r = setrlimit(limits[i].resource, &wanted);
		}
		if (r < 0)
			return fail_errno(err, errno, "nacre-egress: set resource limits");
	}
	return 0;
}

int relay_confine(struct relay *relay, struct nacre_error *err)
{
	int r = limit(err);

	if (r == 0)
		r = count_connections(relay, err);
	if (r == 0)
		r = confine_drop_ids("nacre-egress", err);
	return r < 0 ? r : load_filter(err);
}
