/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/receipt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/api/policy_file.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/record/receipt_file.h"
#include "libcontainer/record/receipt_key.h"
#include "specs/json.h"
#include "specs/sha256.h"

/* Prepares a receipt in create and run. */

/* *RET_KEY: memory of the container's arena. */
static int choose_key(struct life *l, const struct nacre_create_options *options,
	const struct policy *policy, const char **ret_key, struct nacre_error *err)
{
	const char *given = policy && policy->receipt_key ? policy->receipt_key
							  : options->receipt_key;
	char path[PATH_MAX], real[PATH_MAX];
	int r = given ? 0 : receipt_key_place(path, err);

	if (r < 0)
		return r;
	if (policy && policy->receipt_key && options->receipt_key)
		return fail(err, EPERM, "--receipt-key: %s has receipt_key, and no other counts",
			policy->name);
	/* The working directory of delete is not known. A symlink is refused when it is opened. */
	if (given && !receipt_key_is_uri(given) && *given != '/') {
		if (!getcwd(real, sizeof(real)))
			return fail_errno(err, errno, "key %s", given);
		given = arena_printf(l->container.arena, "%s/%s", real, given);
	} else if (!given) {
		given = arena_strdup(l->container.arena, path);
	}
	*ret_key = given;
	return given ? 0 : fail_errno(err, ENOMEM, "receipt");
}

/* Checks before anything runs that the key can sign. */
static int try_key(
	struct life *l, const char *key, struct receipt_plan *plan, struct nacre_error *err)
{
	cleanup_close int fd = receipt_key_is_uri(key) ? -1 : receipt_key_open(key, err);
	char id[RECEIPT_ID_SIZE], program[RECEIPT_ID_SIZE];
	int r;

	if (fd < 0 && !receipt_key_is_uri(key))
		return fd;
	r = receipt_key_id(key, id, program, err);
	if (r < 0)
		return r;
	plan->runtime = (struct receipt_runtime){
		"nacre", arena_strdup(l->container.arena, program), NACRE_VERSION};
	if (!plan->runtime.sha256)
		return fail_errno(err, ENOMEM, "receipt");
	return 0;
}

/* Hides the key as it is now. What the caller cannot open, the caller's containers cannot open
 * either. */
static int hide_key(struct life *l, const char *path, struct nacre_error *err)
{
	cleanup_close int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd >= 0)
		return mount_guard_hide(&l->guard, fd, "the key of receipts", err);
	return errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP ||
			       errno == ENAMETOOLONG
		       ? 0
		       : fail_errno(err, errno, "key %s", path);
}

/* Hides keys that sign for other containers too, even if they are not used for this one. */
static int hide_keys(struct life *l, const struct nacre_create_options *options,
	const struct policy *policy, struct nacre_error *err)
{
	const char *const named[] = {policy ? policy->receipt_key : NULL, options->receipt_key};
	struct nacre_error why;
	char path[PATH_MAX];
	int r = receipt_key_place(path, &why);

	if (r == 0)
		r = options->key_masked ? 0 : hide_key(l, path, err);
	else /* without a home there is no such key */
		r = fail_except(r, EINVAL, &why, err);
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]) && r == 0; i++)
		if (named[i] && !receipt_key_is_uri(named[i]))
			r = hide_key(l, named[i], err);
	return r;
}

static int make_plan(struct life *l, struct receipt_plan *plan, struct nacre_error *err)
{
	cleanup_free char *tightened = NULL;
	char digest[SHA256_TEXT];
	int r = oci_config_encode(l->container.config, false, &tightened, err);

	if (r < 0)
		return r;
	sha256_text(tightened, strlen(tightened), digest);
	plan->version = RECEIPT_PLAN_VERSION;
	plan->run_sha256 = digest;
	plan->restored = l->restore != NULL;
	return receipt_plan_encode(plan, &l->receipt, err);
}

/* A process that can write there can take the name of a receipt, or remove a receipt. */
static int keep_directory(struct life *l, const char *directory, struct nacre_error *err)
{
	cleanup_close int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		return mount_guard_keep(&l->guard, fd, "the directory of receipts", err);
	/* receipt_end reports it. */
	return errno == ENOENT || errno == ENOTDIR || errno == EACCES
		       ? 0
		       : fail_errno(err, errno, "directory %s", directory);
}

