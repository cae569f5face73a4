/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/walk.h"
#include "libcontainer/seccomp/seccomp_needs.h"
#include "libcontainer/seccomp/seccomp_simulate.h"

/* The rows about seccomp, of both sides, in the order of life.c. */

static bool drops_admin(const struct life *l)
{
	const struct oci_capabilities *c = l->process->capabilities;

	return !c || !oci_strings_have(&c->effective, "CAP_SYS_ADMIN") ||
	       !oci_strings_have(&c->permitted, "CAP_SYS_ADMIN");
}

/* Allocates shared memory, in which RUNTIME compiles the filter while INIT mounts. */
int step_share_seccomp(struct life *l, struct nacre_error *err)
{
	void *shared;

	if (!(l->container.record.active & SECCOMP) || l->seccomp)
		return 0;
	shared = mmap(NULL, sizeof(*l->seccomp), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		-1, 0);
	if (shared == MAP_FAILED)
		return fail_errno(err, errno, "memory for the seccomp filter");
	l->seccomp = shared;
	return 0;
}

/* Warns if the filter refuses what the profile nested is for: the usual list of an engine does,
 * without an error that says so. */
static void warn_nested(const struct life *l)
{
	static const char *const needed[] = {"unshare", "mount", "umount2", "pivot_root"};
	char text[512] = "profile nested:";
	const size_t empty = strlen(text);
	size_t used = empty;

	if (!l->config_given || !l->container.record.profile ||
		strcmp(l->container.record.profile, "nested") != 0)
		return;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (seccomp_refuses(l->seccomp, needed[i]))
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, " %s", needed[i]);
	}
	if (seccomp_refuses_userns(l->seccomp))
		used += (size_t)snprintf(text + used, sizeof(text) - used, " clone(CLONE_NEWUSER)");
	if (used == empty)
		return;
	(void)snprintf(text + used, sizeof(text) - used,
		": refused by linux.seccomp, and sandboxes inside need it: give the engine "
		"--security-opt seccomp=unconfined (nacre's own filter stays)");
	container_warn(&l->container, text);
}

/* Checks that the config's filter allows the system calls that INIT makes after loading it, row by
 * row of life.c. */
static int check_calls(const struct life *l, struct nacre_error *err)
{
	const uint64_t active = l->container.record.active;
	const bool born = active & FOREIGN_PIDNS;
	/* Whether RUNTIME has a row between these. */
	const bool talks = active & (SECCOMP_NOTIFY | TRACE | LIMIT_OF_PROCESSES | SCHEDULER_LAST |
					    WAITS_FOR_START | PIDFD_SOCKET | PID_FILE) ||
			   (born && active & RUNS_AT_ONCE);
	const bool late = active & LATE;
	static const char takes[] = "takes the process that comes with start --process";
	static const char joins[] = "makes the process in a pid namespace that others are in";
	const struct {
		bool is_made;
		struct seccomp_need need;
	} rows[] = {
		{active & SECCOMP_PRIVILEGED && drops_admin(l),
			{"capset", SYS_capset, {0}, 0, false,
				"takes CAP_SYS_ADMIN away that loads a filter where "
				"process.noNewPrivileges is false"}},
		{talks, {"write", SYS_write, {0}, 0, false, "tells the runtime that all is ready"}},
		/* Before it is born, the agent has no listener to answer with. */
		{talks, {"read", SYS_read, {0}, 0, !born, "waits for the runtime"}},
		{born, {"clone", SYS_clone, {BIRTH_FLAGS}, 1, false, joins}},
		{born, {"setsid", SYS_setsid, {0}, 0, false, joins}},
		{born && active & TERMINAL, {"ioctl TIOCSCTTY", SYS_ioctl, {0, TIOCSCTTY}, 3, false,
						    "gives that process its terminal"}},
		{late, {"brk", SYS_brk, {0}, 0, false, takes}},
		{late, {"mmap", SYS_mmap, {0}, 0, false, takes}},
		{late, {"chdir", SYS_chdir, {0}, 0, false, takes}},
		{late, {"getcwd", SYS_getcwd, {0}, 0, false, takes}},
		{late, {"openat", SYS_openat, {0}, 0, false, takes}},
		{late, {"newfstatat", SYS_newfstatat, {0}, 0, false, takes}},
		{late, {"faccessat2", SYS_faccessat2, {0}, 0, false, takes}},
		{true, {"execve", SYS_execve, {0}, 0, true, "runs the program"}},
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && r == 0; i++)
		if (rows[i].is_made)
			r = seccomp_check_need(l->seccomp, &rows[i].need, err);
	return r;
}

