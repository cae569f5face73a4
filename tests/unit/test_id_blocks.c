/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/id_blocks.h"

#include <check.h>

START_TEST(the_keys_of_a_block_are_those_of_all_its_ids)
{
	static const char text[] =
		"    0:     9 8/8 3/1000000 56/25000000\n65536:     2 2/2 2/200 22/20000\n"
		"131071:     1 3/0 3/200 22/20000\n 131072:     0 0/0 0/200 0/20000\nodd\n"
		"196608: 2\n262144 2 2/2\n";
	struct id_blocks_set set = {{0}};

	id_blocks_add_key_users(&set, text);
	ck_assert(id_blocks_have(&set, 0) && id_blocks_have(&set, 1) && id_blocks_have(&set, 2));
	ck_assert(!id_blocks_have(&set, 3) && !id_blocks_have(&set, 4));
	ck_assert_uint_eq(id_blocks_count_keys(text, 0), 8);
	ck_assert_uint_eq(id_blocks_count_keys(text, 1), 5);
	ck_assert_uint_eq(id_blocks_count_keys(text, 2), 0);
	ck_assert_uint_eq(id_blocks_count_keys(text, 3), 0);
}
END_TEST

Suite *suite_id_blocks(void);

START_TEST(only_whole_blocks_count)
{
	static const struct {
		uint32_t first_id, last_id, first, n;
	} cases[] = {
		{ID_BLOCKS_FIRST_ID, ID_BLOCKS_LAST_ID, 30521, 2245},
		{65536, 131071, 1, 1},
		{65537, 131071, 0, 0},
		{65536, 131070, 0, 0},
		{65535, 196607, 1, 2},
		{131072, 65536, 0, 0},
		{0, 65535, 0, 1},
		{0, UINT32_MAX, 0, 32768},
		{2147483648U, UINT32_MAX, 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct id_blocks_range range = id_blocks_between(
			cases[i].first_id, cases[i].last_id);

		ck_assert_msg(range.first == cases[i].first && range.n == cases[i].n, "%zu: %u %u",
			i, range.first, range.n);
	}
}
END_TEST

START_TEST(each_block_with_an_id_that_was_handed_out_is_taken)
{
	struct id_blocks_set set = {{0}};

	id_blocks_add_subids(&set,
		"root:1:2:3\nme:100000:65536\n# 6553600:1\n1000:655360:1\nodd:x:1\n"
		"empty:1310720:0\nhuge:2147418112:18446744073709551615\nbeyond:4294967296:1\n"
		"over:1966080:99999999999999999999\nlast:1376255:2");
	ck_assert(!id_blocks_have(&set, 0));
	ck_assert(id_blocks_have(&set, 1)); /* 100000 to 165535 */
	ck_assert(id_blocks_have(&set, 2));
	ck_assert(!id_blocks_have(&set, 3));
	ck_assert(id_blocks_have(&set, 10));
	ck_assert(!id_blocks_have(&set, 11));
	ck_assert(id_blocks_have(&set, 20) && id_blocks_have(&set, 21)); /* the last line */
	ck_assert(!id_blocks_have(&set, 22));
	ck_assert(!id_blocks_have(&set, 30));
	ck_assert(!id_blocks_have(&set, 32766));
	ck_assert(id_blocks_have(&set, 32767));
}
END_TEST

START_TEST(each_block_with_an_account_is_taken)
{
	struct id_blocks_set set = {{0}};

	id_blocks_add_accounts(&set,
		"root:x:0:0:root:/root:/bin/sh\n+::::::\nafar:x:131072:131072::/:\nno:x\n"
		"odd:x:196608x:\nteam:x:262144:me,you\nend:x:327680");
	ck_assert(id_blocks_have(&set, 0));
	ck_assert(!id_blocks_have(&set, 1));
	ck_assert(id_blocks_have(&set, 2));
	ck_assert(!id_blocks_have(&set, 3));
	ck_assert(id_blocks_have(&set, 4));
	ck_assert(id_blocks_have(&set, 5));
}
END_TEST

Suite *suite_id_blocks(void)
{
	Suite *s = suite_create("id_blocks");
	TCase *tc = tcase_create("blocks");

	tcase_add_test(tc, only_whole_blocks_count);
	tcase_add_test(tc, each_block_with_an_id_that_was_handed_out_is_taken);
	tcase_add_test(tc, each_block_with_an_account_is_taken);
	tcase_add_test(tc, the_keys_of_a_block_are_those_of_all_its_ids);
	suite_add_tcase(s, tc);
	return s;
}
