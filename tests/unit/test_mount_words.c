/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/mount_words.h"

#include <check.h>
#include <errno.h>
#include <linux/mount.h>
#include <string.h>

static struct nacre_error err;
static struct mount_options options;

#define WORDS(...)                                                                   \
	(struct oci_strings)                                                         \
	{                                                                            \
		(const char *[]){__VA_ARGS__},                                       \
			sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *) \
	}

static int parse_as(const char *type, struct oci_strings words)
{
	const struct oci_mount mount = {"/dir", "/source", type, words};

	memset(&options, 0, sizeof(options));
	return mount_options_parse(&mount, 3, &options, &err);
}

static void parse(struct oci_strings words)
{
	ck_assert_msg(parse_as("tmpfs", words) == 0, "%s", err.text);
}

START_TEST(the_words_are_sorted_and_each_is_there_once)
{
	size_t n;
	const char *const *names = mount_word_names(&n);

	ck_assert_uint_gt(n, 60);
	for (size_t i = 1; i < n; i++)
		ck_assert_msg(strcmp(names[i - 1], names[i]) < 0, "%s %s", names[i - 1], names[i]);
}
END_TEST

/* A word that takes a flag of a mount back names the word that sets it; the times are no
 * restriction. */
START_TEST(what_is_given_back_is_what_the_bits_say)
{
	const uint64_t times = MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;
	size_t n, given_back = 0;
	const char *const *names = mount_word_names(&n);

	for (size_t i = 0; i < n; i++) {
		const struct mount_word *word = mount_word_find(names[i]), *restriction;
		bool flag = word->kind == MOUNT_WORD_ATTR ||
			    word->kind == MOUNT_WORD_RECURSIVE_ATTR;

		if (!flag || !(word->clear & ~times)) {
			ck_assert_msg(!word->gives_back, "%s", names[i]);
			continue;
		}
		ck_assert_msg(word->gives_back, "%s", names[i]);
		restriction = mount_word_find(word->gives_back);
		ck_assert_msg(restriction, "%s", names[i]);
		ck_assert_msg(restriction->kind == word->kind, "%s", names[i]);
		ck_assert_msg(restriction->set == word->clear, "%s", names[i]);
		given_back++;
	}
	ck_assert_uint_eq(given_back, 10);
}
END_TEST

/* config.md, Linux mount options: all of them. */
static const char *const of_the_spec[] = {"async", "atime", "bind", "defaults", "dev", "diratime",
	"dirsync", "exec", "idmap", "iversion", "lazytime", "loud", "mand", "noatime", "nodev",
	"nodiratime", "noexec", "noiversion", "nolazytime", "nomand", "norelatime", "nostrictatime",
	"nosuid", "nosymfollow", "private", "ratime", "rbind", "rdev", "rdiratime", "relatime",
	"remount", "rexec", "ridmap", "rnoatime", "rnodev", "rnodiratime", "rnoexec", "rnorelatime",
	"rnostrictatime", "rnosuid", "rnosymfollow", "ro", "rprivate", "rrelatime", "rro", "rrw",
	"rshared", "rslave", "rstrictatime", "rsuid", "rsymfollow", "runbindable", "rw", "shared",
	"silent", "slave", "strictatime", "suid", "symfollow", "sync", "tmpcopyup", "unbindable"};

START_TEST(every_word_of_the_spec_is_understood)
{
	ck_assert_msg(!mount_word_is_data(of_the_spec[_i]), "%s", of_the_spec[_i]);
}
END_TEST

START_TEST(every_other_word_is_for_the_filesystem)
{
	parse(WORDS("size=64k", "nosuid", "mode=755", "", "NOSUID", "ros"));
	ck_assert_uint_eq(options.n_data, 4);
	ck_assert(mount_word_is_data("size=64k") && mount_word_is_data("ros"));
	ck_assert(!mount_word_is_data("") && !mount_word_is_data("ro"));
}
END_TEST

