/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/workspace_walk_fixture.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

Suite *suite_workspace_forged(void);

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Attributes that stand for what overlay has noted. */

static void forge(const char *path, const char *name, const char *value)
{
	char whole[256];

	(void)snprintf(whole, sizeof(whole), TOP "/upper/%s", path);
	SYS(setxattr(whole, name, value, strlen(value), 0));
}

START_TEST(forged_attributes_of_the_other_kind_mean_nothing)
{
	shell("source", "mkdir d e; echo a >d/a; echo a >e/a; echo f >f");
	begin(false);
	/* A container may write these. */
	shell("merged", "echo x >d/x; echo y >e/x; echo z >f");
	end();
	forge("d", "user.overlay.opaque", "y");
	forge("e", "user.overlay.redirect", "/d");
	forge("f", "user.overlay.metacopy", "");
	forge("f", "user.overlay.whiteout", "");
	assert_changes("Af d/x\nAf e/x\nMf f\n");
}
END_TEST

static const struct {
	const char *path, *name, *value;
	const char *changes;
	bool user;
} forged[] = {
	{"f", "trusted.overlay.metacopy", "", "Af d/x\nMf f !overlay\n", false},
	{"f", "trusted.overlay.whiteout", "", "Af d/x\nMf f !overlay\n", false},
	{"f", "trusted.overlay.redirect", "/d/a", "Af d/x\nMf f !overlay\n", false},
	{"d", "trusted.overlay.opaque", "x", "Md d !overlay\nMf f\n", false},
	{"d", "trusted.overlay.metacopy", "", "Md d !overlay\nMf f\n", false},
	{"d", "trusted.overlay.redirect", "/../etc", "Md d !redirect\nMf f\n", false},
	{"d", "trusted.overlay.redirect", "../e", "Md d !redirect\nMf f\n", false},
	{"d", "trusted.overlay.redirect", "/", "Md d !redirect\nMf f\n", false},
	{"d", "trusted.overlay.redirect", "/nowhere", "Rd d <nowhere ~gone\nAf d/x ~gone\nMf f\n",
		false},
	{"d", "trusted.overlay.redirect", "/link", "Rd d <link ~gone\nAf d/x ~gone\nMf f\n", false},
	{"d", "trusted.overlay.opaque", "y", "Df d/a\nAf d/x\nMf f\n", false},
	{"d", "user.overlay.redirect", "/e", "Md d !redirect\nMf f\n", true},
	{"f", "user.overlay.metacopy", "", "Af d/x\nMf f !overlay\n", true},
};

START_TEST(what_overlay_does_not_write_is_refused)
{
	shell("source", "mkdir d e; echo a >d/a; echo f >f; ln -s /etc link");
	begin(forged[_i].user);
	shell("merged", "echo x >d/x; echo z >f");
	end();
	forge(forged[_i].path, forged[_i].name, forged[_i].value);
	assert_changes(forged[_i].changes);
}
END_TEST

START_TEST(a_container_cannot_write_the_marks)
{
	shell("source", "mkdir d; echo a >d/a; echo f >f");
	begin(_i);
	shell("merged", "echo x >d/x; echo z >>f");
	(void)setxattr(
		TOP "/merged/d", _i ? "user.overlay.opaque" : "trusted.overlay.opaque", "y", 1, 0);
	(void)setxattr(TOP "/merged/f", _i ? "user.overlay.metacopy" : "trusted.overlay.metacopy",
		"", 0, 0);
	ck_assert_int_lt(mknod(TOP "/merged/w", S_IFCHR, makedev(0, 0)), 0);
	end();
	assert_changes("Af d/x\nMf f\n");
}
END_TEST

/* Neither is written by apply, and so neither is a change. */
START_TEST(attributes_and_capabilities_alone_are_no_change)
{
	/* VFS_CAP_REVISION_2 with the effective bit; CAP_NET_BIND_SERVICE */
	static const unsigned char capability[20] = {1, 0, 0, 2, 0, 4};

	shell("source", "echo a >a; echo b >b");
	begin(_i);
	SYS(setxattr(TOP "/merged/a", "user.note", "x", 1, 0));
	SYS(setxattr(TOP "/merged/a", "security.capability", capability, sizeof(capability), 0));
	shell("merged", "chmod 6644 b; chown 1:1 b; touch -d @0 b");
	end();
	assert_changes("");
}
END_TEST

Suite *suite_workspace_forged(void)
{
	Suite *s = suite_create("workspace_forged");
	TCase *tc = tcase_create("workspace_forged");

	tcase_add_checked_fixture(tc, set_up_workspace, tear_down_workspace);
	tcase_add_test(tc, forged_attributes_of_the_other_kind_mean_nothing);
	tcase_add_loop_test(tc, what_overlay_does_not_write_is_refused, 0, COUNT(forged));
	tcase_add_loop_test(tc, a_container_cannot_write_the_marks, 0, 2);
	tcase_add_loop_test(tc, attributes_and_capabilities_alone_are_no_change, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