static int keep_directory_of(struct life *l, const char *file, struct nacre_error *err)
{
	char directory[PATH_MAX];
	char *slash;

	(void)snprintf(directory, sizeof(directory), "%s", file);
	slash = strrchr(directory, '/');
	slash[slash == directory] = '\0';
	return keep_directory(l, directory, err);
}

static int prepare(struct life *l, const struct nacre_create_options *options,
	const struct policy *policy, struct receipt_plan *plan, struct nacre_error *err)
{
	char path[PATH_MAX];
	int r = choose_key(l, options, policy, &plan->key, err);

	if (r == 0 && options->receipt)
		r = receipt_file_settle(options->receipt, path, err);
	if (r == 0 && options->receipt)
		r = keep_directory_of(l, path, err);
	if (r == 0)
		r = try_key(l, plan->key, plan, err);
	if (r < 0)
		return r;
	plan->file = options->receipt ? path : NULL;
	return make_plan(l, plan, err);
}

int receipt_prepare(struct life *l, const struct nacre_create_options *options,
	const struct bundle *bundle, struct nacre_error *err)
{
	const struct policy *policy = bundle->policy;
	struct receipt_plan plan = {
		.directory = policy ? policy->receipt_dir : NULL,
		.required = bundle->report->request.receipt,
	};
	struct nacre_error why;
	int r = hide_keys(l, options, policy, err);

	if (r == 0 && plan.directory)
		r = keep_directory(l, plan.directory, err);
	if (r < 0)
		return fail_prefix(err, "receipt");
	if (!plan.directory && !options->receipt)
		return plan.required ? fail(err, EINVAL,
					       "a receipt is required, and there is no place for "
					       "it: give --receipt FILE, or receipt_dir in "
					       "policy.json")
				     : 0;
	r = prepare(l, options, policy, &plan, &why);
	if (r == 0)
		return 0;
	(void)fail_prefix(&why, "receipt");
	if (options->receipt || plan.required) {
		*err = why;
		return r;
	}
	(void)fail_prefix(&why, "there will be none");
	container_warn(&l->container, why.text);
	return 0;
}

bool receipt_is_planned(int state_fd)
{
	return faccessat(state_fd, RECEIPT_PLAN_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int receipt_guard_again(struct life *l, struct nacre_error *err)
{
	struct nacre_create_options options = {.receipt_key = NULL};
	struct receipt_plan *plan;
	struct policy *policy;
	int r = policy_load(l->container.arena, POLICY_DIRECTORY, &policy, err);

	if (r == 0 && receipt_is_planned(l->container.state_fd)) {
		r = receipt_load_plan(&l->container, &plan, err);
		options.receipt_key = r < 0 ? NULL : plan->key;
	}
	return r < 0 ? r : hide_keys(l, &options, policy, err);
}

static int save_plan(
	const struct container *c, const struct receipt_plan *plan, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	int r = receipt_plan_encode(plan, &text, err);

	return r < 0 ? r
		     : file_replace(c->state_fd, RECEIPT_PLAN_FILE, text, strlen(text), 0600, err);
}

int receipt_note_config(const struct container *c, struct nacre_error *err)
{
	cleanup_free char *config = NULL;
	char digest[SHA256_TEXT];
	struct receipt_plan *plan;
	size_t length;
	int r;

	if (!receipt_is_planned(c->state_fd))
		return 0;
	r = receipt_load_plan(c, &plan, err);
	if (r == 0)
		r = file_read(c->state_fd, "config.json", 2 * (size_t)JSON_MAX_BYTES, &config,
			&length, err);
	if (r < 0)
		return r;
	sha256_text(config, length, digest);
	plan->run_sha256 = digest;
	return save_plan(c, plan, err);
}

int receipt_note_update(const struct container *c, struct nacre_error *err)
{
	struct receipt_plan *plan;
	int r;

	if (!receipt_is_planned(c->state_fd))
		return 0;
	r = receipt_load_plan(c, &plan, err);
	if (r < 0)
		return r;
	plan->updates++;
	return save_plan(c, plan, err);
}

int receipt_note_exec(int state_fd, struct nacre_error *err)
{
	cleanup_close int fd = -1;

	if (!receipt_is_planned(state_fd))
		return 0;
	fd = openat(state_fd, RECEIPT_EXECS_FILE,
		O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1)
		return fail_errno(err, errno, "note the process for the receipt");
	return 0;
}
