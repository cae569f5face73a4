/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/process/reaper.h"
#include "libcontainer/process/rlimits.h"
#include "libcontainer/process/scheduling.h"
#include "libcontainer/process/wipe.h"

/*
 * The last rows before the program. From here on the container can see INIT and, with
 * CAP_SYS_PTRACE, take it over. The rows close and wipe what the container must not get, and create
 * the child that enters a pid namespace with other processes in it.
 */

struct birth {
	pid_t pid; /* in RUNTIME's pid namespace; the kernel writes it before the child runs */
	struct sigaction ending; /* RUNTIME's earlier action for SIGCHLD */
};

/* If the caller ignores SIGCHLD or reaps all children, the child's pid could belong to another
 * process before RUNTIME opens it. */
static int hold_endings(struct birth *birth, struct nacre_error *err)
{
	const struct sigaction keep = {.sa_handler = SIG_DFL};

	if (sigaction(SIGCHLD, &keep, &birth->ending) < 0)
		return fail_errno(err, errno, "handler of SIGCHLD");
	return 0;
}

int step_expect_birth(struct life *l, struct nacre_error *err)
{
	void *shared;

	if (!(l->container.record.active & FOREIGN_PIDNS) || l->birth)
		return 0;
	shared = mmap(
		NULL, sizeof(*l->birth), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return fail_errno(err, errno, "memory for a pid");
	l->birth = shared;
	return hold_endings(l->birth, err);
}

void step_birth_done(struct life *l)
{
	if (!l->birth)
		return;
	(void)sigaction(SIGCHLD, &l->birth->ending, NULL);
	(void)munmap(l->birth, sizeof(*l->birth));
	l->birth = NULL;
}

bool step_is_born(const struct life *l)
{
	return l->birth && __atomic_load_n(&l->birth->pid, __ATOMIC_ACQUIRE) > 0;
}

bool step_is_there(const struct life *l)
{
	return !l->birth || step_is_born(l);
}

int step_adopt(struct life *l, struct nacre_error *err)
{
	const pid_t pid = l->birth->pid;
	cleanup_close int pidfd = -1;
	siginfo_t info;

	(void)sys_pidfd_wait(l->container.pidfd, &info, WEXITED);
	fd_close(&l->container.pidfd);
	step_birth_done(l);
	/* Only an unreaped child of RUNTIME still has this pid. */
	pidfd = sys_pidfd_open(pid);
	if (pidfd < 0 || sys_pidfd_wait(pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return fail(err, ECHILD, "the process in the container was reaped by another");
	l->container.pidfd = fd_steal(&pidfd);
	l->container.pid = pid;
	return 0;
}

int step_open_own_proc(struct life *l, struct nacre_error *err)
{
	const uint64_t active = l->container.record.active;

	if (!(active & FOREIGN_PIDNS) || !(active & (LSM | EGRESS)))
		return 0;
	l->own_proc_fd = procfs_open(err);
	return l->own_proc_fd < 0 ? l->own_proc_fd : 0;
}

int step_enter_namespaces(struct life *l, struct nacre_error *err)
{
	int r = step_open_own_proc(l, err);

	return r < 0 ? r : namespaces_enter(&l->namespaces, err);
}

/* Closes all files except those that later rows need and those that the caller passes on. */
static int close_files(struct life *l, struct nacre_error *err)
{
	const bool hooks = l->container.record.active & HOOKS_START_CONTAINER;
	const int needed[] = {l->sync, l->start_pipe.in, l->start_pipe.out,
		hooks ? l->hook_output.stdout_fd : -1, hooks ? l->hook_output.stderr_fd : -1};
	const size_t n = sizeof(needed) / sizeof(needed[0]);
	cleanup_free int *keep = malloc((n + l->options->preserve_fds) * sizeof(*keep));
	int r;

	if (!keep)
		return fail_errno(err, ENOMEM, "close files");
	memcpy(keep, needed, sizeof(needed));
	r = fd_close_all_except(
		keep, n + program_preserved_fds(l->options->preserve_fds, keep + n));
	return r < 0 ? fail_errno(err, r, "close files") : 0;
}

/* Excludes INIT's memory, which has data of the host, from the child. Hooks in the container still
 * read from the heap. */
static int keep_from_child(struct life *l, struct nacre_error *err)
{
	static struct container_callbacks callbacks;
	int r;

	r = wipe_of_children(l->birth, sizeof(*l->birth), err);
	if (r == 0)
		r = wipe_of_children(l->seccomp, sizeof(*l->seccomp), err);
	if (r < 0 || l->container.record.active & HOOKS_START_CONTAINER)
		return r;
	callbacks = *l->container.callbacks;
	l->container.callbacks = &callbacks;
	r = program_move(&l->program, err);
	return r < 0 ? r : wipe_heap_of_children(err);
}

/* Whether the program itself gets PR_SET_PDEATHSIG. A RUNTIME that ended before this has closed the
 * sync socket, and INIT's next message fails. */
static bool ends_with_runtime(const struct life *l)
{
	const uint64_t active = l->container.record.active;

	return l->options->kill_on_exit && active & RUNS_AT_ONCE &&
	       !(active & (REAPER | FOREIGN_PIDNS));
}

int step_drop_memory(struct life *l, struct nacre_error *err)
{
	int r;

	/* The program outlives RUNTIME, unless kill_on_exit is set; a reaper has its own signal. */
	if (prctl(PR_SET_PDEATHSIG, ends_with_runtime(l) ? SIGKILL : 0, 0, 0, 0) < 0)
		return fail_errno(err, errno, "PR_SET_PDEATHSIG");
	r = program_limit_fds(l->options->preserve_fds, l->options->preserve_gaps, err);
	if (r == 0)
		r = close_files(l, err);
	if (r < 0)
		return r;
	l->container.id = arena_strdup(l->container.arena, l->container.id);
	if (!l->container.id)
		return fail_errno(err, ENOMEM, "wipe the command line");
	wipe_arguments();
	return l->birth ? keep_from_child(l, err) : 0;
}

int step_leave_reaper(struct life *l, struct nacre_error *err)
{
	return reaper_stay_behind(l->options->kill_on_exit, err);
}

/* Runs after the filters are loaded, so it makes no other system calls than these. */
int step_give_birth(struct life *l, struct nacre_error *err)
{
	const int pid = sys_clone(BIRTH_FLAGS, &l->birth->pid);

	if (pid < 0)
		return fail_errno(err, pid, "clone%s",
			pid == -EAGAIN ? ": is pids.max of the cgroup reached?" : "");
	if (pid > 0)
		_exit(0);
	l->birth = NULL;
	if (setsid() < 0)
		return fail_errno(err, errno, "setsid");
	return l->container.record.active & TERMINAL ? terminal_control(err) : 0;
}

static bool is_of_processes(const struct oci_rlimit *limit)
{
	return limit->type && strcmp(limit->type, "RLIMIT_NPROC") == 0;
}

/* Sets all limits except RLIMIT_NPROC, or only that one. */
static int limit(struct life *l, pid_t pid, bool of_processes, struct nacre_error *err)
{
	const bool apart = l->container.record.active & LIMIT_OF_PROCESSES;

	for (size_t i = 0; i < l->process->n_rlimits; i++) {
		int r;

		if (apart && is_of_processes(&l->process->rlimits[i]) != of_processes)
			continue;
		r = rlimits_apply(pid, l->process->rlimits, i, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* In a user namespace only root of the host can raise a limit. If another user owns the namespace,
 * a root without CAP_SYS_RESOURCE cannot even lower one, but a process inside can. So a refused
 * limit is left to INIT's row, if there is one: the init of an older version relies on this. */
int step_set_process_limits(struct life *l, struct nacre_error *err)
{
	struct nacre_error why;
	int r = limit(l, l->container.pid, false, &why);

	if (r == 0 || (r == -EPERM && l->container.record.active & LIMITS))
		return 0;
	*err = why;
	return r;
}

/* Comes late, since earlier rows need files; and before INIT drops the capabilities that may raise
 * a limit. */
int step_set_own_limits(struct life *l, struct nacre_error *err)
{
	return limit(l, 0, false, err);
}

/* RLIMIT_NPROC comes last: for a moment INIT and its child are two processes. */
int step_limit_processes(struct life *l, struct nacre_error *err)
{
	return limit(l, l->container.pid, true, err);
}

int step_set_scheduler(struct life *l, struct nacre_error *err)
{
	return scheduling_apply(l->container.pid, l->process->scheduler, err);
}
