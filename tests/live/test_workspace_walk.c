/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/workspace_walk_fixture.h"

#include "specs/sha256.h"

Suite *suite_workspace_walk(void);

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* What programs do, and what the list says of it. */
static const struct {
	const char *before; /* in the source */
	const char *inside; /* in the container */
	const char *changes;
	const char *rootless; /* NULL: the same */
} work[] = {
	{"echo a >a", "true", "", NULL},
	{"echo a >a", "cat a >/dev/null; touch a; chown 1:1 a; echo a >a", "", NULL},
	{"echo a >a", "echo b >>a; echo c >c", "Mf a\nAf c\n", NULL},
	{"echo a >a", "echo b >a", "Mf a\n", NULL},
	{"echo a >a", "rm a", "Df a\n", NULL},
	{"echo a >a", "rm a; echo a >a", "", NULL},
	{"echo a >a", "rm a; echo b >a", "Mf a\n", NULL},
	{"echo a >a", "mv a b", "Df a\nAf b\n", NULL},
	{"echo a >a; echo b >b", "mv a b", "Df a\nMf b\n", NULL},
	{"echo a >a", "chmod 755 a", "Mf a\n", NULL},
	{"echo a >a", "chmod 4644 a; chmod g+w a", "", NULL},
	{"echo a >a; ln -s a l", "ln -sf b l; ln -s x n", "Ml l\nAl n\n", NULL},
	{"echo a >a; ln -s a l", "rm l; ln -s a l; chown -h 1:1 l", "", NULL},
	{"echo a >a", "ln a b; ln a c", "Af b\nAf c\n", NULL},
	{"mkdir d; echo a >d/a", "rm -r d", "Dd d\n", NULL},
	{"mkdir d; echo a >d/a", "rm -r d; echo x >d", "Tf d\n", NULL},
	{"echo a >d", "rm d; mkdir d; echo x >d/x", "Td d\nAf d/x\n", NULL},
	{"echo a >d", "rm d; ln -s x d", "Tl d\n", NULL},
	{"mkdir d; chmod 755 d", "chmod 700 d", "Md d\n", NULL},
	{"true", "mkdir -p a/b; echo x >a/b/c", "Ad a\nAd a/b\nAf a/b/c\n", NULL},
	/* An opaque directory: what it hides is deleted, what is the same again is nothing. */
	{"mkdir -p d/e/f; echo a >d/a; echo b >d/b; echo c >d/e/c; echo x >d/e/f/x",
		"rm -r d; mkdir -p d/e; echo a >d/a; echo n >d/n; echo y >d/e/c",
		"Df d/b\nMf d/e/c\nDd d/e/f\nAf d/n\n", NULL},
	/* Renamed directories. */
	{"mkdir d; echo a >d/a", "mv d e", "Rd e <d\n", "Dd d\nAd e\nAf e/a\n"},
	{"mkdir d; echo a >d/a; echo b >d/b", "mv d e; echo x >>e/a; rm e/b; echo n >e/n",
		"Rd e <d\nMf e/a\nDf e/b\nAf e/n\n", "Dd d\nAd e\nAf e/a\nAf e/n\n"},
	{"mkdir d; echo a >d/a", "mv d e; mv e d", "", NULL},
	{"mkdir d; echo a >d/a", "mv d e; mkdir d; echo x >d/x", "Ad d\nAf d/x\nRd e <d\n",
		"Df d/a\nAf d/x\nAd e\nAf e/a\n"},
	{"mkdir a b; echo a >a/a; echo b >b/b", "mv a t; mv b a; mv t b", "Rd a <b\nRd b <a\n",
		"Df a/a\nAf a/b\nAf b/a\nDf b/b\n"},
	{"mkdir a b; echo a >a/a; echo b >b/b", "rm -r b; mv a b", "Rd b <a\n",
		"Dd a\nAf b/a\nDf b/b\n"},
	{"mkdir -p a/x; echo 1 >a/x/1", "mv a/x y; mv a z; echo 2 >>y/1; echo 3 >z/3",
		"Rd y <a/x\nMf y/1\nRd z <a\nAf z/3\n", "Dd a\nAd y\nAf y/1\nAd z\nAf z/3\n"},
	{"mkdir -p a/x; echo 1 >a/x/1; echo 2 >a/2", "mv a/x n; mv a n/a; rm n/a/2",
		"Rd n <a/x\nRd n/a <a\nDf n/a/2\n", "Dd a\nAd n\nAf n/1\nAd n/a\n"},
	{"mkdir -p a/x; echo 1 >a/x/1", "mv a/x y; rm -r a", "Dd a\nRd y <a/x\n",
		"Dd a\nAd y\nAf y/1\n"},
	{"mkdir -p a/b; echo 1 >a/b/1", "mkdir n; mv a n/m; mv n/m/b n/m/c",
		"Ad n\nRd n/m <a\nRd n/m/c <a/b\n", "Dd a\nAd n\nAd n/m\nAd n/m/c\nAf n/m/c/1\n"},
	/* A link of the source's own, moved to where it leaves. */
	{"mkdir -p a/b; echo x >x; ln -s ../../x a/b/l", "mv a/b c", "Rd c <a/b !link-leaves\n",
		"Dd a/b\nAd c\nAl c/l !link-leaves\n"},
	{"mkdir -p a/b; echo x >x; ln -s ../../x a/b/l", "mv a/b a/c", "Rd a/c <a/b\n",
		"Dd a/b\nAd a/c\nAl a/c/l\n"},
};

