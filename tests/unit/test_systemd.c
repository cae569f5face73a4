/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "libcontainer/systemd/systemd.h"

#include <check.h>
#include <errno.h>
#include <string.h>

Suite *suite_systemd(void);

static struct nacre_error err;

static const struct {
	const char *path; /* linux.cgroupsPath */
	const char *id;
	bool of_user;
	const char *slice, *name;
} units[] = {
	/* clang-format off */
	{NULL,                        "web",     false, "system.slice",  "nacre-web.scope"},
	{"",                          "web",     true,  "user.slice",    "nacre-web.scope"},
	{"::web",                     "x",       false, "system.slice",  "web.scope"},
	{"machine.slice:libpod:9e1c", "x",       false, "machine.slice", "libpod-9e1c.scope"},
	{"a-b.slice:cri:x",           "x",       true,  "a-b.slice",     "cri-x.scope"},
	{"-.slice:p:n",               "x",       false, "-.slice",       "p-n.scope"},
	{"a.slice::b-c.slice",        "x",       false, "a.slice",       "b-c.slice"},
	{"a.slice:p:b-c.slice",       "x",       false, "a.slice",       "b-c.slice"},
	{NULL,                        "a+b.c_d", false, "system.slice",  "nacre-a\\x2bb.c_d.scope"},
	{"::.hidden",                 "x",       false, "system.slice",  "\\x2ehidden.scope"},
	{":p:a/b c",                  "x",       false, "system.slice",  "p-a\\x2fb\\x20c.scope"},
	{"::.slice",                  "x",       false, "system.slice",  "\\x2eslice.scope"},
	/* clang-format on */
};

START_TEST(a_path_names_the_unit_as_with_runc)
{
	struct systemd_unit unit;

	ck_assert_msg(systemd_unit_from_path(
			      units[_i].path, units[_i].id, units[_i].of_user, &unit, &err) == 0,
		"%s", err.text);
	ck_assert_str_eq(unit.slice, units[_i].slice);
	ck_assert_str_eq(unit.name, units[_i].name);
}
END_TEST

static const struct {
	const char *path;
	int code;
	const char *text;
} bad_units[] = {
	{"/sys/x", EINVAL, "expects SLICE:PREFIX:NAME"},
	{"a.slice", EINVAL, "expects SLICE:PREFIX:NAME"},
	{"a.slice:p", EINVAL, "expects SLICE:PREFIX:NAME"},
	{"a.slice:p:", EINVAL, "expects SLICE:PREFIX:NAME"},
	{"a.slice:p:n:m", EINVAL, "expects SLICE:PREFIX:NAME"},
	{"a:p:n", EINVAL, "\"a\" is not the name of a slice"},
	{".slice:p:n", EINVAL, "\".slice\" is not the name of a slice"},
	{"a--b.slice:p:n", EINVAL, "\"a--b.slice\" is not"},
	{"-a.slice:p:n", EINVAL, "\"-a.slice\" is not"},
	{"a-.slice:p:n", EINVAL, "\"a-.slice\" is not"},
	{"../a.slice:p:n", EINVAL, "\"../a.slice\" is not"},
	{"a/b.slice:p:n", EINVAL, "\"a/b.slice\" is not"},
	{":p:a--b.slice", EINVAL, "\"a--b.slice\" is not"},
};

START_TEST(what_is_no_unit_is_refused_by_name)
{
	struct systemd_unit unit;

	ck_assert_int_eq(systemd_unit_from_path(bad_units[_i].path, "x", false, &unit, &err),
		-bad_units[_i].code);
	ck_assert_msg(strstr(err.text, bad_units[_i].text) != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, bad_units[_i].path) != NULL, "%s", err.text);
}
END_TEST

START_TEST(a_name_is_at_most_255_bytes_when_escaped)
{
	char path[512] = ":p:";
	struct systemd_unit unit;

	memset(path + 3, 'n', 247);
	ck_assert_int_eq(systemd_unit_from_path(path, "x", false, &unit, &err), 0);
	ck_assert_uint_eq(strlen(unit.name), 255);
	path[249] = '+';
	ck_assert_int_eq(systemd_unit_from_path(path, "x", false, &unit, &err), -ENAMETOOLONG);
	memset(path, 's', 300);
	strcpy(path + 300, ".slice:p:n");
	ck_assert_int_eq(systemd_unit_from_path(path, "x", false, &unit, &err), -ENAMETOOLONG);
}
END_TEST

static const struct {
	const char *path, *cgroup;
} scopes[] = {
	{NULL, "/system.slice/nacre-x.scope"},
	{"a.slice:p:n", "/a.slice/p-n.scope"},
	{"a-b-c.slice:p:n", "/a.slice/a-b.slice/a-b-c.slice/p-n.scope"},
	{"-.slice:p:n", "/p-n.scope"},
};

START_TEST(a_scope_beside_has_a_word_behind_a_colon)
{
	char name[SYSTEMD_NAME_SIZE], longest[SYSTEMD_NAME_SIZE];

	ck_assert_int_eq(systemd_name_beside("nacre-a.b.scope", "egress", name, &err), 0);
	ck_assert_str_eq(name, "nacre-a.b:egress.scope");
	ck_assert_int_eq(systemd_name_beside("b-c.slice", "egress", name, &err), 0);
	ck_assert_str_eq(name, "b-c:egress.scope");
	ck_assert_int_eq(systemd_name_beside("none", "egress", name, &err), 0);
	ck_assert_str_eq(name, "none:egress.scope");
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(systemd_name_beside(longest, "egress", name, &err), -ENAMETOOLONG);
	longest[sizeof(longest) - 1 - strlen(":egress.scope")] = '\0';
	ck_assert_int_eq(systemd_name_beside(longest, "egress", name, &err), 0);
	ck_assert_uint_eq(strlen(name), sizeof(name) - 1);
}
END_TEST

START_TEST(the_cgroup_of_a_scope_lies_in_those_of_its_slices)
{
	struct systemd_unit unit;
	char path[PATH_MAX];

	ck_assert_int_eq(systemd_unit_from_path(scopes[_i].path, "x", false, &unit, &err), 0);
	systemd_scope_cgroup(&unit, path);
	ck_assert_str_eq(path, scopes[_i].cgroup);
}
END_TEST

START_TEST(a_slice_with_very_many_above_it_overflows_nothing)
{
	struct systemd_unit unit = {.name = "p-n.scope"};
	char path[PATH_MAX];

	for (size_t i = 0; i < 240; i += 2)
		memcpy(unit.slice + i, "a-", 2);
	strcpy(unit.slice + 240, "a.slice");
	systemd_scope_cgroup(&unit, path);
	ck_assert_uint_eq(strlen(path), PATH_MAX - 1);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof(table[0]))

Suite *suite_systemd(void)
{
	Suite *s = suite_create("systemd");
	TCase *t = tcase_create("systemd");

	tcase_add_loop_test(t, a_path_names_the_unit_as_with_runc, 0, ROWS(units));
	tcase_add_loop_test(t, what_is_no_unit_is_refused_by_name, 0, ROWS(bad_units));
	tcase_add_test(t, a_name_is_at_most_255_bytes_when_escaped);
	tcase_add_test(t, a_scope_beside_has_a_word_behind_a_colon);
	tcase_add_loop_test(t, the_cgroup_of_a_scope_lies_in_those_of_its_slices, 0, ROWS(scopes));
	tcase_add_test(t, a_slice_with_very_many_above_it_overflows_nothing);
	suite_add_tcase(s, t);
	return s;
}
