/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"
#include "libcontainer/api/process.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/life/audit.h"
#include "libcontainer/life/steps_restore.h"
#include "specs/checkpoint.h"
#include "specs/json.h"

/* nacre_restore: prepared like nacre_run, but walks another table. */

#define DOCUMENT_LIMIT 65536

static int check_joined(const struct life *l, struct nacre_error *err)
{
	static const char *const never_joined[] = {"mount", "cgroup"};

	for (size_t i = 0; i < 2; i++) {
		const struct oci_namespace *ns = oci_find_namespace(
			l->container.config, never_joined[i]);

		if (ns && ns->path && *ns->path)
			return fail(err, EOPNOTSUPP,
				"linux.namespaces: criu cannot restore into the %s namespace %s",
				ns->type, ns->path);
	}
	return 0;
}

static int read_documents(
	struct life *l, const struct nacre_criu_options *options, struct nacre_error *err)
{
	const int images_fd = l->restore->run->images_fd;
	struct checkpoint_record *record = NULL;
	cleanup_free char *profile = NULL;
	cleanup_free char *stdio = NULL;
	size_t length;
	int r;

	r = file_read(images_fd, "descriptors.json", DOCUMENT_LIMIT, &stdio, &length, err);
	if (r < 0)
		return fail_prefix(err, "%s is no checkpoint of a container",
			options->image_path ? options->image_path : "checkpoint");
	r = checkpoint_stdio_decode(
		l->container.arena, "descriptors.json", stdio, length, l->restore->stdio, err);
	if (r < 0)
		return r;
	r = file_read(images_fd, "nacre.json", JSON_MAX_BYTES, &profile, &length, err);
	if (r == 0)
		r = checkpoint_record_decode(
			l->container.arena, "nacre.json", profile, length, &record, err);
	if (record)
		l->restore->null_device = record->null_device;
	return r < 0 && r != -ENOENT ? r : checkpoint_may_restore(record, l->hardened_by, err);
}

static int prepare_criu(
	struct life *l, const struct nacre_criu_options *options, struct nacre_error *err)
{
	struct criu_run *run = l->restore->run;
	int r = check_joined(l, err);

	if (r >= 0)
		r = checkpoint_begin(&l->container, options, false, run, err);
	if (r >= 0)
		r = read_documents(l, options, err);
	if (r < 0)
		return r;
	if (options->lsm_profile)
		criu_add_text(&run->options, CRIU_LSM_PROFILE, options->lsm_profile);
	if (options->lsm_mount_context)
		criu_add_text(&run->options, CRIU_LSM_MOUNT_CONTEXT, options->lsm_mount_context);
	l->restore->exec_cgroup = !options->manage_cgroups ||
				  strcmp(options->manage_cgroups, "ignore") == 0;
	/* criu, not INIT, enters the namespaces of the config. */
	l->restore->plan = l->namespaces;
	l->namespaces = (struct namespace_plan){.cgroup_fd = -1};
	for (size_t i = 0; i < sizeof(l->namespaces.join_fds) / sizeof(int); i++)
		l->namespaces.join_fds[i] = -1;
	return 0;
}

static int restore(struct nacre *nacre, const char *id, const struct nacre_create_options *create,
	const struct nacre_criu_options *options, struct nacre_process *process,
	struct nacre_error *err)
{
	const struct life_options life_options = prepare_life_options(create, false);
	struct restore restore = RESTORE_NONE;
	struct criu_run run = CRIU_RUN_NONE;
	struct life l;
	int r;

	life_init(&l);
	r = container_begin(nacre, id, &l.container, err);
	restore.run = &run;
	l.restore = &restore;
	l.options = &life_options;
	if (r == 0 && !process)
		r = fail_errno(err, ENOMEM, "restore");
	if (r == 0)
		r = prepare_container(&l, create, err);
	if (r == 0) {
		r = prepare_criu(&l, options, err);
		if (r == 0)
			r = life_restore(&l, err);
		r = create_audit(&l, "restore", r, err);
	}
	if (r == 0)
		process_take(process, &l, true);
	namespaces_plan_done(&restore.plan);
	criu_run_done(&run);
	life_done(&l);
	return r;
}

int nacre_restore(struct nacre *nacre, const char *id, const struct nacre_create_options *create,
	const struct nacre_criu_options *given, struct nacre_process **ret_process,
	struct nacre_error *err)
{
	cleanup_free struct nacre_process *process = process_new();
	struct nacre_create_options create_options;
	struct nacre_criu_options options;
	int r;

	r = options_take_create(create, &create_options, err);
	if (r >= 0)
		r = options_take_criu(given, &options, err);
	if (r < 0)
		return r;
	if (create_options.notify || create_options.listen_fds)
		return fail(err, EINVAL,
			"nacre_restore takes no %s: a restored program keeps the environment that "
			"it had",
			create_options.notify ? "notify" : "listen_fds");
	r = restore(nacre, id, &create_options, &options, process, err);
	if (r < 0)
		return r;
	*ret_process = steal_ptr(process);
	return 0;
}