static void try_work(int i, bool user_xattr)
{
	shell("source", work[i].before);
	begin(user_xattr);
	/* mv(1) copies where a rename is refused. */
	shell("merged", work[i].inside);
	end();
	assert_changes(user_xattr && work[i].rootless ? work[i].rootless : work[i].changes);
}

START_TEST(work_is_told_as_it_was_done)
{
	try_work(_i, false);
}
END_TEST

START_TEST(so_it_is_with_user_attributes)
{
	try_work(_i, true);
}
END_TEST

/* What is refused, and stays where it is. */
static const struct {
	const char *before;
	const char *inside;
	const char *changes;
} hostile[] = {
	{"true", "mkfifo p; mknod c c 1 3; mknod b b 1 3",
		"Ac b !device\nAc c !device\nAp p !fifo\n"},
	{"echo a >a", "rm a; mkfifo a", "Tp a !fifo\n"},
	{"true", "ln -s /etc/passwd a; ln -s ../b b; ln -s no c; mkdir d; ln -s ../.. d/e",
		"Al a !link-leaves\nAl b !link-leaves\nAl c\nAd d\nAl d/e !link-leaves\n"},
	{"true", "truncate -s 3T s; echo x >t", "Af s !bytes\nAf t\n"},
	{"true", "truncate -s 257M s; truncate -s 17M t", "Af s !sparse\nAf t\n"},
	{"mkdir .git; echo x >.git/config; mkdir .git/refs",
		"echo y >.git/config; mkdir .git/hooks; echo x >.git/hooks/h; echo r >.git/refs/r",
		"Mf .git/config !git\nAd .git/hooks !git\nAf .git/hooks/h !git\nAf .git/refs/r\n"},
	{"mkdir s", "mkdir -p s/.git/objects; echo x >s/.git/HEAD",
		"Ad s/.git !repository\nAf s/.git/HEAD !repository\n"
		"Ad s/.git/objects !repository\n"},
	{"mkdir s", "echo gitdir: x >s/.git", "Af s/.git !repository\n"},
	/* The shape alone: git takes it for one. */
	{"true", "mkdir -p r/objects r/refs; echo x >r/HEAD; echo x >r/config",
		"Ad r\nAf r/HEAD !repository\nAf r/config !repository\n"
		"Ad r/objects !repository\nAd r/refs !repository\n"},
	{"mkdir -p r/objects r/refs; echo x >r/HEAD",
		"echo x >r/config; mkdir r/hooks; echo x >r/hooks/h; echo o >r/refs/o; echo y "
		">r/HEAD",
		"Mf r/HEAD\nAf r/config !git\nAd r/hooks !git\nAf r/hooks/h !git\nAf r/refs/o\n"},
	{"mkdir r; echo x >r/HEAD", "mkdir -p r/OBJECTS r/Refs; echo x >r/config",
		"Ad r/OBJECTS !repository\nAd r/Refs !repository\nAf r/config !repository\n"},
	/* The last part of one whose others were applied before. */
	{"mkdir -p r/objects; echo x >r/HEAD; echo x >r/config", "mkdir -p r/refs/heads",
		"Ad r/refs !repository\nAd r/refs/heads !repository\n"},
	{"mkdir r; echo x >r/HEAD; echo x >r/config", "echo ../y >r/commondir",
		"Af r/commondir !repository\n"},
	{"echo x >HEAD; mkdir objects refs", "echo x >config; echo o >refs/o",
		"Af config !git\nAf refs/o\n"},
	{"mkdir r; echo x >r/HEAD; echo ../y >r/commondir", "echo x >r/config",
		"Af r/config !git\n"},
	{"mkdir .github", "mv .github x; mkdir .vscode; echo x >.vscode/tasks.json; echo x >.envrc",
		"Af .envrc !environment\nAd .vscode !editor\nAf .vscode/tasks.json !editor\n"
		"Rd x <.github !ci\n"},
	/* Protected names in what goes or moves along. */
	{"mkdir -p s/.git/hooks s/d; touch s/.git/hooks/h s/d/x", "rm -r s; mkdir t",
		"Dd s !git @s/.git\nAd t\n"},
	{"mkdir -p s/d/.github; touch s/x", "rm -r s; echo x >s", "Tf s !ci @s/d/.github\n"},
	{"mkdir -p s/d; touch s/d/.envrc", "rm -r s/d; mkdir s/d; echo x >s/d/y",
		"Df s/d/.envrc !environment\nAf s/d/y\n"},
	{"mkdir f; echo x >f/config.toml", "mv f .cargo",
		"Rd .cargo <f !packages @.cargo/config.toml\n"},
	{"mkdir .cargo; echo x >.cargo/config.toml", "mv .cargo f",
		"Rd f <.cargo !packages @.cargo/config.toml\n"},
	{"mkdir -p a/b; echo x >a/b/.envrc", "mv a c", "Rd c <a !environment @a/b/.envrc\n"},
	{"mkdir -p b/r/objects b/r/refs; touch b/r/HEAD b/r/config", "rm -r b",
		"Dd b !git @b/r/config\n"},
	/* Where protected links lead. */
	{"mkdir -p .git/hooks s d; echo x >s/p; ln -s s t; ln -s ../../t/p .git/hooks/p; "
	 "ln -s d/x.md CLAUDE.md; ln -s /source/abs AGENTS.md; ln -s /etc/x GEMINI.md",
		"echo y >s/p; echo y >d/x.md; echo y >abs; echo y >etc; rm t; ln -s d t; echo y "
		">s/q",
		"Af abs !link-target\nAf d/x.md !link-target\nAf etc\nMf s/p !link-target\n"
		"Af s/q\nMl t !link-target\n"},
	{"mkdir h g; echo x >h/p; ln -s ../g/q h/l; ln -s h .husky; ln -s n/x.md CLAUDE.md",
		"echo y >h/q; echo y >g/q; ln -s g n",
		"Af g/q !link-target\nAf h/q !link-target\nAl n !link-target\n"},
	{"mkdir s; echo x >s/x.md; ln -s s/x.md CLAUDE.md", "mv s t",
		"Rd t <s !link-target @s/x.md\n"},
	{"mkdir -p .git/hooks", "ln -s .git/hooks/p out; mkdir d; ln -s ../.envrc d/l; ln -s d e",
		"Ad d\nAl d/l !environment\nAl e\n"
		"Al out !git\n"},
	/* It leads out, named or not. */
	{"mkdir -p a/b; ln -s ../../x a/b/l; echo x >a/b/.envrc; echo x >x", "mv a/b c",
		"Rd c <a/b !link-leaves\n"},
	{"mkdir g; echo x >g/x", "mv g .git", "Rd .git <g !repository\n"},
	{"mkdir g; echo x >g/x", "mv g .git; echo y >>.git/x; echo z >.git/index",
		"Rd .git <g !repository\nAf .git/index !repository\nMf .git/x !repository\n"},
	{"true", "echo x >'a\nb'; echo x >\"$(printf '\\033[2J')\"", "Af \033[2J\nAf a\nb\n"},
};

