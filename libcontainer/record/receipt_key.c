/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/receipt_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/companion.h"
#include "libcontainer/base/files.h"
#include "libcontainer/record/receipt_file.h"

#define TIMEOUT 60 /* seconds: a token may be slow */

bool receipt_key_is_uri(const char *name)
{
	const size_t scheme = strcspn(name, ":/");

	return scheme > 1 && name[scheme] == ':' && strncmp(name, "file:", scheme + 1) != 0;
}

int receipt_key_place(char ret_path[PATH_MAX], struct nacre_error *err)
{
	return receipt_file_place(
		"/etc/nacre", "XDG_CONFIG_HOME", ".config", "receipt.key", ret_path, err);
}

static int check_owner(
	const char *name, const struct stat *st, mode_t others, struct nacre_error *err)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return fail(err, EPERM,
			"%s belongs to user %u: it has to be the caller's or root's", name,
			st->st_uid);
	if (st->st_mode & others)
		return fail(err, EPERM,
			"%s has the mode %04o: take from others than its owner "
			"what they may do there (chmod go-%s)",
			name, st->st_mode & 07777, others & S_IRGRP ? "rwx" : "w");
	return 0;
}

/* Another user with write permission could put another key there. */
static int check_directory(const char *name, struct nacre_error *err)
{
	cleanup_free char *directory = strdup(name);
	char *slash = directory ? strrchr(directory, '/') : NULL;
	struct stat st;

	if (!directory)
		return fail_errno(err, ENOMEM, "key %s", name);
	if (slash)
		slash[slash == directory] = '\0';
	if (stat(slash ? directory : ".", &st) < 0)
		return fail_errno(err, errno, "directory of the key %s", name);
	/* In a sticky directory such as /tmp, others cannot replace the file. */
	return check_owner(slash ? directory : "its directory", &st,
		st.st_mode & S_ISVTX ? 0 : S_IWGRP | S_IWOTH, err);
}

static int check_file(const char *name, int fd, struct nacre_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "%s", name);
	if (!S_ISREG(st.st_mode))
		return fail(err, EPERM, "%s is no regular file", name);
	if (st.st_nlink != 1)
		return fail(err, EPERM,
			"%s has %lu names: by another one a container might have it", name,
			(unsigned long)st.st_nlink);
	return check_owner(name, &st, S_IRWXG | S_IRWXO, err);
}

