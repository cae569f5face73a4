/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/cgroup/cgroup_stats.h"

/* nacre_stats and nacre_events. */

/* Opens a running container, its cgroup, and a pidfd of its first process. */
static int open_running(
	struct nacre *nacre, const char *id, struct container *c, struct nacre_error *err)
{
	enum container_status status;
	int r = container_open(nacre, id, CONTAINER_UNLOCKED, c, &status, err);

	if (r < 0)
		return r;
	if (status == STATUS_STOPPED || status == STATUS_CREATING)
		return fail(err, ESRCH, "container with id %s is not running", id);
	c->pidfd = r = record_open_pidfd(&c->record, err);
	if (r == -ESRCH)
		return fail(err, ESRCH, "container with id %s is not running", id);
	return r < 0 ? r : container_open_cgroup(c, err);
}

/* Uses a new arena each time: a watcher may run for months. */
static int stats_text(const struct container *c, char **ret_text, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	struct container_stats stats;

	if (!arena)
		return fail_errno(err, ENOMEM, "stats");
	if (cgroup_stats_read(arena, c->cgroup.fd, &stats, err) < 0)
		return fail_prefix(err, "cgroup %s", c->cgroup.path);
	return stats_event_encode(c->id, &stats, ret_text, err);
}

int nacre_stats(struct nacre *nacre, const char *id, char **ret_json, struct nacre_error *err)
{
	struct container c;
	int r = open_running(nacre, id, &c, err);

	if (r == 0)
		r = stats_text(&c, ret_json, err);
	container_done(&c);
	return r;
}

struct watch {
	const struct container *c;
	uint64_t interval_ms;
	int oom_fd; /* memory.events; -1: the cgroup has no memory controller */
	uint64_t oom_kills;
	int (*event)(void *data, const char *json);
	void *data;
};

/* Passes JSON to the caller's callback and frees it. */
static int hand_on(const struct watch *watch, char *json, struct nacre_error *err)
{
	int r = watch->event(watch->data, json);

	free(json);
	return r < 0 ? fail_errno(err, r, "event") : 0;
}

static int tell_stats(const struct watch *watch, struct nacre_error *err)
{
	char *json;
	int r;

	r = stats_text(watch->c, &json, err);
	if (r < 0)
		return r;
	return hand_on(watch, json, err);
}

/* Sends one event for all kills since the last look. */
static int tell_oom(struct watch *watch, struct nacre_error *err)
{
	uint64_t kills;
	char *json;
	int r = cgroup_read_oom_kills(&watch->c->cgroup, &kills, err);

	if (r < 0)
		return r;
	if (kills <= watch->oom_kills)
		return 0;
	watch->oom_kills = kills;
	r = stats_oom_event_encode(watch->c->id, &json, err);
	if (r < 0)
		return r;
	return hand_on(watch, json, err);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int wait_ms(uint64_t next)
{
	uint64_t now = now_ms();

	if (next <= now)
		return 0;
	return next - now > INT_MAX ? INT_MAX : (int)(next - now);
}

/* The kernel reports a change of memory.events by POLLPRI to a process that has read the file
 * before. */
static int wait_and_tell(struct watch *watch, struct nacre_error *err)
{
	struct pollfd polls[] = {
		{.fd = watch->c->pidfd, .events = POLLIN},
		{.fd = watch->oom_fd, .events = POLLPRI},
	};
	uint64_t next = now_ms() + watch->interval_ms;
	char byte;
	int r = 0;

	while (r == 0) {
		int ready = poll(polls, sizeof(polls) / sizeof(polls[0]), wait_ms(next));

		if (ready < 0 && errno != EINTR)
			return fail_errno(err, errno, "wait for an event");
		if (ready > 0 && polls[1].revents) {
			(void)!pread(watch->oom_fd, &byte, 1, 0);
			r = tell_oom(watch, err);
		}
		/* The OOM kill that ended the container is reported last. */
		if (ready > 0 && polls[0].revents)
			return r < 0 ? r : tell_oom(watch, err);
		if (ready == 0) {
			r = tell_stats(watch, err);
			next += watch->interval_ms;
		}
	}
	return r;
}

/* Whether the container has ended, which explains why a file of its cgroup could not be read. */
static bool has_ended(const struct container *c)
{
	return pidfd_wait_end(c->pidfd, 0) == 1;
}

/* The first read makes the kernel report changes of the file. -ENOENT: there is no such file. */
static int open_oom_events(const struct container *c, struct nacre_error *err)
{
	int fd = openat(c->cgroup.fd, "memory.events", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char byte;

	if (fd < 0 && errno == ENOENT) {
		container_warn(c, "no oom events: the cgroup has no memory controller");
		return -ENOENT;
	}
	if (fd < 0)
		return fail_errno(err, errno, "cgroup %s: open memory.events", c->cgroup.path);
	(void)!pread(fd, &byte, 1, 0);
	return fd;
}

int nacre_events(struct nacre *nacre, const char *id, uint64_t interval_ms,
	int (*event)(void *data, const char *json), void *data, struct nacre_error *err)
{
	cleanup_close int oom_fd = -1;
	struct nacre_error why;
	struct container c;
	int r = open_running(nacre, id, &c, err);

	if (r == 0) {
		struct watch watch = {
			.c = &c, .interval_ms = interval_ms, .event = event, .data = data};

		watch.oom_fd = oom_fd = r = open_oom_events(&c, &why);
		if (r >= 0 || r == -ENOENT)
			r = cgroup_read_oom_kills(&c.cgroup, &watch.oom_kills, &why);
		if (r == 0)
			r = wait_and_tell(&watch, &why);
		if ((r == -ENOENT || r == -ENODEV) && has_ended(&c))
			r = 0;
		else if (r < 0)
			*err = why;
	}
	container_done(&c);
	return r;
}