START_TEST(what_is_hostile_is_refused)
{
	shell("source", hostile[_i].before);
	begin(false);
	shell("merged", hostile[_i].inside);
	end();
	assert_changes(hostile[_i].changes);
}
END_TEST

/* What the host does meanwhile. */
static const struct {
	const char *before;
	const char *inside;
	const char *host; /* after that, in the source */
	const char *changes;
} hosts[] = {
	{"echo a >a; echo b >b", "echo x >a", "echo y >b", "Mf a\n"},
	{"echo a >a", "echo x >a", "echo y >a", "Mf a ~changed\n"},
	{"echo a >a", "echo x >a", "chmod 600 a", "Mf a ~changed\n"},
	{"echo a >a", "echo x >a", "echo y >n; mv n a", "Mf a ~changed\n"},
	{"echo a >a", "echo x >a", "rm a", "Af a ~gone\n"},
	{"echo a >a", "rm a", "echo y >a", "Df a ~changed\n"},
	{"echo a >a", "rm a", "rm a", ""},
	{"true", "echo x >a", "echo y >a", "Mf a ~changed\n"},
	{"true", "mkdir a; echo x >a/x", "echo y >a", "Td a ~changed\nAf a/x\n"},
	{"mkdir -p d/e; echo a >d/e/a", "rm -r d", "echo y >d/e/a", "Dd d ~changed\n"},
	{"mkdir -p d/e; echo a >d/e/a", "rm -r d", "echo y >d/e/n", "Dd d ~changed\n"},
	{"mkdir d; echo a >d/a", "echo x >d/a", "rm -r d", "Ad d ~gone\nAf d/a ~gone\n"},
	{"mkdir d e; echo a >d/a; echo a >e/a", "echo x >d/a", "mv d f; mv e d",
		"Mf d/a ~replaced\n"},
	{"mkdir d e; echo a >d/a; echo a >e/a", "rm d/a", "mv d f; mv e d", "Df d/a ~replaced\n"},
	{"mkdir d; echo a >d/a", "mv d e; echo x >e/a", "mv d f", "Rd e <d ~gone\nAf e/a ~gone\n"},
	{"mkdir d; echo a >d/a", "mv d e", "echo y >d/a", "Rd e <d\n"},
	{"mkdir d; echo a >d/a", "mv d e", "echo y >e", "Rd e <d ~changed\n"},
	{"mkdir d; echo a >d/a", "rm -r d; echo x >d", "echo y >d/a", "Tf d ~changed\n"},
	/* On the other side of a mount is something else. */
	{"mkdir d; echo a >d/a", "echo x >d/a", "mount -t tmpfs none d", "Md d !mount\n"},
	{"mkdir -p d/e", "rm -r d", "mount -t tmpfs none d/e", "Dd d !mount\n"},
};

