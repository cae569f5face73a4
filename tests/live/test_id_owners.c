/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/id_owners.h"

#include "tests/live/id_block_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

Suite *suite_id_owners(void);

enum {
	BLOCK = 30000,
};

static const char claim_path[] = "run/.ids/30000";

static int claim(void)
{
	uint32_t block;

	return id_block_claim(&places, (struct id_blocks_range){BLOCK, 1}, &block, &err);
}

/* Adds a new state directory to the owners. */
static int make_owner(const char *name)
{
	int state = make_state(name), fd = id_block_join(&places, BLOCK, &err);

	if (fd == -ENOENT)
		fd = claim();
	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_int_eq(id_block_keep(&places, BLOCK, &fd, state, &err), 0);
	return state;
}

/* The names of the owners' directories, in order. */
static void assert_owners(const char *names)
{
	cleanup_close int fd = open(claim_path, O_RDONLY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	struct id_owner owner;
	char found[128] = "";

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(id_owners_read(fd, &text), 0);
	for (char *at = text; id_owners_next(&at, &owner);) {
		const char *name = owner.path ? strrchr(owner.path, '/') + 1 : "?";

		(void)snprintf(found + strlen(found), sizeof(found) - strlen(found), " %s", name);
	}
	ck_assert_str_eq(found, names);
}

START_TEST(a_claim_ends_with_its_last_owner)
{
	int one, two, three;

	ck_assert_int_eq(id_block_join(&places, BLOCK, &err), -ENOENT);
	one = make_owner("one");
	two = make_owner("two");
	three = make_owner("three");
	assert_owners(" one two three");
	ck_assert_int_eq(claim(), -ENOSPC);
	ck_assert_int_eq(id_block_free(&places, BLOCK, two, &err), 0);
	assert_owners(" one three");
	ck_assert_int_eq(id_block_free(&places, BLOCK, two, &err), 0);
	assert_owners(" one three");
	/* The first one goes first. */
	ck_assert_int_eq(id_block_free(&places, BLOCK, one, &err), 0);
	assert_owners(" three");
	ck_assert_int_eq(claim(), -ENOSPC);
	ck_assert_int_eq(id_block_free(&places, BLOCK, three, &err), 0);
	ck_assert_int_eq(access(claim_path, F_OK), -1);
	ck_assert_int_eq(id_block_join(&places, BLOCK, &err), -ENOENT);
}
END_TEST

START_TEST(an_owner_that_is_gone_counts_for_nothing)
{
	int fd;

	(void)make_owner("one");
	(void)make_owner("two");
	ck_assert_int_eq(rmdir("one"), 0);
	assert_owners(" two");
	ck_assert_int_eq(claim(), -ENOSPC);
	(void)make_owner("three");
	assert_owners(" two three");
	/* Another directory of that name. */
	ck_assert_int_eq(rename("two", "away"), 0);
	(void)make_state("two");
	assert_owners(" three");
	ck_assert_int_eq(rmdir("three"), 0);
	fd = claim();
	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_int_eq(id_block_keep(&places, BLOCK, &fd, make_state("four"), &err), 0);
	assert_owners(" four");
}
END_TEST

/* It does not grow with each container that a pod has had. */
START_TEST(lines_of_owners_that_are_gone_are_used_again)
{
	struct stat before, after;

	(void)make_owner("one");
	(void)make_owner("two");
	ck_assert_int_eq(stat(claim_path, &before), 0);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(rmdir("two"), 0);
		(void)make_owner("two");
	}
	ck_assert_int_eq(stat(claim_path, &after), 0);
	ck_assert_int_le(after.st_size, before.st_size + 8); /* inode numbers differ in length */
	assert_owners(" one two");
}
END_TEST

/* An earlier version reads the first line alone, and takes the block if its owner is gone. */
START_TEST(the_first_line_has_an_owner)
{
	cleanup_free char *text = NULL;
	cleanup_close int fd = -1;
	int one = make_owner("one-with-a-long-name"), at = 0;
	uintmax_t device, inode;

	(void)make_owner("two");
	ck_assert_int_eq(id_block_free(&places, BLOCK, one, &err), 0);
	fd = open(claim_path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(id_owners_read(fd, &text), 0);
	ck_assert_int_eq(sscanf(text, "%ju %ju %n", &device, &inode, &at), 2);
	text[strcspn(text, "\n")] = '\0';
	ck_assert_int_eq(access(text + at, F_OK), 0);
}
END_TEST

/* As a kill in the middle of it. */
static int keep_cut(int *claim_fd, int state_fd, rlim_t bytes)
{
	struct rlimit before, cut;
	int r;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	cut = (struct rlimit){bytes, before.rlim_max};
	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &cut), 0);
	r = id_block_keep(&places, BLOCK, claim_fd, state_fd, &err);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	return r;
}

