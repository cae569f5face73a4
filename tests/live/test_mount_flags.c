/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/mounts_fixture.h"

Suite *suite_mount_flags(void);

/* What the option words do to a mount: flags, propagation, remounts, late read-only. */

/* --- flags --- */

static const struct {
	const char *word;
	unsigned long set;
	unsigned long clear;
} words[] = {
	{"ro", ST_RDONLY, 0},
	{"nosuid", ST_NOSUID, 0},
	{"nodev", ST_NODEV, 0},
	{"noexec", ST_NOEXEC, 0},
	{"noatime", ST_NOATIME, ST_RELATIME},
	{"nodiratime", ST_NODIRATIME | ST_RELATIME, 0},
	{"relatime", ST_RELATIME, 0},
	{"strictatime", 0, ST_RELATIME | ST_NOATIME},
	{"rro", ST_RDONLY, 0},
	{"rnosuid", ST_NOSUID, 0},
	{"rnodev", ST_NODEV, 0},
	{"rnoexec", ST_NOEXEC, 0},
	{"rnoatime", ST_NOATIME, ST_RELATIME},
	{"rnodiratime", ST_NODIRATIME, 0},
	{"rstrictatime", 0, ST_RELATIME | ST_NOATIME},
};

START_TEST(a_word_sets_its_flag_on_a_bind)
{
	unsigned long before;
	unsigned long after;

	make_nested_source();
	before = flags_of(BASE "/source");
	OK(perform("/dir", BASE "/source", NULL, WORDS("bind", words[_i].word)));
	after = flags_of(ROOTFS "/dir");
	ck_assert_uint_eq(after, (before & ~words[_i].clear) | words[_i].set);
	ck_assert_uint_eq(flags_of(BASE "/source"), before);
}
END_TEST

START_TEST(a_word_sets_its_flag_on_a_new_filesystem)
{
	unsigned long after;

	if (strcmp(words[_i].word, "ro") == 0 || strcmp(words[_i].word, "rro") == 0)
		OK(perform("/dir", "none", "mqueue", WORDS(words[_i].word)));
	else
		OK(perform("/dir", "tmpfs", "tmpfs", WORDS(words[_i].word)));
	after = flags_of(ROOTFS "/dir");
	ck_assert_uint_eq(after & words[_i].set, words[_i].set);
	ck_assert_uint_eq(after & words[_i].clear, 0);
}
END_TEST

static const struct {
	const char *word;
	unsigned long cleared;
} clears[] = {{"rw", ST_RDONLY}, {"suid", ST_NOSUID}, {"dev", ST_NODEV}, {"exec", ST_NOEXEC},
	{"strictatime", ST_NODIRATIME | ST_NOATIME}, {"noatime", ST_NODIRATIME},
	{"nodiratime", ST_NOATIME}, {"atime", 0}, {"diratime", 0}, {"norelatime", 0},
	{"rrw", ST_RDONLY}, {"rsuid", ST_NOSUID}, {"rdev", ST_NODEV}, {"rexec", ST_NOEXEC},
	{"ratime", ST_NOATIME}, {"rdiratime", ST_NODIRATIME}};

static void restrict_source(void)
{
	make_nested_source();
	SYS(mount(NULL, BASE "/source", NULL,
		MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME |
			MS_NODIRATIME,
		NULL));
}

START_TEST(a_word_takes_its_flag_back_and_no_other)
{
	unsigned long before;

	restrict_source();
	before = flags_of(BASE "/source");
	ck_assert_uint_eq(before & clears[_i].cleared, clears[_i].cleared);
	OK(perform("/dir", BASE "/source", NULL, WORDS("bind", clears[_i].word)));
	ck_assert_uint_eq(flags_of(ROOTFS "/dir") & ~(unsigned long)ST_RELATIME,
		before & ~clears[_i].cleared & ~(unsigned long)ST_RELATIME);
}
END_TEST

START_TEST(a_bind_keeps_the_flags_of_its_source)
{
	restrict_source();
	OK(perform("/dir", BASE "/source", NULL, WORDS("bind")));
	ck_assert_uint_eq(flags_of(ROOTFS "/dir"), flags_of(BASE "/source"));
	OK(perform("/more", BASE "/source", NULL, WORDS("bind", "nosuid")));
	ck_assert_uint_eq(flags_of(ROOTFS "/more"), flags_of(BASE "/source"));
}
END_TEST

