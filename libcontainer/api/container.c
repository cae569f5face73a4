/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "libcontainer/api/facts.h"
#include "libcontainer/api/nacre.h"
#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "specs/harden_rules.h"
#include "specs/json.h"
#include "specs/receipt_plan.h"

enum {
	NS_PER_MS = 1000000,
};

/* A longer timeout, a hundred years, is none. */
#define TIMEOUT_MAX_MS UINT64_C(3155695200000)

int container_refuse_threads(struct nacre_error *err)
{
	const struct timespec pause = {.tv_nsec = 100000};
	struct stat st;

	/* A waiter for a thread is woken (mm_release) before the kernel removes the thread from its
	 * list (release_task), so a joined thread may be visible for a moment. */
	for (int tries = 0; tries < 100; tries++) {
		/* proc(5): a link per thread, and "." and "..". */
		if (stat("/proc/self/task", &st) < 0)
			return fail_errno(err, errno, "stat /proc/self/task: is /proc mounted?");
		if (st.st_nlink <= 3)
			return 0;
		(void)nanosleep(&pause, NULL);
	}
	return fail(err, EBUSY, "the calling process has %lu threads, it may have one only",
		(unsigned long)st.st_nlink - 2);
}

int container_begin(
	struct nacre *nacre, const char *id, struct container *c, struct nacre_error *err)
{
	container_init(c);
	c->callbacks = &nacre->callbacks;
	c->root_fd = nacre->root_fd;
	c->workspaces = nacre->workspaces;
	c->id = id;
	c->lock_flags = nacre->lock_flags;
	if (nacre->timeout_ms && nacre->timeout_ms < TIMEOUT_MAX_MS)
		c->deadline = child_now() + (int64_t)nacre->timeout_ms * NS_PER_MS;
	c->arena = arena_new(ARENA_LIMIT);
	return c->arena ? 0 : fail_errno(err, ENOMEM, "container \"%s\"", id);
}

int container_look_at_status(
	const struct container *c, enum container_status *ret_status, struct nacre_error *err)
{
	struct status_view view;
	int r = status_view_open(c->root_fd, &view, err);

	if (r < 0)
		return r;
	r = status_read(&view, &c->record, ret_status, err);
	status_view_close(&view);
	return r;
}

uint64_t container_cgroup_driver(const struct container_record *record)
{
	return record->unit ? SYSTEMD : CGROUPFS;
}

int container_open(struct nacre *nacre, const char *id, enum container_lock lock,
	struct container *c, enum container_status *ret_status, struct nacre_error *err)
{
	struct container_record *record;
	int r = container_begin(nacre, id, c, err);

	if (r < 0)
		return r;
	r = state_check_id(id, err);
	if (r < 0)
		return r;
	c->state_fd = state_open(nacre->root_fd, id, err);
	if (c->state_fd < 0)
		return c->state_fd;
	if (lock == CONTAINER_SEIZED)
		c->lock_flags |= STATE_LOCK_FORCE;
	if (lock == CONTAINER_LOCKED || lock == CONTAINER_SEIZED)
		r = state_lock(c->state_fd, id, c->lock_flags, &c->lock_fd, err);
	if (r >= 0)
		r = record_load(c->arena, nacre->root_fd, id,
			lock == CONTAINER_LOOKED_AT ? STATE_LOCK_UNOPENED : c->lock_fd, &record,
			err);
	if (r < 0)
		return r;
	c->record = *record;
	/* After a crashed creation the lock has only the path of the cgroup. */
	if (!c->record.active)
		c->record.active = container_cgroup_driver(&c->record);
	return ret_status ? container_look_at_status(c, ret_status, err) : 0;
}

int container_load_config(struct container *c, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	size_t length;

	if (file_read(c->state_fd, "config.json", 2 * (size_t)JSON_MAX_BYTES, &text, &length, err) <
			0 ||
		oci_config_decode(c->arena, "config.json", text, length, &c->config, err) < 0)
		return fail_prefix(err, "state of container \"%s\"", c->id);
	return annotations_read(c->config, &c->annotations, err);
}

int container_load_report(
	const struct container *c, struct receipt *receipt, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	size_t length;
	int r = file_read(
		c->state_fd, "report.json", 2 * (size_t)JSON_MAX_BYTES, &text, &length, err);

	return r < 0 ? r : receipt_read_report(c->arena, text, length, receipt, err);
}

int container_save_config(
	const struct container *c, const struct oci_config *config, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	int r = oci_config_rewrite(c->config, config, &text, err);

	return r < 0 ? r : file_replace(c->state_fd, "config.json", text, strlen(text), 0600, err);
}

int container_load_process(struct life *l, struct nacre_error *err)
{
	const uint64_t hooks = HOOKS_START_CONTAINER | HOOKS_POSTSTART | HOOKS_POSTSTOP;
	int r;

	r = container_load_config(&l->container, err);
	if (r < 0)
		return r;
	if (l->container.record.active & hooks && !l->container.config->hooks)
		return fail(err, EINVAL,
			"state of container \"%s\": the record has hooks, and config.json has "
			"none",
			l->container.id);
	l->process = l->container.config->process;
	return 0;
}

/* Drops grants that only another version knows: without them the container is more restricted. */
static int known_grants(
	const struct container *c, struct oci_strings *ret_grants, struct nacre_error *err)
{
	const struct oci_strings *grants = &c->record.grants;
	struct oci_strings known = {.items = arena_array(c->arena, grants->n, sizeof(char *))};
	struct nacre_error why;

	if (grants->n && !known.items)
		return fail_errno(err, ENOMEM, "grants");
	for (size_t i = 0; i < grants->n; i++) {
		if (harden_grant_check(grants->items[i], &why) == 0)
			known.items[known.n++] = grants->items[i];
		else
			container_warn(c, why.text);
	}
	*ret_grants = known;
	return 0;
}

bool container_has_rule_of_ids(const struct container_record *record)
{
	return record->first_id ||
	       oci_strings_have(&record->require, harden_rules[RULE_user_namespace].name);
}

int container_request(
	const struct container *c, struct harden_request *ret_request, struct nacre_error *err)
{
	int r;

	*ret_request = (struct harden_request){
		.profile = c->record.profile,
		.require = c->record.require,
		.shifted = container_has_rule_of_ids(&c->record),
		.egress_stays = true,
	};
	r = known_grants(c, &ret_request->grants, err);
	return r < 0 ? r : facts_look(c->arena, NULL, NULL, ret_request, err);
}

int container_open_cgroup(struct container *c, struct nacre_error *err)
{
	int r;

	if (!c->record.cgroup)
		return fail(err, ENOTSUP, "container \"%s\" has no cgroup", c->id);
	r = record_open_cgroup(&c->record, &c->cgroup, err);
	return r == -ENOENT ? fail(err, ESRCH, "container \"%s\" has no cgroup any more", c->id)
			    : r;
}
