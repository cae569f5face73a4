/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/id_block_fixture.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

Suite *suite_id_block(void);

enum {
	WORKERS = 12,
	ROUNDS = 1000, /* claims in all, at the least */
	BLOCKS = 40, /* few, so that those of killed workers are needed again */
	FIRST = 30000,
	TWO_OWNERS = 3, /* exit statuses of a worker */
	FAILED = 4,
};

static const struct id_blocks_range range = {FIRST, BLOCKS};

static int claim_of(struct id_blocks_range of, uint32_t *block)
{
	return id_block_claim(&places, of, block, &err);
}

/* A block of OF is free. */
static void take_and_drop(struct id_blocks_range of)
{
	uint32_t block;
	int claim = claim_of(of, &block);

	ck_assert_int_ge(claim, 0);
	id_block_drop(&places, block, &claim);
}

/* The kernel's table has keys of the block FIRST. */
static void show_keys(void)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%u:     2 2/2 2/200 30/20000\n", FIRST * 65536);
	write_file(keys, text);
}

START_TEST(a_claim_is_held_dropped_kept_and_freed)
{
	static const struct id_blocks_range one = {FIRST, 1};
	uint32_t block, other;
	int claim = claim_of(one, &block), state = make_state("state");

	ck_assert_msg(claim >= 0, "%s", err.text);
	ck_assert_uint_eq(block, FIRST);
	ck_assert_int_eq(claim_of(one, &other), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.text, "policy.json, user_namespace"));
	id_block_drop(&places, block, &claim);
	ck_assert_int_eq(claim, -1);

	claim = claim_of(one, &block);
	ck_assert_int_ge(claim, 0);
	ck_assert_int_eq(id_block_keep(&places, block, &claim, state, &err), 0);
	ck_assert_int_eq(claim, -1);
	ck_assert_int_eq(claim_of(one, &other), -ENOSPC);

	ck_assert_int_eq(id_block_free(&places, block, state, &err), 0);
	ck_assert_int_eq(id_block_free(&places, block, state, &err), 0);
	take_and_drop(one);
}
END_TEST

START_TEST(a_claim_of_a_state_that_is_gone_is_free)
{
	static const struct id_blocks_range one = {FIRST, 1};
	uint32_t block;
	int state = make_state("state"), claim = claim_of(one, &block), other;

	ck_assert_int_eq(id_block_keep(&places, block, &claim, state, &err), 0);
	ck_assert_int_eq(rename("state", "away"), 0);
	other = make_state("state"); /* a later container of that name */
	claim = claim_of(one, &block);
	ck_assert_msg(claim >= 0, "%s", err.text);
	ck_assert_int_eq(id_block_keep(&places, block, &claim, other, &err), 0);
	/* The first one takes nothing back that is not its own. */
	ck_assert_int_eq(id_block_free(&places, block, state, &err), 0);
	ck_assert_int_eq(claim_of(one, &block), -ENOSPC);
}
END_TEST

START_TEST(claims_without_an_owner_are_swept_and_others_are_not)
{
	static const struct id_blocks_range five = {FIRST, 5};
	int kept = make_state("kept"), claims_fds[4];
	uint32_t blocks[4];

	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_ge(claims_fds[i] = claim_of(five, &blocks[i]), 0);
	for (unsigned i = 0; i < 4; i++) {
		int state = i ? make_state("state") : kept;

		ck_assert_int_eq(id_block_keep(&places, blocks[i], &claims_fds[i], state, &err), 0);
		ck_assert_int_eq(i ? rmdir("state") : 0, 0);
	}
	take_and_drop(five);
	ck_assert_int_eq(system("[ $(ls run/.ids | wc -l) = 1 ] && grep -q /kept$ run/.ids/*"), 0);
}
END_TEST

/* Whoever waits for the keys of a container that lives waits in vain. */
START_TEST(a_block_with_keys_and_an_owner_is_not_waited_for)
{
	static const struct id_blocks_range one = {FIRST, 1};
	int state = make_state("state"), claim;
	uint32_t block;

	claim = claim_of(one, &block);
	ck_assert_int_eq(id_block_keep(&places, block, &claim, state, &err), 0);
	show_keys();
	ck_assert_int_eq(claim_of(one, &block), -ENOSPC);
	ck_assert_int_eq(rmdir("state"), 0);
	ck_assert_int_eq(claim_of(one, &block), -EAGAIN);
	write_file(keys, "");
	take_and_drop(one);
}
END_TEST