START_TEST(an_r_word_holds_for_the_mounts_below_and_a_plain_one_does_not)
{
	make_nested_source();
	OK(perform("/all", BASE "/source", NULL, WORDS("rbind", "rro", "rnosuid")));
	OK(perform("/top", BASE "/source", NULL, WORDS("rbind", "ro", "nosuid")));
	ck_assert(flags_of(ROOTFS "/all") & ST_RDONLY && flags_of(ROOTFS "/all") & ST_NOSUID);
	ck_assert(flags_of(ROOTFS "/all/sub") & ST_RDONLY);
	ck_assert(flags_of(ROOTFS "/all/sub") & ST_NOSUID);
	ck_assert(flags_of(ROOTFS "/top") & ST_RDONLY && flags_of(ROOTFS "/top") & ST_NOSUID);
	ck_assert(!(flags_of(ROOTFS "/top/sub") & (ST_RDONLY | ST_NOSUID)));
}
END_TEST

START_TEST(nosymfollow_stops_symlinks)
{
	make_nested_source();
	SYS(symlink("file", BASE "/source/link"));
	OK(perform("/dir", BASE "/source", NULL, WORDS("bind", "nosymfollow")));
	ck_assert_int_lt(open(ROOTFS "/dir/link", O_RDONLY | O_CLOEXEC), 0);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_str_eq(text_of(BASE "/source/link"), "x");
}
END_TEST

static const char *const locked[] = {"rw", "suid", "dev", "exec", "relatime", "strictatime", "rrw"};

/* mount_setattr(2): flags that came from a more privileged namespace. */
START_TEST(a_locked_flag_is_kept_and_not_taken_back)
{
	pid_t pid;

	restrict_source();
	pid = begin_child(CLONE_NEWUSER | CLONE_NEWNS);
	if (pid == 0) {
		CHILD_CHECK(mount_rootfs_anew() == 0);
		CHILD_CHECK(perform("/a", BASE "/source", NULL, WORDS("rbind", "nosuid")) == 0);
		CHILD_CHECK(flags_of(ROOTFS "/a") == flags_of(BASE "/source"));
		CHILD_CHECK(
			perform("/b", BASE "/source", NULL, WORDS("rbind", locked[_i])) == -EPERM);
		CHILD_CHECK(strstr(err.text, "locked"));
		CHILD_CHECK(mount_of(ROOTFS "/b")[0] == '\0');
	}
	end_child(pid);
}
END_TEST

static const struct {
	const char *word;
	const char *top; /* in mountinfo */
	const char *below;
} propagations[] = {
	{"private", " - ", " shared:"},
	{"rprivate", " - ", " - "},
	{"shared", " shared:", " shared:"},
	{"rshared", " shared:", " shared:"},
	{"slave", " master:", " shared:"},
	{"rslave", " master:", " master:"},
	{"unbindable", " unbindable", " shared:"},
	{"runbindable", " unbindable", " unbindable"},
};

static bool propagates(const char *line, const char *field)
{
	bool none = !strstr(line, " shared:") && !strstr(line, " master:") &&
		    !strstr(line, " unbindable");

	return strcmp(field, " - ") == 0 ? none : strstr(line, field) != NULL;
}

START_TEST(a_word_sets_the_propagation)
{
	make_nested_source();
	SYS(mount(NULL, BASE "/source", NULL, MS_REC | MS_SHARED, NULL));
	OK(perform("/dir", BASE "/source", NULL, WORDS("rbind", propagations[_i].word)));
	ck_assert_msg(propagates(mount_of(ROOTFS "/dir"), propagations[_i].top), "%s",
		mount_of(ROOTFS "/dir"));
	ck_assert_msg(propagates(mount_of(ROOTFS "/dir/sub"), propagations[_i].below), "%s",
		mount_of(ROOTFS "/dir/sub"));
}
END_TEST

START_TEST(the_words_of_a_superblock_reach_it)
{
	OK(perform("/dir", "tmpfs", "tmpfs", WORDS("sync", "dirsync", "lazytime", "silent")));
	ck_assert_msg(strstr(mount_of(ROOTFS "/dir"), "rw,sync,dirsync,lazytime"), "%s",
		mount_of(ROOTFS "/dir"));
	OK(perform("/other", "tmpfs", "tmpfs", WORDS("sync", "async", "nolazytime", "loud")));
	ck_assert_msg(!strstr(mount_of(ROOTFS "/other"), "sync"), "%s", mount_of(ROOTFS "/other"));
}
END_TEST

/* --- remounts --- */

