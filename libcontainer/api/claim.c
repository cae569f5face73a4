/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/api/facts.h"
#include "libcontainer/api/options.h"
#include "libcontainer/api/receipt.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/life/steps.h"
#include "specs/json.h"
#include "specs/late_process.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

int claim_check(
	const struct life *l, const struct nacre_start_options *options, struct nacre_error *err)
{
	const bool late = l->container.record.active & LATE;
	int r;

	if (!late && options)
		return fail(err, EINVAL,
			"--process: container \"%s\" was not created with --late: its program is "
			"that of its config",
			l->container.id);
	if (!late)
		return 0;
	if (!options)
		return fail(err, EINVAL,
			"container \"%s\" was created with --late: give its program, with "
			"--process FILE",
			l->container.id);
	r = state_is_claimed(l->container.state_fd, err);
	return r > 0 ? fail(err, EBUSY,
			       "container \"%s\" was claimed by a start that did not finish: it "
			       "does not run, and nobody else gets it: delete it",
			       l->container.id)
		     : r;
}

int claim_read(struct claiming *c, struct nacre_error *err)
{
	const char *path = c->options->process_file;
	/* The caller chooses the file, so symlinks are followed, as for exec. */
	cleanup_close int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(err, errno, "open %s", path);
	return file_read_fd(fd, path, JSON_MAX_BYTES, &c->process, &c->process_length, err);
}

/* --- the workspace --- */

/* Finds the place that create has prepared. */
static int find_place(const struct oci_config *config, size_t *ret_mount, struct nacre_error *err)
{
	if (!config->nacre || config->nacre->n_workspaces != 1)
		return fail(err, EINVAL,
			"the container has to be created with one workspace, whose source is "
			"replaced");
	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_workspace *mark = oci_find_workspace(config, &config->mounts[i]);

		if (mark && strcmp(mark->form, WORKSPACE_COW) != 0)
			return fail(err, EINVAL,
				"the container's workspace has the form %s, and "
				"only that of a cow is replaced",
				mark->form);
		if (mark) {
			*ret_mount = i;
			return 0;
		}
	}
	return fail(err, EINVAL, "the container has no workspace that could be replaced");
}

static int refuse_inside(
	const char *place, const char *path, const char *what, struct nacre_error *err)
{
	char clean[PATH_TEXT_MAX];

	if (path_clean(path, clean) < 0)
		return fail_errno(err, ENAMETOOLONG, "%.64s...", path);
	return path_within(clean, place)
		       ? fail(err, EINVAL, "%s %s lies in the workspace and would be gone", what,
				 clean)
		       : 0;
}

/* Everything in the workspace was mounted or made there at creation, and a new source would cover
 * it. */
static int check_inside(const struct oci_config *config, size_t mount, struct nacre_error *err)
{
	const struct oci_strings none = {.n = 0};
	const struct oci_strings *masked = config->linux_ ? &config->linux_->masked_paths : &none;
	const struct oci_strings *read_only = config->linux_ ? &config->linux_->readonly_paths
							     : &none;
	char place[PATH_TEXT_MAX];
	int r = path_clean(config->mounts[mount].destination, place);

	if (r < 0)
		return fail_errno(err, ENAMETOOLONG, "workspace");
	for (size_t i = 0; i < config->n_mounts && r == 0; i++)
		if (i != mount)
			r = refuse_inside(place, config->mounts[i].destination, "the mount", err);
	for (size_t i = 0; i < masked->n && r == 0; i++)
		r = refuse_inside(place, masked->items[i], "the masked path", err);
	for (size_t i = 0; i < read_only->n && r == 0; i++)
		r = refuse_inside(place, read_only->items[i], "the read-only path", err);
	for (size_t i = 0; i < config->nacre->n_hidden && r == 0; i++)
		r = refuse_inside(place, config->nacre->hidden[i].name, "the hidden path", err);
	for (size_t i = 0; config->linux_ && i < config->linux_->n_devices && r == 0; i++)
		r = refuse_inside(place, config->linux_->devices[i].path, "the device", err);
	return r;
}

