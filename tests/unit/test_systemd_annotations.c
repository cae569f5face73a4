/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "libcontainer/systemd/systemd.h"
#include "libcontainer/systemd/systemd_property.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_systemd_annotations(void);

static struct nacre_error err;

static int annotate(const char *name, const char *value, bool trusted, char **ret_text)
{
	char key[256];
	size_t length;
	FILE *out = open_memstream(ret_text, &length);
	int r;

	(void)snprintf(key, sizeof(key), "org.systemd.property.%s", name);
	r = systemd_property_of_annotation(out, name, key, value, trusted, &err);
	ck_assert_int_eq(fclose(out), 0);
	return r;
}

static const struct {
	const char *name, *value;
	const char *text;
} annotations[] = {
	/* clang-format off */
	{"CollectMode",     "'inactive-or-failed'", "CollectMode\ts\tinactive-or-failed\n"},
	{"Description",     "\"it's\"",             "Description\ts\tit's\n"},
	{"Description",     "'a \\'b\\' \\\\'",     "Description\ts\ta 'b' \\\n"},
	{"SendSIGHUP",      " true ",               "SendSIGHUP\tb\t1\n"},
	{"SendSIGHUP",      "false",                "SendSIGHUP\tb\t0\n"},
	{"TimeoutStopUSec", "uint64 5",             "TimeoutStopUSec\tt\t5\n"},
	{"TimeoutStopSec",  "7",                    "TimeoutStopUSec\tt\t7000000\n"},
	{"TimeoutStopSec",  "uint64 7",             "TimeoutStopUSec\tt\t7000000\n"},
	{"KillSignal",      "-2147483648",          "KillSignal\ti\t-2147483648\n"},
	{"KillSignal",      "@i 15",                "KillSignal\ti\t15\n"},
	{"CPUWeight",       "uint64 0xff",          "CPUWeight\tt\t255\n"},
	{"CPUWeight",       "1.5",                  "CPUWeight\td\t1.5\n"},
	{"CPUWeight",       "double 2",             "CPUWeight\td\t2\n"},
	{"After",           "['a.service', 'b']",   "After\tas\t+\ta.service\t+\tb\t-\n"},
	{"After",           "@as []",               "After\tas\t-\n"},
	{"AllowedCPUs",     "[byte 1, 2]",          "AllowedCPUs\tay\t+\t1\t+\t2\t-\n"},
	{"AllowedCPUs",     "@ay [1, 0x2]",         "AllowedCPUs\tay\t+\t1\t+\t2\t-\n"},
	{"DeviceAllow",     "[('/dev/null', 'rw'), ('/dev/zero', 'r')]",
		"DeviceAllow\ta(ss)\t+\t/dev/null\trw\t+\t/dev/zero\tr\t-\n"},
	{"Documentation",   "@o '/a'",              "Documentation\to\t/a\n"},
	/* clang-format on */
};

START_TEST(annotations_are_typed_by_their_text)
{
	char *text;

	ck_assert_msg(annotate(annotations[_i].name, annotations[_i].value, true, &text) == 0, "%s",
		err.text);
	ck_assert_str_eq(text, annotations[_i].text);
	free(text);
}
END_TEST

