/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/task.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shim/log.h"
#include "shim/oom.h"
#include "shim/publish.h"
#include "shim/task_cgroup.h"
#include "shim/task_nacre.h"
#include "shim/traced_threads.h"

const char *task_namespace = "";
const char *task_profile;
const char *task_nacre = NACRE_BINARY;
static struct container *containers;

struct container *task_first(void)
{
	return containers;
}

struct container *task_find(const char *id)
{
	for (struct container *c = containers; c; c = c->next) {
		if (strcmp(c->id, id) == 0)
			return c;
	}
	return NULL;
}

struct container *task_container(struct call *call, const char *id)
{
	struct container *c = task_find(id);

	if (c && c->init.state != PROCESS_ADDED)
		return c;
	call_fail(call, CALL_NOT_FOUND, "container %s: not found", id);
	return NULL;
}

struct process *task_find_exec(const struct container *container, const char *exec_id)
{
	for (struct process *p = container->execs; p; p = p->next) {
		if (strcmp(p->exec_id, exec_id) == 0)
			return p;
	}
	return NULL;
}

struct process *task_process(struct call *call, const char *id, const char *exec_id)
{
	struct container *c = task_container(call, id);
	struct process *process;

	if (!c)
		return NULL;
	process = exec_id[0] ? task_find_exec(c, exec_id) : &c->init;
	if (!process)
		call_fail(call, CALL_NOT_FOUND, "process %s does not exist: not found", exec_id);
	return process;
}

static void drop_cgroup(struct process *process)
{
	if (process->cgroup_fd >= 0)
		(void)close(process->cgroup_fd);
	process->cgroup_fd = -1;
}

void task_fail_waits(struct wait **waits, enum call_code code, const char *error)
{
	while (*waits) {
		struct wait *wait = *waits;

		*waits = wait->next;
		call_fail(wait->call, code, "%s", error);
		free(wait);
	}
}

static void free_process(struct process *process)
{
	static const char gone[] = "the process was deleted: not found";

	task_fail_waits(&process->waits, CALL_NOT_FOUND, gone);
	task_fail_waits(&process->deletions, CALL_NOT_FOUND, gone);
	stdio_free(&process->io);
	drop_cgroup(process);
	free(process->spec);
}

static void free_container(struct container *c)
{
	free(c->id);
	free(c->bundle);
	free(c->root);
	free(c->checkpoint);
	free(c);
}

struct container *task_add(const char *id, const char *bundle, const char *root)
{
	struct container *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->id = strdup(id);
	c->bundle = strdup(bundle);
	c->root = strdup(root);
	if (!c->id || !c->bundle || !c->root) {
		free_container(c);
		return NULL;
	}
	c->cgroup_fd = c->oom.fd = -1;
	c->init.container = c;
	c->init.exec_id = "";
	c->init.cgroup_fd = -1;
	wire__time__init(&c->init.exited_at);
	stdio_clear(&c->init.io);
	c->next = containers;
	containers = c;
	return c;
}

void task_remove(struct container *container)
{
	struct container **at = &containers;

	while (*at != container)
		at = &(*at)->next;
	*at = container->next;
	oom_forget(container);
	while (container->execs)
		task_remove_exec(container->execs);
	free_process(&container->init);
	free_container(container);
}

struct process *task_add_exec(struct container *container, const char *exec_id)
{
	struct process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->exec_id = strdup(exec_id);
	if (!process->exec_id) {
		free(process);
		return NULL;
	}
	stdio_clear(&process->io);
	/* For the answer, if it is deleted before its start. */
	wire__time__init(&process->exited_at);
	process->cgroup_fd = -1;
	process->container = container;
	process->next = container->execs;
	container->execs = process;
	return process;
}

void task_remove_exec(struct process *process)
{
	struct process **at = &process->container->execs;

	while (*at != process)
		at = &(*at)->next;
	*at = process->next;
	free_process(process);
	free((char *)process->exec_id);
	free(process);
}

Wire__Time task_now(void)
{
	Wire__Time time = WIRE__TIME__INIT;
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	time.seconds = now.tv_sec;
	time.nanos = (int32_t)now.tv_nsec;
	return time;
}

/* Kills the remaining processes when the first one has ended. Without a pid namespace of its own a
 * container's other processes would go on; with one, the kernel has killed them. */
static void kill_rest(struct container *c)
{
	struct nacre_error err;

	c->ending = true;
	/* Kills execs that are not reaped yet, so their pids are valid. */
	for (const struct process *p = c->execs; p; p = p->next) {
		if (p->state == PROCESS_RUNNING)
			(void)kill(p->pid, SIGKILL);
	}
	(void)task_kill(c, SIGKILL, true, &err); /* delete tries again and reports */
}