/* Refuses what the host or the container cannot change once INIT waits. */
static int check_place(const struct life *l, const struct workspace_request *request,
	const char *place, struct nacre_error *err)
{
	if (geteuid() != 0)
		return fail(err, EPERM, "only root can replace it");
	if (l->container.record.active & SHIFTED_IDS)
		return fail(err, ENOTSUP, "it cannot be replaced in a container with shifted ids");
	if (l->container.record.active & LANDLOCK)
		return fail(err, ENOTSUP,
			"rule landlock knows the directories that were there when the container "
			"was created, and what comes would be read-only: create it under another "
			"profile");
	if (strcmp(request->form, WORKSPACE_COW) != 0 || request->bytes || request->tmpfs)
		return fail(err, EINVAL,
			"form and size are those that it was created with: give SRC[:DEST]");
	if (request->placed && strcmp(request->destination, place) != 0)
		return fail(err, EINVAL, "the container's workspace is %s", place);
	return 0;
}

/* Sets the source in MERGED. */
static int plan_workspace(struct life *l, struct claiming *c, struct oci_config *merged,
	size_t *ret_mount, struct nacre_error *err)
{
	struct workspace_request request;
	struct oci_mount *mounts;
	char here[PATH_MAX];
	size_t mount = 0;
	int r;

	if (!c->has_workspace)
		return 0;
	if (!getcwd(here, sizeof(here)))
		return fail_errno(err, errno, "getcwd");
	r = find_place(merged, &mount, err);
	if (r == 0)
		r = workspace_request_parse(
			l->container.arena, c->options->workspace, here, &request, err);
	if (r == 0)
		r = check_place(l, &request, merged->mounts[mount].destination, err);
	if (r == 0)
		r = check_inside(merged, mount, err);
	if (r < 0)
		return r;
	mounts = arena_array(l->container.arena, merged->n_mounts, sizeof(*mounts));
	if (!mounts)
		return fail_errno(err, ENOMEM, "workspace");
	memcpy(mounts, merged->mounts, merged->n_mounts * sizeof(*mounts));
	mounts[mount].source = request.source;
	merged->mounts = mounts;
	*ret_mount = mount;
	return 0;
}

/* Judges the source by its identity, like create, before anything is done. */
static int judge_source(struct life *l, struct claiming *c, size_t mount, struct nacre_error *err)
{
	cleanup_close int fd = -1;
	const bool nofollow = mount_options_read(&c->next->mounts[mount]).source_nofollow;
	int r = mount_guard_init(
		&l->guard, l->container.arena, &c->request, c->next, l->container.root_fd, err);

	l->container.config = c->next;
	if (r == 0)
		r = prepare_guard_state(l, err);
	if (r == 0)
		r = receipt_guard_again(l, err);
	l->container.config = (struct oci_config *)c->before;
	if (r < 0)
		return r;
	fd = mount_guard_open(&l->guard, mount, nofollow, err);
	return fd < 0 ? fd : 0;
}

/* --- the rules --- */

static bool same_mount(const struct oci_mount *a, const struct oci_mount *b)
{
	const struct oci_config x = {.mounts = (struct oci_mount *)a, .n_mounts = 1};
	const struct oci_config y = {.mounts = (struct oci_mount *)b, .n_mounts = 1};

	return oci_config_equal(&x, &y);
}

/* INIT already has the results of the rules, so they must not change MERGED now. */
static int check_kept(const struct oci_config *merged, const struct oci_config *tightened,
	struct nacre_error *err)
{
	if (!oci_process_equal(merged->process, tightened->process))
		return fail(err, EPERM, "the profile does not allow the process as it is");
	if (merged->n_mounts != tightened->n_mounts)
		return fail(err, EPERM, "the profile does not allow the workspace as it is");
	for (size_t i = 0; i < merged->n_mounts; i++)
		if (!same_mount(&merged->mounts[i], &tightened->mounts[i]))
			return fail(err, EPERM,
				"the profile does not allow the workspace as it is: mounts[%zu]",
				i);
	return 0;
}

/* Sets C->next: the stored config with the changes of the claim. */
static int tighten(
	struct life *l, struct claiming *c, struct oci_config *merged, struct nacre_error *err)
{
	struct container *k = &l->container;
	struct oci_config *tightened;
	struct harden_report *report;
	int r = container_request(k, &c->request, err);

