/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/id_block.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/file_lock.h"
#include "libcontainer/base/files.h"
#include "libcontainer/record/id_owners.h"
#include "libcontainer/record/state.h"

enum {
	ETC_MAX = 16 * 1024 * 1024, /* enough for 300,000 accounts */
	NAME_SIZE = 16, /* of a claim's name */
	KEYS_MAX = 16 * 1024 * 1024,
	LOCK_WAIT_S = 10,
	SWEPT = 4, /* how many other claims are checked per claim */
};

const struct id_block_places id_block_host = {
	.claims = "/run/nacre/.ids", .etc = "/etc", .keys = "/proc/key-users"};

/* -EOPNOTSUPP: nothing can be written there, so no claim is possible. */
static int no_claim(const struct id_block_places *places, int code, struct nacre_error *err)
{
	code = code < 0 ? -code : code;
	return fail(err, code == EROFS ? EOPNOTSUPP : code, "claim a block of ids in %s: %s",
		places->claims, strerrordesc_np(code));
}

static int open_claims(const struct id_block_places *places, struct nacre_error *err)
{
	cleanup_close int fd = -1;
	int r = file_make_parents(places->claims, 01700);

	if (r == 0 && mkdir(places->claims, 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r < 0)
		return no_claim(places, r, err);
	fd = open(places->claims, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, errno, "open %s", places->claims);
	r = state_check_owner(fd, places->claims, false, err);
	return r < 0 ? r : fd_steal(&fd);
}

/* close(2) alone would not unlock: a child that was forked meanwhile has the open file description
 * too. */
static void let_go(int *fd)
{
	if (*fd >= 0)
		file_unlock(*fd);
	fd_close(fd);
}

/* Whether the file still has its name: a removed one is no claim any more. */
static int is_there(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -errno : st.st_nlink > 0;
}

/* Opens the claim of BLOCK with FLAGS. Returns the fd or -errno. */
static int open_claim(int dir_fd, uint32_t block, int flags)
{
	char name[NAME_SIZE];
	int fd;

	(void)snprintf(name, sizeof(name), "%" PRIu32, block);
	fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

/* Takes a claim whose lock the caller has, unless it has an owner. Returns 1, 0 or -errno. */
static int take(int fd)
{
	cleanup_free char *owners = NULL;
	bool empty;
	int r = is_there(fd);

	if (r <= 0)
		return r;
	r = id_owners_read(fd, &owners);
	if (r < 0)
		return r;
	empty = !*owners;
	if (id_owners_any(owners))
		return 0;
	/* An empty file is not truncated: ext4 flushes a truncated file to the disk at close(2). */
	return !empty && ftruncate(fd, 0) < 0 ? -errno : 1;
}

/* Returns the fd of the claim, 0 if BLOCK is taken, or -errno. */
static int try_block(int dir_fd, uint32_t block)
{
	cleanup_close int fd = open_claim(dir_fd, block, O_RDWR | O_CREAT);
	int r;

	if (fd < 0)
		return fd;
	r = file_lock_try(fd);
	if (r > 0) {
		r = take(fd);
		if (r <= 0)
			let_go(&fd);
	}
	return r > 0 ? fd_steal(&fd) : r;
}

/* Whether BLOCK, which has keys, has an owner that this mount namespace sees. If not, the keys are
 * those of an owner that has just ended, or of a container with another /run. */
static bool has_known_owner(int dir_fd, uint32_t block)
{
	cleanup_close int fd = open_claim(dir_fd, block, O_RDONLY);
	cleanup_free char *owners = NULL;

	return fd >= 0 && id_owners_read(fd, &owners) == 0 && id_owners_any(owners);
}

/* Removes claims without an owner among the next blocks of RANGE. Claims are random, so each is met
 * sooner or later; a remaining one is free anyway. A claim with keys, in IN_USE, may have an owner
 * in another mount namespace. */
static void sweep(int dir_fd, struct id_blocks_range range, uint32_t block,
	const struct id_blocks_set *in_use)
{
	for (uint32_t i = 1; i <= SWEPT; i++) {
		const uint32_t next = range.first + (block - range.first + i) % range.n;
		char name[NAME_SIZE];
		cleanup_close int fd = -1;

		if (id_blocks_have(in_use, next))
			continue;
		(void)snprintf(name, sizeof(name), "%" PRIu32, next);
		fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || next == block || file_lock_try(fd) <= 0)
			continue;
		if (take(fd) > 0)
			(void)unlinkat(dir_fd, name, 0);
		let_go(&fd);
	}
}

static int look_at(struct id_blocks_set *set, const char *etc, struct nacre_error *err)
{
	static const struct {
		const char *name;
		void (*add)(struct id_blocks_set *set, const char *text);
	} files[] = {
		{"subuid", id_blocks_add_subids},
		{"subgid", id_blocks_add_subids},
		{"passwd", id_blocks_add_accounts},
		{"group", id_blocks_add_accounts},
	};
	cleanup_close int dir_fd = open(etc, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir_fd < 0)
		return fail_errno(err, errno, "open %s", etc);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		cleanup_close int fd = openat(dir_fd, files[i].name, O_RDONLY | O_CLOEXEC);
		cleanup_free char *text = NULL;
		size_t length;
		int r;

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return fail_errno(err, errno, "open %s/%s", etc, files[i].name);
		r = file_read_fd(fd, files[i].name, ETC_MAX, &text, &length, err);
		if (r < 0)
			return fail_prefix(err, "%s", etc);
		files[i].add(set, text);
	}
	return 0;
}

