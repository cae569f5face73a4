/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/audit.h"
#include "libcontainer/process/signals.h"

enum {
	PIDFDS = 64, /* opened at a time: a process may have few */
};

static int compare_pids(const void *a, const void *b)
{
	const pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return left < right ? -1 : left > right;
}

/* Signals those N processes, at most PIDFDS, that are the container's still. PIDS is a list of
 * before, and a pid in it may belong to another process by now. So the pidfds are opened first, and
 * the list is read again: a pid that is in it then is that of the pidfd's process. */
static int signal_some(
	struct container *c, const pid_t *pids, size_t n, int sig, struct nacre_error *err)
{
	cleanup_free pid_t *still = NULL;
	struct nacre_error why;
	int pidfds[PIDFDS], r;
	size_t n_still = 0;

	for (size_t i = 0; i < n; i++)
		pidfds[i] = sys_pidfd_open(pids[i]);
	r = fail_except(container_pids(c, &still, &n_still, &why), ESRCH, &why, err);
	if (n_still > 0)
		qsort(still, n_still, sizeof(*still), compare_pids);
	for (size_t i = 0; i < n; i++) {
		int sent = pidfds[i] < 0 ? pidfds[i] : 0;

		if (sent == 0 && r == 0 && n_still > 0 &&
			bsearch(&pids[i], still, n_still, sizeof(*still), compare_pids))
			sent = sys_pidfd_send_signal(pidfds[i], sig);
		if (sent < 0 && sent != -ESRCH && r == 0)
			r = fail_errno(err, sent, "signal process %d", pids[i]);
		fd_close(&pidfds[i]);
	}
	return r;
}

static int signal_all(struct container *c, int sig, struct nacre_error *err)
{
	cleanup_free pid_t *pids = NULL;
	struct nacre_error why;
	const bool at_once = sig == SIGKILL && c->record.cgroup;
	size_t n = 0;
	int r = at_once ? container_open_cgroup(c, &why) : container_pids(c, &pids, &n, &why);

	if (r < 0) /* -ESRCH: no process is left */
		return fail_except(r, ESRCH, &why, err);
	if (at_once)
		return cgroup_kill(&c->cgroup, err);
	for (size_t i = 0; i < n && r == 0; i += PIDFDS)
		r = signal_some(c, pids + i, n - i < PIDFDS ? n - i : PIDFDS, sig, err);
	return r;
}

/* Whether processes outlive the first one, which is possible without a pid namespace that ends with
 * it. */
static int has_processes(const struct container *c, struct nacre_error *err)
{
	struct cgroup cgroup = CGROUP_CLOSED;
	cleanup_free pid_t *pids = NULL;
	size_t n = 0;
	int r = record_open_cgroup(&c->record, &cgroup, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = cgroup_pids(&cgroup, &pids, &n, err);
	cgroup_close(&cgroup);
	return r < 0 ? r : n > 0;
}

static int signal_init(struct container *c, int sig, struct nacre_error *err)
{
	int r;

	c->pidfd = r = record_open_pidfd(&c->record, err);
	if (r < 0 && r != -ESRCH)
		return r;
	/* Without a pid namespace of the container's own, nothing else dies with the first process.
	 */
	if (sig == SIGKILL && !(c->record.active & NEW_PIDNS)) {
		r = c->pidfd >= 0 ? 1 : has_processes(c, err);
		if (r != 0)
			return r < 0 ? r : signal_all(c, sig, err);
	}
	if (c->pidfd < 0)
		return fail(err, ESRCH, "container not running");
	r = sys_pidfd_send_signal(c->pidfd, sig);
	if (r == -ESRCH)
		return fail(err, ESRCH, "container not running");
	return r < 0 ? fail_errno(err, r, "signal container \"%s\"", c->id) : 0;
}

int nacre_kill(struct nacre *nacre, const char *id, int sig, bool all, struct nacre_error *err)
{
	struct audit_event event = {
		.event = "kill", .signal = {.set = true, .value = sig}, .all = all};
	struct container c;
	int r = container_open(nacre, id, CONTAINER_UNLOCKED, &c, NULL, err);

	if (r == 0)
		r = all ? signal_all(&c, sig, err) : signal_init(&c, sig, err);
	audit_fact(&c, &event, r, err);
	container_done(&c);
	return r;
}

int nacre_signal(const char *text, struct nacre_error *err)
{
	int sig = signal_from_text(text);

	return sig < 0 ? fail(err, EINVAL, "unknown signal \"%s\"", text) : sig;
}