	if (r == 0 && c->has_egress)
		r = update_egress_ask(k, c->options->egress, &c->request, err);
	c->request.egress_stays = !c->has_egress;
	if (r == 0)
		r = c->has_egress ? update_egress_look(k, merged, &c->request, err)
				  : facts_look(k->arena, merged, NULL, &c->request, err);
	if (r == 0)
		r = harden(k->arena, merged, &c->request, &tightened, &report, err);
	if (r == 0)
		r = check_kept(merged, tightened, err);
	if (r < 0)
		return r;
	if (c->has_egress)
		merged->nacre = tightened->nacre;
	c->next = merged;
	return 0;
}

static int plan_egress(struct life *l, struct claiming *c, struct nacre_error *err)
{
	int r = c->has_egress ? container_open_cgroup(&l->container, err) : 0;

	if (!c->has_egress || r < 0)
		return r;
	r = update_egress_plan(&l->container, c->next, &c->egress, err);
	return r < 0 ? r : update_egress_check(&l->container, &c->egress, err);
}

int claim_plan(struct life *l, struct claiming *c, struct nacre_error *err)
{
	struct arena *arena = l->container.arena;
	struct oci_config *merged = arena_alloc(arena, sizeof(*merged));
	const struct oci_part part = {
		.name = c->options->process_file, .text = c->process, .length = c->process_length};
	char *bytes;
	size_t mount = 0;
	int r = merged ? 0 : fail_errno(err, ENOMEM, "start");

	c->has_workspace = c->options->workspace;
	c->has_egress = c->options->egress && *c->options->egress;
	c->before = l->container.config;
	/* A forked child mounts the workspace. */
	if (r == 0 && c->has_workspace)
		r = container_refuse_threads(err);
	if (r < 0)
		return r;
	*merged = *c->before;
	r = late_process_decode(arena, &part, c->before->process, &merged->process, err);
	if (r == 0)
		r = late_process_pack(arena, merged->process, &bytes, &c->claim.length, err);
	if (r < 0)
		return r;
	c->claim.bytes = bytes;
	c->claim.n_args = merged->process->args.n;
	r = plan_workspace(l, c, merged, &mount, err);
	if (r == 0)
		r = tighten(l, c, merged, err);
	if (r == 0 && c->has_workspace)
		r = judge_source(l, c, mount, err);
	if (r < 0 && c->has_workspace)
		return fail_prefix(err, "--workspace %s", c->options->workspace);
	return r < 0 ? r : plan_egress(l, c, err);
}

/* --- performing it --- */

static int perform(struct life *l, struct claiming *c, struct nacre_error *err)
{
	struct container *k = &l->container;
	int r = c->has_egress ? update_egress_begin(k, &c->egress, err) : 0;

	if (r == 0)
		r = container_save_config(k, c->next, err);
	if (r == 0 && c->has_egress)
		r = update_egress_finish(k, &c->egress, err);
	if (r == 0)
		r = claim_record(k, c->next, c->has_workspace, err);
	if (r < 0)
		return r;
	k->config = c->next;
	l->process = c->next->process;
	l->claim = &c->claim;
	return c->has_workspace ? step_replace_workspace(l, err) : 0;
}

int claim_perform(struct life *l, struct claiming *c, struct nacre_error *err)
{
	struct nacre_error ignored;
	int r = state_claim(l->container.state_fd, err);

	if (r < 0)
		return r;
	r = perform(l, c, err);
	if (r < 0 && step_kill_init(l, &ignored) < 0)
		container_warn(&l->container, ignored.text);
	return r;
}

void claim_tell(const struct life *l, const struct claiming *c, struct audit_event *event)
{
	event->args = c->next->process->args;
	if (c->has_egress)
		event->egress = c->next->nacre->egress;
	if (c->has_workspace &&
		workspace_words(l->container.arena, c->next, &event->workspaces) < 0)
		event->workspaces.n = 0;
}

void claim_done(struct claiming *c)
{
	update_egress_done(&c->egress);
	free(c->process);
}