int receipt_key_open(const char *name, struct nacre_error *err)
{
	cleanup_close int fd = open(
		name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int r;

	if (fd < 0 && errno == ENOENT)
		return fail(err, ENOENT,
			"key %s: there is none: make one with \"nacre receipt keygen\"", name);
	if (fd < 0 && errno == ELOOP)
		return fail(err, EPERM, "key %s is a symlink: name the file itself", name);
	if (fd < 0)
		return fail_errno(err, errno, "key %s", name);
	r = check_file(name, fd, err);
	if (r == 0)
		r = check_directory(name, err);
	return r < 0 ? fail_prefix(err, "key") : fd_steal(&fd);
}

static int run_companion(const char *command, const char *uri, const int fds[2], const char *input,
	char **ret_output, struct nacre_error *err)
{
	const char *const arguments[] = {command, uri, NULL};
	const struct companion companion = {
		.name = "nacre-receipt",
		.arguments = arguments,
		.input = input,
		.fds = fds,
		.n_fds = fds[0] < 0   ? 0
			 : fds[1] < 0 ? 1
				      : 2,
		.timeout = TIMEOUT,
	};

	return companion_run(&companion, ret_output, err);
}

/* Runs the companion with the private key NAME. */
static int run_with_key(const char *command, const char *name, int program_fd, const char *input,
	char **ret_output, struct nacre_error *err)
{
	const char *uri = receipt_key_is_uri(name) ? name : NULL;
	cleanup_close int fd = uri ? -1 : receipt_key_open(name, err);
	int r = uri || fd >= 0 ? 0 : fd;

	if (r < 0)
		return r;
	/* The program's fd has the same number with and without a file of the key. */
	r = run_companion(command, uri, (const int[]){uri ? program_fd : fd, program_fd}, input,
		ret_output, err);
	return r < 0 ? fail_prefix(err, "key %s", name) : r;
}

/* Reads an id at the start of OUTPUT; *RET_REST: the text after it. */
static int take_id(const char *output, char ret_id[RECEIPT_ID_SIZE], const char **ret_rest,
	struct nacre_error *err)
{
	if (strspn(output, "0123456789abcdef") != RECEIPT_ID_SIZE - 1)
		return fail(err, EPROTO, "nacre-receipt: its answer is not understood");
	memcpy(ret_id, output, RECEIPT_ID_SIZE - 1);
	ret_id[RECEIPT_ID_SIZE - 1] = '\0';
	*ret_rest = output + RECEIPT_ID_SIZE - 1;
	return 0;
}

int receipt_key_id(const char *name, char ret_id[RECEIPT_ID_SIZE],
	char ret_program[RECEIPT_ID_SIZE], struct nacre_error *err)
{
	cleanup_close int program_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	cleanup_free char *output = NULL;
	const char *rest = "";
	int r;

	if (program_fd < 0)
		return fail_errno(err, errno, "/proc/self/exe");
	r = run_with_key("key-id", name, program_fd, NULL, &output, err);
	if (r == 0)
		r = take_id(output, ret_id, &rest, err);
	return r < 0 ? r : take_id(rest + (*rest == ' '), ret_program, &rest, err);
}

int receipt_key_sign(const char *name, const char *statement, char ret_id[RECEIPT_ID_SIZE],
	char **ret_signature, struct nacre_error *err)
{
	cleanup_free char *output = NULL;
	const char *rest = "";
	int r = run_with_key("sign", name, -1, statement, &output, err);

	if (r == 0)
		r = take_id(output, ret_id, &rest, err);
	if (r < 0)
		return r;
	if (*rest != ' ' || !rest[1])
		return fail(err, EPROTO, "nacre-receipt: its answer is not understood");
	*ret_signature = strdup(rest + 1);
	return *ret_signature ? 0 : fail_errno(err, ENOMEM, "sign");
}

int receipt_key_make(const char *name, char **ret_public, struct nacre_error *err)
{
	cleanup_free char *public_name = malloc(strlen(name) + sizeof(".pub"));
	cleanup_free char *public_key = NULL;
	struct receipt_file file, public_file;
	int r;

	if (!public_name)
		return fail_errno(err, ENOMEM, "key %s", name);
	(void)sprintf(public_name, "%s.pub", name);
	(void)file_make_parents(name, 0755); /* a failure of this makes the next call fail */
	receipt_file_init(&file);
	receipt_file_init(&public_file);
	r = receipt_file_begin(name, 0600, &file, err);
	if (r == 0)
		r = receipt_file_begin(public_name, 0644, &public_file, err);
	if (r == 0)
		r = run_companion(
			"keygen", NULL, (const int[]){file.fd, -1}, NULL, &public_key, err);
	if (r == 0)
		r = receipt_file_add(&public_file, public_key, err);
	/* The key first: if the command is killed in between, the public half can be had from it.
	 */
	if (r == 0)
		r = receipt_file_finish(&file, err);
	if (r == 0)
		r = receipt_file_finish(&public_file, err);
	receipt_file_done(&file);
	receipt_file_done(&public_file);
	if (r == 0)
		*ret_public = steal_ptr(public_key);
	return r;
}

int receipt_key_verify(const char *path, const char *statement, const char *signature,
	char ret_id[RECEIPT_ID_SIZE], struct nacre_error *err)
{
	const size_t size = strlen(signature) + strlen(statement) + 2;
	cleanup_close int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *input = malloc(size);
	cleanup_free char *output = NULL;
	const char *rest = "";
	int r;

	if (fd < 0)
		return fail_errno(err, errno, "public key %s", path);
	if (!input)
		return fail_errno(err, ENOMEM, "verify");
	(void)snprintf(input, size, "%s\n%s", signature, statement);
	r = run_companion("verify", NULL, (const int[]){fd, -1}, input, &output, err);
	if (r < 0)
		return r == -EBADMSG ? r : fail_prefix(err, "public key %s", path);
	return take_id(output, ret_id, &rest, err);
}