START_TEST(a_remount_changes_what_it_names_and_nothing_else)
{
	OK(perform("/dir", "tmpfs", "tmpfs", WORDS("nosuid", "size=1m")));
	OK(perform("/dir", NULL, NULL, WORDS("bind", "remount", "ro")));
	ck_assert_uint_eq(flags_of(ROOTFS "/dir") & (ST_RDONLY | ST_NOSUID), ST_RDONLY | ST_NOSUID);
	OK(perform("/dir", "tmpfs", "tmpfs", WORDS("remount", "rw", "size=2m")));
	ck_assert_uint_eq(flags_of(ROOTFS "/dir") & (ST_RDONLY | ST_NOSUID), ST_NOSUID);
	ck_assert_ptr_nonnull(strstr(mount_of(ROOTFS "/dir"), "size=2048k"));
}
END_TEST

START_TEST(a_remount_of_what_is_no_mount_is_refused)
{
	SYS(mkdir(ROOTFS "/dir", 0755));
	ck_assert_int_eq(perform("/dir", NULL, NULL, WORDS("bind", "remount", "ro")), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "not a mount point"));
	ck_assert_int_eq(perform("/missing", NULL, NULL, WORDS("remount", "ro")), -ENOENT);
	ck_assert(!exists(ROOTFS "/missing"));
}
END_TEST

/* --- sealing --- */

START_TEST(a_read_only_tmpfs_can_be_filled_until_it_is_sealed)
{
	const struct oci_mount mounts[] = {
		{"/dev", "tmpfs", "tmpfs", WORDS("ro", "mode=755")},
		{"/dev/shm", "shm", "tmpfs", WORDS("rw")},
		{"/run", "tmpfs", "tmpfs", WORDS("rro")},
		{"/run/volume", HOST, NULL, WORDS("bind")},
	};

	OK(mounts_perform(&context, mounts, 4, &err));
	SYS(mknod(ROOTFS "/dev/null", S_IFCHR | 0666, 0x103));
	OK(mount_seal_late(&context, mounts, 4, &err));
	ck_assert(flags_of(ROOTFS "/dev") & ST_RDONLY);
	ck_assert(!(flags_of(ROOTFS "/dev/shm") & ST_RDONLY));
	ck_assert(flags_of(ROOTFS "/run") & ST_RDONLY);
	ck_assert(flags_of(ROOTFS "/run/volume") & ST_RDONLY);
	ck_assert(!(flags_of(BASE) & ST_RDONLY));
}
END_TEST

START_TEST(a_mount_that_covers_a_read_only_tmpfs_is_not_sealed_in_its_place)
{
	const struct oci_mount mounts[] = {
		{"/data", "tmpfs", "tmpfs", WORDS("ro")},
		{"//data/", HOST, NULL, WORDS("bind", "rw")},
	};

	OK(mounts_perform(&context, mounts, 2, &err));
	OK(mount_seal_late(&context, mounts, 2, &err));
	ck_assert(!(flags_of(ROOTFS "/data") & ST_RDONLY));
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *suite_mount_flags(void)
{
	Suite *suite = suite_create("mount_flags");
	TCase *t = tcase_create("mount_flags");

	tcase_add_checked_fixture(t, set_up_mounts, NULL);
	tcase_add_loop_test(t, a_word_sets_its_flag_on_a_bind, 0, COUNT(words));
	tcase_add_loop_test(t, a_word_sets_its_flag_on_a_new_filesystem, 0, COUNT(words));
	tcase_add_loop_test(t, a_word_takes_its_flag_back_and_no_other, 0, COUNT(clears));
	tcase_add_test(t, a_bind_keeps_the_flags_of_its_source);
	tcase_add_test(t, an_r_word_holds_for_the_mounts_below_and_a_plain_one_does_not);
	tcase_add_test(t, nosymfollow_stops_symlinks);
	tcase_add_loop_test(t, a_locked_flag_is_kept_and_not_taken_back, 0, COUNT(locked));
	tcase_add_loop_test(t, a_word_sets_the_propagation, 0, COUNT(propagations));
	tcase_add_test(t, the_words_of_a_superblock_reach_it);
	tcase_add_test(t, a_remount_changes_what_it_names_and_nothing_else);
	tcase_add_test(t, a_remount_of_what_is_no_mount_is_refused);
	tcase_add_test(t, a_read_only_tmpfs_can_be_filled_until_it_is_sealed);
	tcase_add_test(t, a_mount_that_covers_a_read_only_tmpfs_is_not_sealed_in_its_place);
	suite_add_tcase(suite, t);
	return suite;
}
