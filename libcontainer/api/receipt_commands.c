/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/record/receipt_key.h"
#include "specs/escape.h"
#include "specs/receipt.h"
#include "specs/receipt_envelope.h"
#include "specs/sha256.h"

/* The calls on receipts that need no container. */

int nacre_receipt_keygen(const char *key, char **ret_public, struct nacre_error *err)
{
	char path[PATH_MAX];
	int r = key ? 0 : receipt_key_place(path, err);

	return r < 0 ? r : receipt_key_make(key ? key : path, ret_public, err);
}

/* A receipt that was read. */
struct opened {
	const char *name; /* of the file, escaped: the answer is a line per receipt */
	char digest[SHA256_TEXT]; /* digest of the file */
	struct receipt_envelope *envelope;
	struct receipt_statement *statement;
};

static int open_receipt(
	struct arena *arena, const char *file, struct opened *ret_opened, struct nacre_error *err)
{
	cleanup_free char *escaped = escape_name(file, strlen(file));
	cleanup_free char *text = NULL;
	const char *name = escaped ? arena_strdup(arena, escaped) : NULL;
	struct opened opened = {.name = name};
	cleanup_close int fd = -1;
	size_t length;
	int r;

	if (!name)
		return fail_errno(err, ENOMEM, "receipt");
	fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, errno, "%s", file);
	r = file_read_fd(fd, name, RECEIPT_ENVELOPE_MAX, &text, &length, err);
	if (r == 0)
		r = receipt_envelope_decode(arena, name, text, length, &opened.envelope, err);
	if (r == 0)
		r = receipt_statement_decode(arena, name, opened.envelope->payload,
			strlen(opened.envelope->payload), &opened.statement, err);
	if (r < 0)
		return r;
	sha256_text(text, length, opened.digest);
	*ret_opened = opened;
	return 0;
}

int nacre_receipt_show(const char *file, char **ret_text, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	struct opened opened;
	int r = arena ? open_receipt(arena, file, &opened, err)
		      : fail_errno(err, ENOMEM, "receipt");

	return r < 0 ? r : receipt_statement_text(opened.statement, ret_text, err);
}

/* --- verify --- */

struct verification {
	FILE *out;
	bool good;
};

__attribute__((format(printf, 2, 3))) static void say_bad(
	struct verification *v, const char *format, ...)
{
	va_list arguments;

	v->good = false;
	va_start(arguments, format);
	(void)vfprintf(v->out, format, arguments);
	va_end(arguments);
	(void)fputc('\n', v->out);
}

/* A mismatch is an answer and not an error. */
static int verify_one(struct verification *v, const char *key, const struct opened *opened,
	struct nacre_error *err)
{
	const struct receipt_chain *chain = &opened->statement->predicate.chain;
	char id[RECEIPT_ID_SIZE];
	struct nacre_error why;
	int r = receipt_key_verify(
		key, opened->envelope->payload, opened->envelope->signature, id, &why);

	if (r == -EBADMSG) {
		say_bad(v, "%s: %s", opened->name, why.text);
		return 0;
	}
	if (r < 0) {
		*err = why;
		return r;
	}
	if (strcmp(id, opened->envelope->key_id) != 0 || strcmp(id, chain->key_id) != 0)
		say_bad(v, "%s: it names another key than the one that has signed it",
			opened->name);
	else
		(void)fprintf(v->out, "%s: verified: container %s, number %" PRIu64 " of key %s\n",
			opened->name, opened->statement->predicate.invocation.id, chain->sequence,
			id);
	return 0;
}

static int by_sequence(const void *a, const void *b)
{
	const uint64_t x = ((const struct opened *)a)->statement->predicate.chain.sequence;
	const uint64_t y = ((const struct opened *)b)->statement->predicate.chain.sequence;

	return x < y ? -1 : x > y;
}

static void verify_chain(struct verification *v, struct opened *all, size_t n)
{
	qsort(all, n, sizeof(*all), by_sequence);
	for (size_t i = 1; i < n; i++) {
		const struct receipt_chain *before = &all[i - 1].statement->predicate.chain;
		const struct receipt_chain *chain = &all[i].statement->predicate.chain;

		if (chain->sequence == before->sequence)
			say_bad(v, "%s and %s: both have the number %" PRIu64, all[i - 1].name,
				all[i].name, chain->sequence);
		else if (chain->sequence != before->sequence + 1)
			say_bad(v, "missing: %" PRIu64 " to %" PRIu64, before->sequence + 1,
				chain->sequence - 1);
		else if (!chain->previous_sha256 ||
			 strcmp(chain->previous_sha256, all[i - 1].digest) != 0)
			say_bad(v, "%s: %s is not the receipt that came before it", all[i].name,
				all[i - 1].name);
	}
}

static int verify_changes(struct verification *v, const struct opened *opened, const char *changes,
	struct nacre_error *err)
{
	const struct receipt_subject *subject = &opened->statement->subjects[0];
	cleanup_free char *name = escape_name(changes, strlen(changes));
	cleanup_free char *text = NULL;
	cleanup_close int fd = -1;
	char digest[SHA256_TEXT];
	size_t length;
	int r;

	if (!name)
		return fail_errno(err, ENOMEM, "receipt");
	fd = open(changes, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, errno, "--changes: %s", changes);
	r = file_read_fd(fd, name, (size_t)1 << 30, &text, &length, err);
	if (r < 0)
		return r;
	sha256_text(text, length, digest);
	if (strcmp(digest, subject->digest.sha256) != 0)
		say_bad(v,
			"%s: it is not the list of changes that %s names: the digest of that is %s",
			name, opened->name, subject->digest.sha256);
	return 0;
}

static int verify(struct arena *arena, const char *key, const char *const *files,
	const char *changes, struct verification *v, struct nacre_error *err)
{
	struct opened *all;
	size_t n = 0, found = 0;
	int r = 0;

	while (files[n])
		n++;
	all = arena_array(arena, n + 1, sizeof(*all));
	if (!all)
		return arena_fail(arena, "receipt", err);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct nacre_error why;

		r = open_receipt(arena, files[i], &all[found], &why);
		/* An invalid receipt counts as changed. */
		if (r == -EINVAL || r == -E2BIG || r == -EILSEQ) {
			say_bad(v, "%s", why.text);
			r = 0;
		} else if (r < 0) {
			*err = why;
		} else {
			r = verify_one(v, key, &all[found++], err);
		}
	}
	if (r == 0)
		verify_chain(v, all, found);
	return r == 0 && changes && found == 1 ? verify_changes(v, &all[0], changes, err) : r;
}

int nacre_receipt_verify(const char *key, const char *const *files, const char *changes,
	char **ret_text, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	struct verification v = {.good = true};
	char *text = NULL;
	size_t size = 0;
	int r;

	if (!files[0] || (changes && files[1]))
		return fail(err, EINVAL,
			files[0] ? "--changes is for one receipt alone" : "no receipt is named");
	v.out = arena ? open_memstream(&text, &size) : NULL;
	if (!v.out)
		return fail_errno(err, ENOMEM, "receipt");
	r = verify(arena, key, files, changes, &v, err);
	if (fclose(v.out) != 0 && r == 0)
		r = fail_errno(err, ENOMEM, "receipt");
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	return v.good;
}