/* Reads the kernel's table of key owners; heap, the caller frees it. */
static int read_keys(const struct id_block_places *places, char **ret_text, struct nacre_error *err)
{
	size_t length;
	int r = file_read(AT_FDCWD, places->keys, KEYS_MAX, ret_text, &length, err);

	if (r == -ENOENT)
		return fail(
			err, EOPNOTSUPP, "the kernel has no keys (%s, CONFIG_KEYS)", places->keys);
	return r;
}

int id_block_count_keys(const struct id_block_places *places, uint32_t block, uint64_t *ret_keys,
	struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	int r = read_keys(places, &text, err);

	if (r < 0)
		return r;
	*ret_keys = id_blocks_count_keys(text, block);
	return 0;
}

int id_block_claim(const struct id_block_places *places, struct id_blocks_range range,
	uint32_t *ret_block, struct nacre_error *err)
{
	cleanup_close int dir_fd = open_claims(places, err);
	cleanup_free char *keys = NULL;
	struct id_blocks_set taken = {{0}};
	struct id_blocks_set in_use = {{0}};
	bool had_to_pass = false;
	uint32_t start = 0;
	int r = dir_fd < 0 ? dir_fd : look_at(&taken, places->etc, err);

	if (r == 0)
		r = read_keys(places, &keys, err);
	if (r < 0)
		return r;
	id_blocks_add_key_users(&in_use, keys);
	/* Starts at random, so that a new container rarely gets the ids of files that an earlier
	 * one left. */
	if (getrandom(&start, sizeof(start), 0) != sizeof(start))
		return fail_errno(err, errno, "getrandom");
	for (uint32_t i = 0; i < range.n; i++) {
		const uint32_t block = range.first + (start % range.n + i) % range.n;

		if (id_blocks_have(&taken, block))
			continue;
		if (id_blocks_have(&in_use, block)) {
			had_to_pass |= !has_known_owner(dir_fd, block);
			continue;
		}
		r = try_block(dir_fd, block);
		if (r < 0)
			return no_claim(places, r, err);
		if (r == 0)
			continue;
		sweep(dir_fd, range, block, &in_use);
		*ret_block = block;
		return r;
	}
	return fail(err, had_to_pass ? EAGAIN : ENOSPC,
		"each of the %u blocks of ids is taken, by a container, in %s or by the "
		"owner of a key: give a larger "
		"range (policy.json, user_namespace)",
		range.n, places->etc);
}

static void write_path(
	const struct id_block_places *places, uint32_t block, char ret_path[PATH_MAX])
{
	(void)snprintf(ret_path, PATH_MAX, "%s/%" PRIu32, places->claims, block);
}

/* Opens and locks a claim, unless it is removed or replaced before the lock is free. Others hold it
 * while they create or delete a container of the same pod. Returns the fd, -ENOENT without text:
 * there is no claim, or an error. */