START_TEST(flags_add_up)
{
	parse(WORDS("nosuid", "nodev", "noexec", "ro", "noatime", "nodiratime", "nosymfollow"));
	ck_assert_uint_eq(options.attr_set,
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY |
			MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW);
	ck_assert_uint_eq(options.attr_clear, MOUNT_ATTR__ATIME);
	ck_assert(options.names_flags);
	ck_assert_uint_eq(options.recursive_set | options.recursive_clear, 0);
	ck_assert(options.read_only);
}
END_TEST

START_TEST(the_last_word_wins)
{
	parse(WORDS("ro", "nosuid", "rw", "suid", "exec", "noexec"));
	ck_assert_uint_eq(options.attr_set, MOUNT_ATTR_NOEXEC);
	ck_assert_uint_eq(options.attr_clear, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	ck_assert(!options.read_only);
	parse(WORDS("sync", "async", "nomand", "mand"));
	ck_assert_uint_eq(options.super_flags, MS_MANDLOCK);
	ck_assert_uint_eq(options.super_clear, MS_SYNCHRONOUS);
	parse(WORDS("rshared", "private"));
	ck_assert_uint_eq(options.propagation, MS_PRIVATE);
	ck_assert(!options.propagation_recursive);
}
END_TEST

static const struct {
	const char *word;
	uint64_t set;
} times[] = {{"noatime", MOUNT_ATTR_NOATIME}, {"relatime", 0},
	{"strictatime", MOUNT_ATTR_STRICTATIME}, {"nodiratime", MOUNT_ATTR_NODIRATIME}};

/* mount_setattr(2) wants the field cleared as a whole, and takes one value of it. */
START_TEST(the_times_are_one_field)
{
	parse(WORDS("atime", times[_i].word));
	ck_assert_uint_eq(options.attr_set, times[_i].set);
	ck_assert_uint_eq(
		options.attr_clear | options.attr_set, MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME);
	parse(WORDS("noatime", "atime", "nostrictatime", "norelatime", "diratime"));
	ck_assert_uint_eq(options.attr_set | options.attr_clear, 0);
	ck_assert(options.names_flags);
}
END_TEST

START_TEST(an_r_word_is_kept_apart)
{
	parse(WORDS("rro", "rnosuid", "rexec", "nodev"));
	ck_assert_uint_eq(options.recursive_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	ck_assert_uint_eq(options.recursive_clear, MOUNT_ATTR_NOEXEC);
	ck_assert_uint_eq(options.attr_set, MOUNT_ATTR_NODEV);
	ck_assert_uint_eq(options.attr_clear, 0);
	ck_assert(options.read_only);
}
END_TEST

START_TEST(binds_and_propagation)
{
	ck_assert_int_eq(parse_as(NULL, WORDS("rbind", "rslave")), 0);
	ck_assert(options.bind && options.recursive);
	ck_assert_uint_eq(options.propagation, MS_SLAVE);
	ck_assert(options.propagation_recursive);
	ck_assert_int_eq(parse_as("none", WORDS("bind", "unbindable")), 0);
	ck_assert(options.bind && !options.recursive && !options.propagation_recursive);
	ck_assert_int_eq(parse_as("bind", WORDS("ro")), 0);
	ck_assert(options.bind && !options.recursive);
	ck_assert_int_eq(parse_as("rbind", WORDS("ro")), 0);
	ck_assert(options.bind && options.recursive);
	ck_assert_int_eq(parse_as("tmpfs", WORDS("ro")), 0);
	ck_assert(!options.bind);
	ck_assert_uint_eq(options.propagation, 0);
}
END_TEST

/* Who asks only this must not take for a bind what is none for the parser. */
START_TEST(what_is_a_bind_is_one_for_all)
{
	size_t n, binds = 0;
	const char *const *names = mount_word_names(&n);

	for (size_t i = 0; i < 2 * n; i++) {
		const char *word = names[i / 2], *type = i % 2 ? word : "none";
		const struct oci_mount mount = {
			"/dir", "/source", type, WORDS("ro", i % 2 ? "nodev" : word)};

		options = mount_options_read(&mount);
		ck_assert_msg(mount_is_bind(&mount) == options.bind, "%s", word);
		binds += options.bind;
	}
	ck_assert_uint_eq(binds, 4);
}
END_TEST

START_TEST(the_words_of_podman)
{
	ck_assert_int_eq(
		parse_as("bind", WORDS("copy-symlink", "src-nofollow", "dest-nofollow")), 0);
	ck_assert(options.copy_symlink && options.source_nofollow && options.destination_nofollow);
}
END_TEST

START_TEST(idmap_and_mappings)
{
	struct oci_id_mapping map = {0, 1000, 1};
	const struct oci_mount mapped = {"/dir", "/source", "bind", {}, &map, 1, &map, 1};
	const struct oci_mount half = {"/dir", "/source", "bind", {}, &map, 1, NULL, 0};

	ck_assert_int_eq(parse_as("bind", WORDS("idmap")), 0);
	ck_assert(options.idmap && !options.idmap_recursive);
	ck_assert_int_eq(parse_as("bind", WORDS("ridmap")), 0);
	ck_assert(options.idmap && options.idmap_recursive);
	ck_assert_int_eq(mount_options_parse(&mapped, 0, &options, &err), 0);
	ck_assert(options.idmap);
	ck_assert_int_eq(mount_options_parse(&half, 0, &options, &err), -EINVAL);
}
END_TEST

static const struct {
	const char *type;
	const char *words[2];
	const char *text;
} bad[] = {
	{"bind", {"ro", "size=1m"},
		"mounts[3].options: a bind mount cannot have the option \"size=1m\""},
	{"tmpfs", {"rw", "idmap"}, "mounts[3].options: idmap needs a bind mount"},
	{"bind", {"remount", "idmap"}, "mounts[3].options: idmap cannot be set on a remount"},
	{"proc", {"rw", "tmpcopyup"}, "mounts[3].options: tmpcopyup needs a tmpfs"},
	{"bind", {"rw", "tmpcopyup"}, "mounts[3].options: tmpcopyup needs a tmpfs"},
};

START_TEST(what_no_kernel_call_can_express_is_refused)
{
	ck_assert_int_eq(
		parse_as(bad[_i].type, WORDS(bad[_i].words[0], bad[_i].words[1])), -EINVAL);
	ck_assert_str_eq(err.text, bad[_i].text);
	ck_assert(!options.bind && !options.idmap); /* untouched */
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *suite_mount_words(void);

Suite *suite_mount_words(void)
{
	Suite *suite = suite_create("mount_words");
	TCase *t = tcase_create("mount_words");

	tcase_add_test(t, the_words_are_sorted_and_each_is_there_once);
	tcase_add_test(t, what_is_given_back_is_what_the_bits_say);
	tcase_add_loop_test(t, every_word_of_the_spec_is_understood, 0, COUNT(of_the_spec));
	tcase_add_test(t, every_other_word_is_for_the_filesystem);
	tcase_add_test(t, flags_add_up);
	tcase_add_test(t, the_last_word_wins);
	tcase_add_loop_test(t, the_times_are_one_field, 0, COUNT(times));
	tcase_add_test(t, an_r_word_is_kept_apart);
	tcase_add_test(t, binds_and_propagation);
	tcase_add_test(t, what_is_a_bind_is_one_for_all);
	tcase_add_test(t, the_words_of_podman);
	tcase_add_test(t, idmap_and_mappings);
	tcase_add_loop_test(t, what_no_kernel_call_can_express_is_refused, 0, COUNT(bad));
	suite_add_tcase(suite, t);
	return suite;
}
