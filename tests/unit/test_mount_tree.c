/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include "specs/mount_tree.h"

#include <time.h>

static const char *remount_words[] = {"remount"};

/* A config's mounts, and what is known of each. */
static const struct {
	const char *destination;
	bool remount;
	size_t last_inside, subject;
} rows[] = {
	{"/a", false, 8, 0},
	{"/", false, 9, 1},
	{"a/b/..//b", false, 8, 2},
	{"/a", true, 0, 0},
	{"/a-b", false, 4, 4}, /* "-" is less than "/" */
	{"/a", false, 8, 5},
	{"/a", true, 0, 5},
	{"/none", true, 0, MOUNT_TREE_NONE},
	{"/a/b/c", false, 8, 8},
	{"/z", false, 9, 9},
	{NULL, false, 0, 10},
	{"/z/late", true, 0, MOUNT_TREE_NONE},
};

START_TEST(what_lies_inside_and_what_is_remounted)
{
	struct oci_mount mounts[COUNT(rows)] = {{0}};
	struct mount_tree tree;

	for (int i = 0; i < COUNT(rows); i++) {
		mounts[i].destination = rows[i].destination;
		mounts[i].options.items = remount_words;
		mounts[i].options.n = rows[i].remount;
	}
	ck_assert_int_eq(mount_tree_make(arena, mounts, COUNT(rows), &tree), 0);
	for (int i = 0; i < COUNT(rows); i++) {
		if (!rows[i].remount)
			ck_assert_msg(tree.last_inside[i] == rows[i].last_inside, "%d: %zu", i,
				tree.last_inside[i]);
		ck_assert_msg(tree.subject[i] == rows[i].subject, "%d: %zu", i, tree.subject[i]);
		ck_assert_int_eq(mount_tree_has_inside(&tree, (size_t)i),
			!rows[i].remount && rows[i].last_inside > (size_t)i);
	}
	ck_assert_int_eq(mount_tree_make(arena, NULL, 0, &tree), 0);
}
END_TEST

/* Seconds of the processor that strict takes for N mounts, of which each second lies in another,
 * and each fourth is remounted. The least of several, since others use the machine. */
static double seconds_of(size_t n)
{
	static const char *words[] = {"bind", "remount"};
	double least = 1e9;

	for (int tries = 0; tries < 5; tries++) {
		struct oci_config *config;
		clock_t begin;
		double took;

		fixture_teardown();
		fixture_setup();
		config = tight("", "", "", LIMITED ",\"cpu\":{\"quota\":5000}");
		config->n_mounts = n;
		config->mounts = arena_array(arena, n, sizeof(*config->mounts));
		for (size_t i = 0; i < n; i++) {
			config->mounts[i].destination = arena_printf(
				arena, i % 2 ? "/data/%zu/x" : "/data/%zu", i - i % 2);
			config->mounts[i].source = "/srv";
			config->mounts[i].options = (struct oci_strings){words, 1 + (i % 4 == 3)};
		}
		begin = clock();
		must(apply(config, "strict", ""));
		took = (double)(clock() - begin) / CLOCKS_PER_SEC;
		if (took < least)
			least = took;
	}
	return least;
}

/* Four times the mounts: 4 times the work where it is linear, 16 times where each looks at all. */
START_TEST(the_work_grows_with_the_mounts_and_not_with_their_square)
{
	double one = seconds_of(3000), four = seconds_of(12000);

	ck_assert_msg(four < 9 * one, "3000 mounts: %f s, 12000: %f s", one, four);
}
END_TEST

Suite *suite_mount_tree(void);

Suite *suite_mount_tree(void)
{
	Suite *suite = suite_create("mount_tree");
	TCase *tcase = tcase_create("mount_tree");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, what_lies_inside_and_what_is_remounted);
	tcase_add_test(tcase, the_work_grows_with_the_mounts_and_not_with_their_square);
	suite_add_tcase(suite, tcase);
	return suite;
}