START_TEST(claims_with_keys_are_not_swept)
{
	static const struct id_blocks_range two = {FIRST, 2};
	static const struct id_blocks_range one = {FIRST, 1};
	int state = make_state("state"), claim;
	uint32_t block;

	claim = claim_of(one, &block);
	ck_assert_int_eq(id_block_keep(&places, block, &claim, state, &err), 0);
	ck_assert_int_eq(rmdir("state"), 0); /* as another mount namespace shows it */
	show_keys();
	claim = claim_of(two, &block);
	ck_assert_uint_eq(block, FIRST + 1);
	ck_assert_int_eq(access("run/.ids/30000", F_OK), 0);
	id_block_drop(&places, block, &claim);
}
END_TEST

START_TEST(a_child_does_not_keep_what_was_let_go)
{
	static const struct id_blocks_range one = {FIRST, 1};
	uint32_t block;
	int claim = claim_of(one, &block), state = make_state("state");
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	ck_assert_int_eq(id_block_keep(&places, block, &claim, state, &err), 0);
	ck_assert_int_eq(id_block_free(&places, block, state, &err), 0);
	claim = claim_of(one, &block);
	ck_assert_msg(claim >= 0, "%s", err.text);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

START_TEST(what_etc_gives_away_is_passed_over)
{
	static const struct id_blocks_range four = {1, 4};
	uint32_t block;

	write_file("etc/subuid", "me:65536:65536\n");
	write_file("etc/subgid", "me:131072:65536\n");
	write_file("etc/passwd", "far:x:196608:0::/:\n");
	ck_assert_int_ge(claim_of(four, &block), 0);
	ck_assert_uint_eq(block, 4);
	write_file("etc/group", "far:x:262150:\n");
	ck_assert_int_eq(claim_of((struct id_blocks_range){4, 1}, &block), -ENOSPC);
	/* Another kind of file there is no answer. */
	ck_assert_int_eq(unlink("etc/group"), 0);
	ck_assert_int_eq(mkdir("etc/group", 0755), 0);
	ck_assert_int_eq(claim_of(four, &block), -EISDIR);
}
END_TEST

/* Which the kernel has of a container that sees other claims. */
START_TEST(a_block_whose_ids_have_keys_is_passed_over)
{
	static const struct id_blocks_range two = {FIRST, 2}, one = {FIRST, 1};
	uint32_t block;
	uint64_t n;
	int claim;

	write_file(keys,
		"    0:     9 8/8 3/1000000 56/25000000\n1966145535:     2 2/2 2/200 22/20000\n");
	claim = claim_of(two, &block);
	ck_assert_int_ge(claim, 0);
	ck_assert_uint_eq(block, FIRST + 1);
	ck_assert_int_eq(claim_of(one, &block), -EAGAIN);
	ck_assert_int_eq(id_block_count_keys(&places, FIRST, &n, &err), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(unlink(keys), 0);
	ck_assert_int_eq(claim_of(one, &block), -EOPNOTSUPP);
	ck_assert_int_eq(id_block_count_keys(&places, FIRST, &n, &err), -EOPNOTSUPP);
}
END_TEST

START_TEST(a_directory_of_others_is_not_believed)
{
	uint32_t block;

	ck_assert_int_eq(mkdir("run", 0700), 0);
	ck_assert_int_eq(mkdir("run/.ids", 0777), 0);
	ck_assert_int_eq(chmod("run/.ids", 0777), 0);
	ck_assert_int_eq(claim_of(range, &block), -EPERM);
}
END_TEST

/* Locks its byte of the file, by a lock that goes with the process, and before that of the claim:
 * files are closed from the lowest number up. */
static void be_the_only_one(int owners_fd, uint32_t block, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = block, .l_len = 1};

	if (fcntl(owners_fd, F_SETLK, &lock) < 0)
		_exit(TWO_OWNERS);
}

/* One life of a container, at whose end nothing of it is left. */
static void live(int owners_fd, unsigned number, unsigned round)
{
	char state[32], kept[32];
	int claim, state_fd;
	uint32_t block;

	claim = claim_of(range, &block);
	if (claim == -ENOSPC)
		return;
	if (claim < 0)
		_exit(FAILED);
	(void)snprintf(kept, sizeof(kept), "kept/%u", block);
	be_the_only_one(owners_fd, block, F_WRLCK);
	if (access(kept, F_OK) == 0)
		_exit(TWO_OWNERS);
	(void)snprintf(state, sizeof(state), "state-%u-%u-%u", number, (unsigned)getpid(), round);
	if (mkdir(state, 0700) < 0)
		_exit(FAILED);
	state_fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state_fd < 0 || id_block_keep(&places, block, &claim, state_fd, &err) < 0)
		_exit(FAILED);
	if (mkdir(kept, 0700) < 0)
		_exit(TWO_OWNERS);
	be_the_only_one(owners_fd, block, F_UNLCK);
	if (rmdir(kept) < 0 || id_block_free(&places, block, state_fd, &err) < 0 ||
		close(state_fd) < 0 || rmdir(state) < 0)
		_exit(FAILED);
}