static const struct {
	const char *name, *value;
	const char *why;
} bad_annotations[] = {
	/* clang-format off */
	{"CollectMode",     "inactive",     "a number is expected"},
	{"CollectMode",     "",             "a number is expected"},
	{"CollectMode",     "'x",           "the string has no end"},
	{"CollectMode",     "'x\\",         "the string has no end"},
	{"CollectMode",     "'\\u0041'",    "of the escapes"},
	{"Description",     "'a\\nb'",      "of the escapes"},
	{"Description",     "'a\n[Scope]\nMemoryMax=infinity'", "no control characters"},
	{"Description",     "'a\tb'",       "no control characters"},
	{"Description",     "'a\\\n'",      "no control characters"},
	{"CollectMode",     "'a' 'b'",      "something follows"},
	{"CPUWeight",       "uint64 -1",    "does not fit"},
	{"CPUWeight",       "byte 256",     "does not fit"},
	{"CPUWeight",       "99999999999",  "does not fit"},
	{"CPUWeight",       "uint64 'a'",   "not of the type that is due"},
	{"CPUWeight",       "uint64 uint64 1", "a number is expected"},
	{"After",           "['a', 5]",     "not of the type that is due"},
	{"After",           "[('a', 5), ('b', 'c')]", "of one type"},
	{"After",           "[]",           "needs its type"},
	{"After",           "['a'",         "\"]\" is expected"},
	{"After",           "('a'",         "\")\" is expected"},
	{"After",           "[[[[[[[[[1]]]]]]]]]", "nested too deep"},
	{"After",           "@aas",         "not of the type that is due"},
	{"After",           "@v 1",         "what follows @"},
	{"After",           "@sas 'x'",     "what follows @"},
	{"TimeoutStopSec",  "'7'",          "a whole number of seconds"},
	{"TimeoutStopSec",  "-7",           "a whole number of seconds"},
	{"TimeoutStopSec",  "uint64 18446744073710", "a whole number of seconds"},
	{"Sec",             "1",            "not the name of a property"},
	{"Has Blank",       "1",            "not the name of a property"},
	{"New\nLine",       "1",            "not the name of a property"},
	/* clang-format on */
};

START_TEST(a_value_that_is_none_is_refused_with_its_reason)
{
	char *text;

	ck_assert_int_lt(
		annotate(bad_annotations[_i].name, bad_annotations[_i].value, true, &text), 0);
	ck_assert_msg(strstr(err.text, bad_annotations[_i].why) != NULL, "%s", err.text);
	ck_assert(strstr(err.text, "org.systemd.property."));
	free(text);
}
END_TEST

START_TEST(a_tenant_may_set_only_what_harms_nobody)
{
	static const char *const harmful[] = {"MemoryMax", "DeviceAllow", "Slice", "PIDs", "Wants",
		"Conflicts", "Delegate", "KillMode", "AfterX", "after"};
	static const char *const harmless[] = {
		"After", "CollectMode", "TimeoutStopUSec", "TimeoutStopSec"};
	char *text;

	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++) {
		ck_assert_int_eq(annotate(harmful[i], "1", false, &text), -EPERM);
		free(text);
	}
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		ck_assert_int_eq(annotate(harmless[i], "1", false, &text), 0);
		free(text);
	}
}
END_TEST

START_TEST(annotations_have_the_last_word_and_others_none)
{
	struct oci_pair pairs[] = {{"org.systemd.property.Slice", "'x.slice'"},
		{"org.systemd.propertySlice", "'y.slice'"}, {"a", "b"}};
	struct oci_map map = {pairs, 3};
	struct systemd_unit unit;
	char *text;

	ck_assert_int_eq(systemd_unit_from_path(NULL, "web", false, &unit, &err), 0);
	ck_assert_int_eq(
		systemd_unit_properties(&unit, "web", 42, NULL, &map, true, &text, &err), 0);
	ck_assert_str_eq(strrchr(text, '-') + 1, "\nSlice\ts\tx.slice\n");
	free(text);
	ck_assert_int_eq(
		systemd_unit_properties(&unit, "web", 42, NULL, &map, false, &text, &err), -EPERM);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof(table[0]))

Suite *suite_systemd_annotations(void)
{
	Suite *s = suite_create("systemd_annotations");
	TCase *texts = tcase_create("annotations");

	tcase_add_loop_test(texts, annotations_are_typed_by_their_text, 0, ROWS(annotations));
	tcase_add_loop_test(
		texts, a_value_that_is_none_is_refused_with_its_reason, 0, ROWS(bad_annotations));
	tcase_add_test(texts, a_tenant_may_set_only_what_harms_nobody);
	tcase_add_test(texts, annotations_have_the_last_word_and_others_none);
	suite_add_tcase(s, texts);
	return s;
}