static void answer_waits(struct process *process)
{
	Wire__WaitResponse answer = WIRE__WAIT_RESPONSE__INIT;

	answer.exit_status = process->exit_status;
	answer.exited_at = &process->exited_at;
	while (process->waits) {
		struct wait *wait = process->waits;

		process->waits = wait->next;
		call_answer(wait->call, &answer);
		free(wait);
	}
}

static void set_stopped(struct process *process, uint32_t status)
{
	process->state = PROCESS_STOPPED;
	process->exit_status = status;
	process->exited_at = task_now();
	drop_cgroup(process);
	stdio_ended(&process->io);
	if (process == &process->container->init)
		process->container->paused = false;
}

void task_stop(struct process *process, uint32_t status)
{
	set_stopped(process, status);
	answer_waits(process);
}

void task_exited(struct process *process, uint32_t status)
{
	if (process == &process->container->init)
		oom_look(process->container);
	set_stopped(process, status);
	publish_exit(process);
	answer_waits(process);
}

/* Returns whether an exec gets its own cgroup, by the same rule as nacre's own exec: the profiles
 * that leave a config unchanged leave the cgroup alone, too. */
bool task_wants_own_cgroup(void)
{
	return !task_profile ||
	       (strcmp(task_profile, "oci") != 0 && strcmp(task_profile, "nested") != 0);
}

void task_find_own_cgroup(struct process *process)
{
	const int fd = task_cgroup_open_exec(process->pid);

	process->cgroup_fd = fd < 0 ? -1 : fd;
}

/* Kills with a killed exec everything that it has started, a daemon too. What an exec that ended by
 * itself has left goes on. */
static void kill_tree(const struct process *process, int wait_status)
{
	const int r = WIFSIGNALED(wait_status) ? task_cgroup_kill(process->cgroup_fd) : 0;

	if (r < 0 && r != -ENOENT && r != -ENODEV)
		log_warning("processes that the killed exec %s started still run: %s",
			process->exec_id, strerror(-r));
}

static bool reap_process(struct process *process)
{
	int status;

	if (process->pid <= 0 || process->busy || process->state == PROCESS_STOPPED)
		return false;
	/* The first process stays a zombie meanwhile, at which reap_orphans stops. */
	if (process->container->ending)
		traced_threads_reap(process->pid);
	if (waitpid(process->pid, &status, WNOHANG) != process->pid)
		return false;
	kill_tree(process, status);
	task_exited(process, (uint32_t)job_exit_status(status));
	return true;
}

bool task_has_exec(const struct container *container)
{
	for (const struct process *p = container->execs; p; p = p->next) {
		if (p->busy || p->state == PROCESS_RUNNING)
			return true;
	}
	return false;
}

/* Leaves the first process a zombie until no exec is left: containerd takes its end for the end of
 * the container, and forgets the execs. */
static bool reap_init(struct container *c)
{
	const struct process *init = &c->init;
	siginfo_t info = {0};

	if (init->pid <= 0 || init->busy || init->state == PROCESS_STOPPED)
		return false;
	if (!c->ending) {
		if (waitid(P_PID, (id_t)init->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
			info.si_pid != init->pid)
			return false;
		kill_rest(c);
	}
	return !task_has_exec(c) && reap_process(&c->init);
}

static bool reap_processes(void)
{
	bool found = false;

	for (struct container *c = containers; c; c = c->next) {
		for (struct process *p = c->execs; p; p = p->next)
			found = reap_process(p) || found;
		found = reap_init(c) || found;
	}
	return found;
}

static bool is_known(pid_t pid)
{
	if (job_has(pid))
		return true;
	for (const struct container *c = containers; c; c = c->next) {
		if (c->init.pid == pid && c->init.state != PROCESS_STOPPED)
			return true;
		for (const struct process *p = c->execs; p; p = p->next) {
			if (p->pid == pid && p->state != PROCESS_STOPPED)
				return true;
		}
	}
	return false;
}

/* Reaps orphans of containers without their own pid namespace, and of nacre. A process that nacre
 * has made and not yet reported looks the same, so nothing is reaped while a job registers one. */
static void reap_orphans(void)
{
	siginfo_t info = {0};

	while (!job_registers() && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		info.si_pid > 0 && !is_known(info.si_pid)) {
		(void)waitpid(info.si_pid, NULL, WNOHANG);
		info.si_pid = 0;
	}
}

void task_reap(void)
{
	bool again;

	do {
		again = reap_processes();
		again = job_reap() || again;
	} while (again);
	reap_orphans();
}