static pid_t work(unsigned number, int claims_fd)
{
	pid_t pid = fork();
	int owners_fd;

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	owners_fd = open("owners", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (unsigned round = 0; owners_fd >= 0; round++) {
		live(owners_fd, number, round);
		if (write(claims_fd, "x", 1) != 1)
			break;
	}
	_exit(FAILED);
}

/* Ends it as kill -9 does, wherever it is. What its state directory holds by then is held for good;
 * that of half of them is removed, as by `delete --force`. */
static void end(pid_t pid, bool remove)
{
	char command[192];
	int status;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status), "two owners, or a failure: %d", WEXITSTATUS(status));
	(void)snprintf(command, sizeof(command),
		"for s in state-*-%d-*; do [ -d $s ] || continue; k=$(grep -ls /$s$ run/.ids/*); "
		"[ -z \"$k\" ] || rm -rf kept/${k##*/}; rmdir $s; done",
		(int)pid);
	ck_assert_int_eq(remove ? system(command) : 0, 0);
}

START_TEST(no_block_has_two_owners_whoever_is_killed)
{
	pid_t pids[WORKERS];
	int ends[2];

	ck_assert_int_eq(mkdir("kept", 0700), 0);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		pids[i] = work(i, ends[1]);
	for (unsigned round = 0; round < ROUNDS; round++) {
		char byte;

		ck_assert_int_eq(read(ends[0], &byte, 1), 1);
		if (round % 8)
			continue;
		end(pids[round / 8 % WORKERS], round % 64);
		pids[round / 8 % WORKERS] = work(round / 8 % WORKERS, ends[1]);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		end(pids[i], true);
	/* And none was lost. */
	ck_assert_int_eq(system("rm -rf state-*"), 0);
	for (unsigned i = 0; i < BLOCKS; i++) {
		uint32_t block;

		ck_assert_msg(claim_of(range, &block) >= 0, "block %u: %s", i, err.text);
	}
}
END_TEST

Suite *suite_id_block(void)
{
	Suite *s = suite_create("id_block");
	TCase *tc = tcase_create("claims");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_claim_is_held_dropped_kept_and_freed);
	tcase_add_test(tc, a_claim_of_a_state_that_is_gone_is_free);
	tcase_add_test(tc, claims_without_an_owner_are_swept_and_others_are_not);
	tcase_add_test(tc, a_block_with_keys_and_an_owner_is_not_waited_for);
	tcase_add_test(tc, claims_with_keys_are_not_swept);
	tcase_add_test(tc, a_child_does_not_keep_what_was_let_go);
	tcase_add_test(tc, what_etc_gives_away_is_passed_over);
	tcase_add_test(tc, a_block_whose_ids_have_keys_is_passed_over);
	tcase_add_test(tc, a_directory_of_others_is_not_believed);
	tcase_add_test(tc, no_block_has_two_owners_whoever_is_killed);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return s;
}