static int lock_claim(const struct id_block_places *places, uint32_t block, struct nacre_error *err)
{
	char path[PATH_MAX];
	int r = 0;

	write_path(places, block, path);
	while (r == 0) {
		cleanup_close int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 && errno == ENOENT)
			return -ENOENT;
		r = fd < 0 ? -errno : file_lock_wait(fd, LOCK_WAIT_S);
		if (r == 0)
			r = is_there(fd);
		if (r > 0)
			return fd_steal(&fd);
		let_go(&fd);
	}
	return fail_errno(err, r, "lock %s", path);
}

int id_block_join(const struct id_block_places *places, uint32_t block, struct nacre_error *err)
{
	cleanup_close int dir_fd = open_claims(places, err);

	return dir_fd < 0 ? dir_fd : lock_claim(places, block, err);
}

/* Removes the claim; the caller holds its lock. */
static int unlink_claim(
	const struct id_block_places *places, uint32_t block, struct nacre_error *err)
{
	char path[PATH_MAX];

	write_path(places, block, path);
	return unlink(path) < 0 && errno != ENOENT ? fail_errno(err, errno, "remove %s", path) : 0;
}

void id_block_drop(const struct id_block_places *places, uint32_t block, int *claim_fd)
{
	struct nacre_error ignored; /* a claim without a lock is free as well */
	cleanup_free char *owners = NULL;

	if (*claim_fd >= 0 && id_owners_read(*claim_fd, &owners) == 0 && !id_owners_any(owners))
		(void)unlink_claim(places, block, &ignored);
	let_go(claim_fd);
}

/* Writes the owners AFTER in place of BEFORE to a claim whose lock the caller holds: the first one
 * to the claim itself, others with those before to a new file that takes its name. So a kill leaves
 * those that there were. */
static int write_owners(const struct id_block_places *places, uint32_t block, int claim_fd,
	const char *before, const char *after, struct nacre_error *err)
{
	char path[PATH_MAX];
	int r;

	write_path(places, block, path);
	if (*before)
		return file_replace(AT_FDCWD, path, after, strlen(after), 0600, err);
	r = file_write_at(claim_fd, after, strlen(after), 0);
	return r < 0 ? fail_errno(err, r, "write %s", path) : 0;
}

int id_block_keep(const struct id_block_places *places, uint32_t block, int *claim_fd, int state_fd,
	struct nacre_error *err)
{
	cleanup_free char *own = NULL, *before = NULL, *after = NULL;
	int r = id_owners_line(state_fd, &own);

	if (r == 0)
		r = id_owners_read(*claim_fd, &before);
	if (r == 0)
		r = id_owners_change(before, NULL, own, &after);
	if (r < 0)
		return fail_errno(err, r, "claim a block of ids for the state directory");
	r = write_owners(places, block, *claim_fd, before, after, err);
	if (r == 0)
		let_go(claim_fd);
	return r;
}

/* Removes the line OWN from a claim whose lock the caller holds; with the last line, the claim. */
static int remove_owner(const struct id_block_places *places, uint32_t block, int claim_fd,
	const char *own, struct nacre_error *err)
{
	cleanup_free char *before = NULL, *after = NULL;
	struct nacre_error ignored;
	int r = id_owners_read(claim_fd, &before);

	if (r == 0 && !strstr(before, own))
		return 0;
	if (r == 0)
		r = id_owners_change(before, own, NULL, &after);
	if (r < 0)
		return fail_errno(err, r, "%s/%" PRIu32, places->claims, block);
	if (!*after)
		return unlink_claim(places, block, err);
	/* Without room, the line stays, and counts for nothing once its directory is gone. */
	(void)write_owners(places, block, claim_fd, before, after, &ignored);
	return 0;
}

int id_block_free(
	const struct id_block_places *places, uint32_t block, int state_fd, struct nacre_error *err)
{
	cleanup_free char *own = NULL;
	cleanup_close int fd = -1;
	int r = id_owners_line(state_fd, &own);

	if (r < 0)
		return fail_errno(err, r, "the state directory");
	fd = lock_claim(places, block, err);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = remove_owner(places, block, fd, own, err);
	let_go(&fd);
	return r;
}