START_TEST(a_change_of_the_host_is_a_conflict)
{
	shell("source", hosts[_i].before);
	begin(false);
	shell("merged", hosts[_i].inside);
	next_tick();
	shell("source", hosts[_i].host);
	end();
	assert_changes(hosts[_i].changes);
}
END_TEST

START_TEST(a_clock_that_was_set_back_makes_conflicts)
{
	shell("source", "echo a >a; echo b >b");
	begin(false);
	shell("merged", "echo x >a; rm b; echo n >n");
	end();
	walk.created += INT64_C(1000000000000); /* what was written later looks older */
	assert_changes("Mf a ~clock\nDf b ~clock\nAf n\n");
}
END_TEST

START_TEST(deep_paths_are_refused_and_cost_no_stack)
{
	int fd, next;

	shell("source", "echo a >a");
	begin(false);
	SYS(fd = open(TOP "/merged", O_PATH | O_DIRECTORY));
	for (int i = 0; i < 4000; i++) {
		SYS(mkdirat(fd, "d", 0755));
		SYS(next = openat(fd, "d", O_PATH | O_DIRECTORY));
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	end();
	read_changes();
	/* "d", "d/d", ... up to 4,095 bytes, and the first that is longer. */
	ck_assert_uint_eq(changes.n, 2049);
	ck_assert_ptr_null(changes.items[2047].refused);
	ck_assert_str_eq(changes.items[2048].refused, "path-length");
}
END_TEST

START_TEST(the_digest_is_of_the_content)
{
	char hex[65];

	begin(false);
	shell("merged",
		"head -c 200000 /dev/zero | tr '\\0' x >f; truncate -s 200001 f; ln -s t l");
	end();
	assert_changes("Af f\nAl l\n");
	{
		char *content = calloc(1, 200001);

		memset(content, 'x', 200000);
		sha256_text(content, 200001, hex);
		free(content);
	}
	ck_assert_str_eq(changes.items[0].sha256, hex);
	ck_assert_uint_eq(changes.items[0].size, 200001);
	sha256_text("t", 1, hex);
	ck_assert_str_eq(changes.items[1].sha256, hex);
	ck_assert_str_eq(changes.items[1].target, "t");
}
END_TEST

START_TEST(modes_give_others_no_right_to_read_or_write)
{
	static const uint32_t modes[][2] = {
		{0664, 0775}, {0600, 0700}, {0644, 0400}, {0640, 0750}, {0644, 0644}};

	shell("source",
		"for i in a b c e f; do echo a >$i; done; mkdir d g; chmod 664 a; chmod 600 b f; "
		"chmod 640 e; chmod 700 g");
	begin(false);
	shell("merged",
		"echo x >>a; chmod 777 a; chmod 4755 b; chmod 400 c; chmod 755 e; chmod 644 f; "
		"echo n >n; chmod 666 n; chmod 1777 d; chmod 755 g");
	end();
	assert_changes("Mf a\nMf b\nMf c\nMf e\nAf n\n");
	for (size_t i = 0; i < COUNT(modes); i++) {
		ck_assert_uint_eq(changes.items[i].old_mode, modes[i][0]);
		ck_assert_uint_eq(changes.items[i].mode, modes[i][1]);
	}
}
END_TEST

START_TEST(too_many_changes_are_an_error)
{
	begin(false);
	shell("merged", "touch a b c");
	end();
	walk.max_changes = 2;
	ck_assert_int_eq(workspace_walk(arena, &walk, &changes, &err), -E2BIG);
	ck_assert_ptr_nonnull(strstr(err.text, "--max-changes"));
	walk.max_changes = 3;
	assert_changes("Af a\nAf b\nAf c\n");
}
END_TEST

START_TEST(bytes_are_counted_together)
{
	begin(false);
	shell("merged", "for i in a b c; do head -c 1000 /dev/zero >$i; done");
	end();
	walk.max_bytes = 2000;
	assert_changes("Af a\nAf b\nAf c !bytes\n");
}
END_TEST

START_TEST(who_cannot_see_the_marks_is_refused)
{
	begin(false);
	shell("merged", "touch a");
	end();
	if (_i)
		SYS(unshare(CLONE_NEWUSER)); /* all capabilities, but not the host's */
	else
		SYS(setresuid(65534, 65534, 65534));
	ck_assert_int_eq(workspace_walk(arena, &walk, &changes, &err), -EPERM);
}
END_TEST

START_TEST(what_the_user_cannot_read_is_refused)
{
	shell("source", "mkdir d; echo a >d/a");
	begin(true);
	shell("merged", "echo x >f; chmod 0 f; echo y >g; mkdir h; touch h/x; chmod 700 h; "
			"echo x >d/x; chmod 744 d");
	end();
	SYS(setresuid(65534, 65534, 65534));
	assert_changes("Md d !unreadable\nAf f !unreadable\nAf g\nAd h !unreadable\n");
}
END_TEST

START_TEST(protected_names_of_the_policy)
{
	const char *names[] = {"secret*", "/top/x"};
	const struct oci_strings protect = {names, 2};

	begin(false);
	shell("merged", "mkdir -p a/top top; touch a/Secrets a/top/x top/x top/y");
	end();
	walk.protect = &protect;
	assert_changes("Ad a\nAf a/Secrets !policy\nAd a/top\nAf a/top/x\nAd top\n"
		       "Af top/x !policy\nAf top/y\n");
}
END_TEST

Suite *suite_workspace_walk(void)
{
	Suite *s = suite_create("workspace_walk");
	TCase *tc = tcase_create("workspace_walk");

	tcase_add_checked_fixture(tc, set_up_workspace, tear_down_workspace);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, work_is_told_as_it_was_done, 0, COUNT(work));
	tcase_add_loop_test(tc, so_it_is_with_user_attributes, 0, COUNT(work));
	tcase_add_loop_test(tc, what_is_hostile_is_refused, 0, COUNT(hostile));
	tcase_add_loop_test(tc, a_change_of_the_host_is_a_conflict, 0, COUNT(hosts));
	tcase_add_test(tc, a_clock_that_was_set_back_makes_conflicts);
	tcase_add_test(tc, deep_paths_are_refused_and_cost_no_stack);
	tcase_add_test(tc, the_digest_is_of_the_content);
	tcase_add_test(tc, modes_give_others_no_right_to_read_or_write);
	tcase_add_test(tc, too_many_changes_are_an_error);
	tcase_add_test(tc, bytes_are_counted_together);
	tcase_add_loop_test(tc, who_cannot_see_the_marks_is_refused, 0, 2);
	tcase_add_test(tc, what_the_user_cannot_read_is_refused);
	tcase_add_test(tc, protected_names_of_the_policy);
	suite_add_tcase(s, tc);
	return s;
}
