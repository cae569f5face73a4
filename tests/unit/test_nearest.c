/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/nearest.h"

#include <stdbool.h>
#include <string.h>

#include <check.h>

Suite *suite_nearest(void);

static const char *const commands[] = {"create", "start", "run", "exec", "kill", "delete", "list",
	"state", "ps", "pause", "resume", "checkpoint", "restore", NULL};

static const char *nearest_of(const char *given, const char *const *words)
{
	static struct nearest nearest;

	nearest = (struct nearest){.given = given};
	for (; *words; words++)
		nearest_offer(&nearest, *words);
	return nearest.word;
}

static const struct {
	const char *given;
	const char *word;
} cases[] = {
	/* clang-format off */
	{"satrt", "start"}, /* two swapped */
	{"strt", "start"}, /* one missing */
	{"starrt", "start"}, /* one too many */
	{"stort", "start"}, /* one wrong */
	{"START", "start"}, /* the case alone */
	{"chekcpiont", "checkpoint"}, /* two pairs swapped: three letters of ten may be wrong */
	{"rune", "run"},
	{"ilst", "list"},
	{"no-such", ""},
	{"pre-start", ""}, /* of nine letters, four */
	{"abcde", ""},
	{"PS", "ps"},
	{"pss", ""}, /* three letters */
	{"", ""},
	{"r", ""}, /* a letter is near to every short word */
	{"sxaxt", ""}, /* two of five */
	/* clang-format on */
};

START_TEST(a_word_is_near_to_what_it_misspells)
{
	ck_assert_str_eq(nearest_of(cases[_i].given, commands), cases[_i].word);
}
END_TEST

START_TEST(the_nearest_one_wins_and_of_two_the_first)
{
	static const char *const words[] = {"memory-swap", "memory-reserve", "memory-swaps", NULL};
	static const char *const twins[] = {"cart", "card", NULL};

	ck_assert_str_eq(nearest_of("memory-swa", words), "memory-swap");
	ck_assert_str_eq(nearest_of("memory-swaps", words), "memory-swaps");
	ck_assert_str_eq(nearest_of("carb", twins), "cart");
}
END_TEST

START_TEST(what_both_begin_with_says_nothing)
{
	static const char *const words[] = {"CAP_FOWNER", "cpu-quota", "cpu-period", NULL};

	ck_assert_str_eq(nearest_of("CAP_OTHER", words), "");
	ck_assert_str_eq(nearest_of("CAP_FOWNR", words), "CAP_FOWNER");
	ck_assert_str_eq(nearest_of("cpu-share", words), "");
	ck_assert_str_eq(nearest_of("cpu-qouta", words), "cpu-quota");
	ck_assert_str_eq(nearest_of("cpu-", words), "");
}
END_TEST

START_TEST(a_word_may_have_a_second_spelling)
{
	struct nearest nearest = {.given = "NET_RAW"};
	char hint[NEAREST_HINT];

	nearest_offer(&nearest, "cap:CAP_NET_RAW");
	ck_assert_str_eq(nearest_hint(&nearest, hint), "");
	nearest_offer_as(&nearest, "NET_RAW", "cap:CAP_NET_RAW");
	ck_assert_str_eq(nearest_hint(&nearest, hint), " (did you mean cap:CAP_NET_RAW?)");
}
END_TEST

/* Every pair of lengths up to one more than fits, so that a sanitizer sees a row that is too short.
 */
START_TEST(long_words_are_near_up_to_a_bound)
{
	char given[NEAREST_MAX + 2], word[NEAREST_MAX + 2], hint[NEAREST_HINT];

	for (size_t n = 2; n <= NEAREST_MAX + 1; n++) {
		for (size_t m = 2; m <= NEAREST_MAX + 1; m++) {
			struct nearest nearest = {.given = given};
			size_t longer = n > m ? n : m, more = n > m ? n - m : m - n;
			bool near = more <= (longer < 4 ? 0 : longer < 6 ? 1 : longer / 3);

			memset(given, 'x', n);
			memset(word, 'x', m);
			given[n] = word[m] = '\0';
			nearest_offer(&nearest, word);
			ck_assert_str_eq(nearest.word, near && longer <= NEAREST_MAX ? word : "");
			ck_assert_uint_lt(
				strlen(nearest_hint(&nearest, hint)), (size_t)NEAREST_HINT);
		}
	}
}
END_TEST

Suite *suite_nearest(void)
{
	Suite *suite = suite_create("nearest");
	TCase *tc = tcase_create("nearest");

	tcase_add_loop_test(tc, a_word_is_near_to_what_it_misspells, 0,
		(int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, the_nearest_one_wins_and_of_two_the_first);
	tcase_add_test(tc, what_both_begin_with_says_nothing);
	tcase_add_test(tc, a_word_may_have_a_second_spelling);
	tcase_add_test(tc, long_words_are_near_up_to_a_bound);
	suite_add_tcase(suite, tc);
	return suite;
}