int step_compile_seccomp(struct life *l, struct nacre_error *err)
{
	cleanup_close int cache_fd = -1;
	int r;

	if (l->container.annotations.seccomp_fail_unknown &&
		seccomp_refuse_unknown(l->container.config->linux_->seccomp, err) < 0)
		return fail_prefix(err, "annotation run.oci.seccomp_fail_unknown_syscall");
	(void)mkdirat(l->container.root_fd, ".seccomp", 0700);
	cache_fd = openat(
		l->container.root_fd, ".seccomp", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	r = seccomp_compile(l->container.config->linux_->seccomp, cache_fd, l->seccomp,
		l->container.callbacks->warn, l->container.callbacks->data, err);
	if (r < 0)
		return r;
	warn_nested(l);
	return check_calls(l, err);
}

/* Announces exec while INIT still can: the filter may forbid write(2). */
int step_announce_exec(struct life *l, struct nacre_error *err)
{
	int r = l->announced ? 0 : walk_say(l, SYNC_EXEC, 0, 0, -1, NULL);

	if (r < 0)
		return fail_errno(err, r, "announce the program");
	l->announced = true;
	return 0;
}

/* Makes INIT dumpable: a RUNTIME without privilege can copy the listener only from a dumpable
 * process (pidfd_getfd(2) checks as ptrace(2)). The program will be dumpable anyway, and in a new
 * pid namespace no other process can use it. */
static int lend_listener(const struct life *l, struct nacre_error *err)
{
	if (!(l->container.record.active & (SECCOMP_NOTIFY | TRACE)) ||
		!(l->container.record.active & NEW_PIDNS) || l->container.record.owner_uid == 0)
		return 0;
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ? fail_errno(err, errno, "PR_SET_DUMPABLE")
						      : 0;
}

/* Loads nacre's own filter first: the filter of the config may forbid seccomp(2). */
static int load(struct life *l, struct nacre_error *err)
{
	int none; /* the config of a traced container has no listener: see trace_create */
	int r;

	if (l->container.record.active & TRACE) {
		l->listener = seccomp_own_apply_traced(&l->traced_filter, err);
		if (l->listener < 0)
			return l->listener;
		return l->container.record.active & SECCOMP ? seccomp_apply(l->seccomp, &none, err)
							    : 0;
	}
	r = seccomp_own_apply(&l->own_filter, err);
	if (r < 0)
		return r;
	return l->container.record.active & SECCOMP ? seccomp_apply(l->seccomp, &l->listener, err)
						    : 0;
}

int step_load_seccomp(struct life *l, struct nacre_error *err)
{
	const uint64_t active = l->container.record.active;
	int r = 0;

	if (!(active & (SECCOMP_NOTIFY | TRACE)) || active & WAITS_FOR_START)
		r = step_announce_exec(l, err);
	if (r < 0 || !(active & (SECCOMP_PRIVILEGED | SECCOMP_LAST)))
		return r;
	r = lend_listener(l, err);
	if (r >= 0)
		r = load(l, err);
	if (r < 0 || !l->capabilities_beyond)
		return r;
	return caps_drop_beyond(&l->capabilities, err);
}

/* INIT's filter may forbid sendmsg(2), so INIT sends the number of the fd and waits. */
int step_take_listener(const struct life *l, struct nacre_error *err)
{
	int listener = sys_pidfd_getfd(l->container.pidfd, l->listener);

	return listener < 0 ? fail_errno(err, listener, "take fd %d of init%s", l->listener,
				      listener == -EPERM ? " (of an exec only root can)" : "")
			    : listener;
}

/* While the container's first process is created, the state is "creating", and if it waits for
 * `start`, the record has no pid yet. */
static int send_listener(struct life *l, int listener, struct nacre_error *err)
{
	const bool first = l->init_pidfd < 0;
	const struct oci_state state = step_hook_state(l,
		first ? l->container.pid : l->container.record.pid, first ? "creating" : "running");
	const struct oci_seccomp *seccomp;
	cleanup_free char *json = NULL;
	int r;

	seccomp = l->container.config->linux_->seccomp;
	r = container_process_state_encode(
		&state, "seccompFd", l->container.pid, seccomp->listener_metadata, &json, err);
	if (r < 0)
		return r;
	return seccomp_send_listener(seccomp->listener_path, listener, json, err);
}

/* The listener is sent with the pid of the process that becomes the program. */
int step_hand_out_listener(struct life *l, struct nacre_error *err)
{
	int listener = step_take_listener(l, err);

	if (listener < 0)
		return listener;
	l->held_listener = listener;
	return l->container.record.active & FOREIGN_PIDNS ? 0 : step_send_listener(l, err);
}

int step_send_listener(struct life *l, struct nacre_error *err)
{
	int r = send_listener(l, l->held_listener, err);

	fd_close(&l->held_listener);
	return r;
}
