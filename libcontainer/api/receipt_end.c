/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/api/receipt.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/record/receipt_chain.h"
#include "libcontainer/record/receipt_file.h"
#include "libcontainer/record/receipt_key.h"
#include "specs/receipt_envelope.h"
#include "specs/sha256.h"

/*
 * The receipt that delete writes. A command that is killed leaves one of these states, and the next
 * one continues:
 *
 *   nothing yet            it signs the receipt
 *   receipt.signed         if the record of the key lists it, it is written to its destination;
 *                          otherwise it is signed again, since its number may be another's by now
 *   the destination too    nothing is written twice
 *
 * So a number is only missing if somebody has lost its receipt.
 */

int receipt_load_plan(
	const struct container *c, struct receipt_plan **ret_plan, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	size_t length;
	int r = file_read(c->state_fd, RECEIPT_PLAN_FILE, 65536, &text, &length, err);

	return r < 0 ? r : receipt_plan_decode(c->arena, text, length, ret_plan, err);
}

/* Ends all processes: nothing may happen that the receipt does not report. */
static int end_processes(struct life *l, struct nacre_error *err)
{
	struct nacre_error ignored;
	int r = step_kill_init(l, err);

	if (r == 0 && l->container.cgroup.fd >= 0)
		r = cgroup_empty(&l->container.cgroup, err);
	/* A unit of systemd may have gone with its last process. */
	if (r < 0 && l->container.record.cgroup) {
		struct cgroup again = CGROUP_CLOSED;
		int gone = record_open_cgroup(&l->container.record, &again, &ignored);

		cgroup_close(&again);
		r = gone == -ENOENT ? 0 : r;
	}
	return r;
}

/* The key and the program that sign. */
struct signer {
	char key_id[RECEIPT_ID_SIZE];
	char program[RECEIPT_ID_SIZE]; /* digest of this program */
};

static int collect(struct life *l, const struct receipt_plan *plan, const struct signer *signer,
	struct receipt_statement *ret_statement, struct nacre_error *err)
{
	int r;

	*ret_statement = (struct receipt_statement){.n_subjects = 0};
	r = receipt_collect(l, plan, signer->program, &ret_statement->predicate, err);
	return r < 0 ? r : receipt_collect_workspaces(l, ret_statement, err);
}

static int sign(const struct receipt_plan *plan, const struct signer *signer,
	const struct receipt_log *log, struct receipt_statement *statement, char **ret_text,
	struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	cleanup_free char *signature = NULL;
	struct receipt_envelope envelope;
	char used[RECEIPT_ID_SIZE];
	int r;

	statement->predicate.chain = (struct receipt_chain){
		signer->key_id, log->sequence ? log->last : NULL, log->sequence + 1};
	r = receipt_statement_encode(statement, &text, err);
	if (r == 0)
		r = receipt_key_sign(plan->key, text, used, &signature, err);
	if (r < 0)
		return r;
	if (strcmp(used, signer->key_id) != 0)
		return fail(err, ESTALE, "the key %s was replaced while it signed", plan->key);
	envelope = (struct receipt_envelope){text, signer->key_id, signature};
	return receipt_envelope_encode(&envelope, ret_text, err);
}

/* Finds a receipt that an earlier command has signed and that the record of the key lists. Returns
 * 1, 0 or -errno. */
static int find_signed(const struct container *c, const struct receipt_log *log, char **ret_text,
	char digest[SHA256_TEXT], struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	struct nacre_error why;
	size_t length;
	int r = file_read(
		c->state_fd, RECEIPT_SIGNED_FILE, RECEIPT_ENVELOPE_MAX, &text, &length, &why);

	if (r < 0)
		return fail_except(r, ENOENT, &why, err);
	sha256_text(text, length, digest);
	r = receipt_chain_has(log, digest, err);
	if (r == 1)
		*ret_text = steal_ptr(text);
	return r;
}

/* The policy's directory belongs to root or the caller, so its files are found by name. */
static int write_to_directory(const struct container *c, const char *directory, const char *text,
	const char *digest, struct nacre_error *err)
{
	char path[PATH_MAX];
	struct stat st;

	if (lstat(directory, &st) < 0)
		return fail_errno(err, errno, "receipt_dir %s", directory);
	if (!S_ISDIR(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) ||
		st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(err, EPERM,
			"receipt_dir %s: it must be a directory that belongs to root or the "
			"caller, and that no other user may write to",
			directory);
	/* An ID can be used again. */
	if (snprintf(path, sizeof(path), "%s/%.128s-%.16s.json", directory, c->id, digest) >=
		(int)sizeof(path))
		return fail_errno(err, ENAMETOOLONG, "receipt_dir %s", directory);
	return receipt_file_write(path, text, err);
}

static int give_out(const struct container *c, const struct receipt_plan *plan, const char *text,
	const char *digest, struct nacre_error *err)
{
	int r = plan->file ? receipt_file_write(plan->file, text, err) : 0;

	if (r == 0 && plan->directory)
		r = write_to_directory(c, plan->directory, text, digest, err);
	/* From here on no receipt is planned any more. */
	if (r == 0 && unlinkat(c->state_fd, RECEIPT_PLAN_FILE, 0) < 0)
		r = fail_errno(
			err, errno, "remove \"" RECEIPT_PLAN_FILE "\" of container \"%s\"", c->id);
	return r;
}

static int write_receipt(struct life *l, const struct receipt_plan *plan,
	const struct signer *signer, struct nacre_error *err)
{
	const struct container *c = &l->container;
	struct receipt_statement statement;
	cleanup_free char *text = NULL;
	char digest[SHA256_TEXT];
	struct receipt_log log;
	/* Reads workspaces, which may take minutes, before others that sign with the key wait. */
	int r = collect(l, plan, signer, &statement, err);

	if (r == 0)
		r = receipt_chain_open(signer->key_id, &log, err);
	if (r < 0)
		return r;
	r = find_signed(c, &log, &text, digest, err);
	if (r == 0) {
		r = sign(plan, signer, &log, &statement, &text, err);
		if (r == 0) {
			sha256_text(text, strlen(text), digest);
			r = file_replace(
				c->state_fd, RECEIPT_SIGNED_FILE, text, strlen(text), 0600, err);
		}
		if (r == 0)
			r = receipt_chain_add(&log, digest, c->id, err);
	}
	if (r >= 0)
		r = give_out(c, plan, text, digest, err);
	(void)close(log.fd);
	return r;
}

/* Returns 0: the receipt is written. */
static int end(struct life *l, bool *ret_required, struct nacre_error *err)
{
	struct receipt_plan *plan;
	struct signer signer;
	int r = receipt_load_plan(&l->container, &plan, err);

	if (r < 0)
		return r;
	*ret_required = plan->required;
	r = end_processes(l, err);
	if (r == 0)
		r = receipt_key_id(plan->key, signer.key_id, signer.program, err);
	return r < 0 ? r : write_receipt(l, plan, &signer, err);
}

int receipt_end(struct life *l, struct nacre_error *err)
{
	const struct container *c = &l->container;
	/* A plan that cannot be read may require a receipt. */
	bool required = true;
	struct nacre_error why;
	int r;

	/* If create crashed before there was a record, nothing has run. */
	if (!receipt_is_planned(c->state_fd) ||
		faccessat(c->state_fd, "record", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	r = end(l, &required, &why);
	if (r == 0)
		return 0;
	(void)fail_prefix(&why, "receipt of container \"%s\"", c->id);
	if (!required) {
		(void)fail_prefix(&why, "there is none");
		container_warn(c, why.text);
		return 0;
	}
	*err = why;
	return r;
}