/* Whatever the number of bytes is that are written, all lines of before stay. */
START_TEST(a_line_that_is_cut_takes_none_of_the_others_along)
{
	const int one = make_owner("one");
	struct stat st;

	(void)make_owner("two");
	(void)make_owner("three");
	(void)make_owner("four");
	ck_assert_int_eq(rmdir("one"), 0); /* its line goes with the next change */
	ck_assert_int_eq(stat(claim_path, &st), 0);
	for (rlim_t bytes = 0; bytes < (rlim_t)st.st_size; bytes++) {
		int fd = id_block_join(&places, BLOCK, &err);

		ck_assert_msg(fd >= 0, "%s", err.text);
		ck_assert_int_eq(keep_cut(&fd, one, bytes), -EFBIG);
		id_block_drop(&places, BLOCK, &fd);
		assert_owners(" two three four");
	}
	ck_assert_int_eq(rmdir("three"), 0);
	(void)make_owner("five");
	assert_owners(" two four five");
}
END_TEST

START_TEST(a_first_line_that_is_cut_is_no_owner)
{
	const int state = make_state("one");

	for (rlim_t bytes = 0; bytes < 20; bytes++) {
		int fd = claim();

		ck_assert_msg(fd >= 0, "after %d bytes: %s", (int)bytes - 1, err.text);
		ck_assert_int_eq(keep_cut(&fd, state, bytes), -EFBIG);
		ck_assert_int_eq(close(fd), 0); /* as a kill does, not id_block_drop */
	}
	(void)make_owner("two");
	assert_owners(" two");
}
END_TEST

/* Who waits for the lock finds the file that has taken the claim's name. */
START_TEST(who_waits_for_a_claim_that_is_replaced_takes_the_other)
{
	const int one = make_owner("one"), held = id_block_join(&places, BLOCK, &err);
	const pid_t pid = fork();
	int fd = held, status;

	ck_assert_int_ge(held, 0);
	if (pid == 0) {
		(void)close(held);
		_exit(id_block_free(&places, BLOCK, one, &err) < 0);
	}
	ck_assert_int_eq(usleep(100000), 0);
	ck_assert_int_eq(id_block_keep(&places, BLOCK, &fd, make_state("two"), &err), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	assert_owners(" two");
}
END_TEST

/* Without room in /run, a container of a pod can still be deleted. */
START_TEST(who_leaves_needs_no_room)
{
	const int one = make_owner("one");
	struct rlimit before, cut;

	(void)make_owner("two");
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	cut = (struct rlimit){0, before.rlim_max};
	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &cut), 0);
	ck_assert_int_eq(id_block_free(&places, BLOCK, one, &err), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_int_eq(rmdir("one"), 0);
	assert_owners(" two");
}
END_TEST

START_TEST(who_joins_holds_the_claim_and_leaves_it_to_the_others)
{
	int one = make_owner("one"), fd = id_block_join(&places, BLOCK, &err);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(claim(), -ENOSPC);
	id_block_drop(&places, BLOCK, &fd);
	ck_assert_int_eq(fd, -1);
	assert_owners(" one");
	/* The pod ends meanwhile. */
	fd = id_block_join(&places, BLOCK, &err);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(rmdir("one"), 0);
	ck_assert_int_eq(claim(), -ENOSPC);
	ck_assert_int_eq(id_block_keep(&places, BLOCK, &fd, make_state("two"), &err), 0);
	assert_owners(" two");
	ck_assert_int_eq(id_block_free(&places, BLOCK, one, &err), 0);
	assert_owners(" two");
}
END_TEST

START_TEST(a_line_of_another_form_is_an_owner)
{
	int fd, one = make_owner("one");

	fd = open(claim_path, O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_assert_int_eq(write(fd, "a later version\n", 16), 16);
	ck_assert_int_eq(close(fd), 0);
	assert_owners(" one ?");
	ck_assert_int_eq(id_block_free(&places, BLOCK, one, &err), 0);
	assert_owners(" ?");
	ck_assert_int_eq(claim(), -ENOSPC);
}
END_TEST

Suite *suite_id_owners(void)
{
	Suite *s = suite_create("id_owners");
	TCase *tc = tcase_create("owners");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_claim_ends_with_its_last_owner);
	tcase_add_test(tc, an_owner_that_is_gone_counts_for_nothing);
	tcase_add_test(tc, lines_of_owners_that_are_gone_are_used_again);
	tcase_add_test(tc, the_first_line_has_an_owner);
	tcase_add_test(tc, a_line_that_is_cut_takes_none_of_the_others_along);
	tcase_add_test(tc, a_first_line_that_is_cut_is_no_owner);
	tcase_add_test(tc, who_waits_for_a_claim_that_is_replaced_takes_the_other);
	tcase_add_test(tc, who_leaves_needs_no_room);
	tcase_add_test(tc, who_joins_holds_the_claim_and_leaves_it_to_the_others);
	tcase_add_test(tc, a_line_of_another_form_is_an_owner);
	suite_add_tcase(s, tc);
	return s;
}
