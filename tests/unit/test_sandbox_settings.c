/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/sandbox_settings.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Suite *suite_sandbox_settings(void);

static struct arena *arena;
static struct nacre_error err;

static void setup(void)
{
	arena = arena_new(1 << 20);
	ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
	arena_free(arena);
}

static const struct {
	const char *text;
	const char *error;
} wrong[] = {
	/* clang-format off */
	{"", "s.json:1: "},
	{"[]", "s.json:1: expected an object, found an array"},
	{"{}", "s.json:1: version: is required"},
	{"{\"version\":2}", "s.json: version: this nacre does not support 2; expected 1"},
	{"{\"version\":1,\n\"reads\":[]}", "s.json:2: reads: is not known; valid are version, profile, allow,"},
	{"{\"version\":1,\"name\":\"x\"}", "s.json:1: name: is not known"},
	{"{\"version\":1,\"read\":\"/srv\"}", "s.json:1: read: expected an array"},
	{"{\"version\":1,\"read\":[1]}", "s.json:1: read[0]: expected a string"},
	{"{\"version\":1,\"memory\":1024}", "s.json:1: memory: expected a string"},
	{"{\"version\":1,\"memory\":\"\"}", "s.json:1: memory: must not be empty"},
	{"{\"version\":1,\"pids\":\"64\"}", "s.json:1: pids: expected an integer, found \"64\""},
	{"{\"version\":1,\"pids\":-1}", "s.json:1: pids: "},
	{"{\"version\":1,\"pids\":0}", "s.json: pids: expected a number above zero, found 0"},
	{"{\"version\":1,\"apply\":\"yes\"}", "s.json:1: apply: "},
	{"{\"version\":1,\"pids\":1,\"pids\":2}", "s.json:1: "},
	{"{\"version\":1} x", "s.json:1: "},
	/* clang-format on */
};

START_TEST(what_is_wrong_is_told_with_its_place)
{
	struct sandbox_settings *settings = NULL;

	ck_assert_int_eq(sandbox_settings_decode(arena, "s.json", wrong[_i].text,
				 strlen(wrong[_i].text), &settings, &err),
		-EINVAL);
	ck_assert_msg(!strncmp(err.text, wrong[_i].error, strlen(wrong[_i].error)), "%s", err.text);
	ck_assert_ptr_null(settings);
}
END_TEST

static const char all[] = "{\"version\": 1, \"profile\": \"strict\", \"allow\": [\"a\"], "
			  "\"require\": [\"b\"], \"userns\": \"shifted\", \"egress\": [\"c:1\", "
			  "\"d\"], \"workspace\": "
			  "[\"e\"], \"read\": [\"f\"], \"write\": [\"g\"], \"hide\": [\"h\"], "
			  "\"env\": [\"I=j=k\", \"L\"], \"apply\": \"never\", \"timeout\": \"1m\", "
			  "\"memory\": \"2G\", \"pids\": 64, \"cpus\": \"1.5\", \"tmp\": \"8M\", "
			  "\"receipt-key\": \"m\"}";
static const char *const words_of_all[] = {"--profile=strict", "--allow=a", "--require=b",
	"--userns=shifted", "--egress=c:1", "--egress=d", "--workspace=e", "--read=f", "--write=g",
	"--hide=h", "--env=I=j=k", "--env=L", "--apply=never", "--timeout=1m", "--memory=2G",
	"--pids=64", "--cpus=1.5", "--tmp=8M", "--receipt-key=m"};

static struct oci_strings words_of(const char *text)
{
	struct sandbox_settings *settings;
	struct oci_strings words;

	if (sandbox_settings_decode(arena, "s.json", text, strlen(text), &settings, &err) < 0 ||
		sandbox_settings_to_words(arena, settings, &words, &err) < 0)
		ck_abort_msg("%s", err.text);
	return words;
}

static void expect_all(const struct oci_strings *words)
{
	ck_assert_uint_eq(words->n, COUNT(words_of_all));
	for (size_t i = 0; i < words->n; i++)
		ck_assert_str_eq(words->items[i], words_of_all[i]);
}

START_TEST(each_is_an_option)
{
	const struct oci_strings words = words_of(all), none = words_of("{\"version\":1}");

	expect_all(&words);
	ck_assert_uint_eq(none.n, 0);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
	struct oci_strings words = words_of(all);
	struct sandbox_settings *settings;
	char *text;

	ck_assert_int_eq(sandbox_settings_from_words(arena, &words, &settings, &err), 0);
	ck_assert_int_eq(sandbox_settings_encode(settings, &text, &err), 0);
	words = words_of(text);
	expect_all(&words);
	free(text);
}
END_TEST

static const char *const no_settings[] = {
	"--name=x", "--version=1", "--pids", "-e=A", "", "read=x", "--=x"};

START_TEST(other_options_are_no_settings)
{
	const struct oci_strings words = {(const char **)&no_settings[_i], 1};
	struct sandbox_settings *settings;

	ck_assert_int_eq(sandbox_settings_from_words(arena, &words, &settings, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "has no setting"));
}
END_TEST

Suite *suite_sandbox_settings(void)
{
	Suite *suite = suite_create("sandbox_settings");
	TCase *tcase = tcase_create("sandbox_settings");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, what_is_wrong_is_told_with_its_place, 0, COUNT(wrong));
	tcase_add_test(tcase, each_is_an_option);
	tcase_add_test(tcase, what_is_written_is_read_again);
	tcase_add_loop_test(tcase, other_options_are_no_settings, 0, COUNT(no_settings));
	suite_add_tcase(suite, tcase);
	return suite;
}
