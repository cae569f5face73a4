/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "shim/rootfs_options.h"

Suite *suite_shim_rootfs_options(void);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void release(struct rootfs_options *options)
{
	free(options->data);
	free(options->directory);
}

START_TEST(flags_are_no_data)
{
	char *words[] = {(char *)"ro", (char *)"index=off", (char *)"rbind", (char *)"nosuid",
		(char *)"suid", (char *)"size=1m"};
	struct rootfs_options options;

	ck_assert_int_eq(rootfs_options_read(words, COUNT(words), 4096, &options), 0);
	ck_assert_uint_eq(options.flags, MS_RDONLY | MS_BIND | MS_REC);
	ck_assert_str_eq(options.data, "index=off,size=1m");
	ck_assert_str_eq(options.directory, "");
	release(&options);
}
END_TEST

static const struct {
	const char *words[4]; /* ended by NULL */
	bool loop, direct;
	const char *data;
} loops[] = {
	{{"loop", "ro", "errors=continue"}, true, false, "errors=continue"},
	{{"direct-io", "loop"}, true, true, ""},
	{{"loop", "direct-io", "loop"}, true, true, ""},
	{{"direct-io", "ro"}, false, false, "direct-io"}, /* a filesystem's own */
	{{"loop=/dev/loop7", "looped"}, false, false, "loop=/dev/loop7,looped"},
};

START_TEST(loop_is_no_data)
{
	struct rootfs_options options;
	size_t n = 0;

	while (loops[_i].words[n])
		n++;
	ck_assert_int_eq(rootfs_options_read((char *const *)loops[_i].words, n, 4096, &options), 0);
	ck_assert_int_eq(options.loop, loops[_i].loop);
	ck_assert_int_eq(options.direct, loops[_i].direct);
	ck_assert_str_eq(options.data, loops[_i].data);
	release(&options);
}
END_TEST

static const struct {
	const char *layers;
	size_t size;
	const char *data, *directory; /* NULL: -E2BIG */
} layers[] = {
	{"lowerdir=/s/1/fs:/s/2/fs", 64, "lowerdir=/s/1/fs:/s/2/fs", ""},
	{"lowerdir=/snapshots/1/fs:/snapshots/2/fs", 32, "lowerdir=1/fs:2/fs", "/snapshots/"},
	{"lowerdir=/snapshots/11/fs:/snapshots/12/fs", 32, "lowerdir=11/fs:12/fs", "/snapshots/"},
	{"lowerdir=/snapshots/:/snapshots/2/fs", 32, "lowerdir=.:2/fs", "/snapshots/"},
	{"lowerdir=/snapshots/1/fs:/snapshots/2/fs", 16, NULL, NULL},
	{"lowerdir=/snapshots/1/fs:/others/2/fs", 32, NULL, NULL},
	{"lowerdir=/snap\\:shots/1:/snap\\:shots/2", 32, NULL, NULL},
	{"upperdir=/snapshots/1/fs:/snapshots/2/fs", 32, NULL, NULL},
};

START_TEST(layers_are_shortened_where_they_must_be)
{
	char *words[] = {(char *)layers[_i].layers};
	struct rootfs_options options;
	const int r = rootfs_options_read(words, 1, layers[_i].size, &options);

	ck_assert_int_eq(r, layers[_i].data ? 0 : -E2BIG);
	if (r < 0)
		return;
	ck_assert_str_eq(options.data, layers[_i].data);
	ck_assert_str_eq(options.directory, layers[_i].directory);
	release(&options);
}
END_TEST

static const struct {
	const char *words[4]; /* ended by NULL */
	int result;
	const char *data, *directory;
} mapped[] = {
	{{"uidmap=0:9:5", "lowerdir=/s/1/fs:/s/2/fs", "gidmap=0:7:5"}, 0, "lowerdir=1/fs:2/fs",
		"/s/"},
	{{"uidmap=0:9:5", "gidmap=0:7:5", "lowerdir=/s/1/fs"}, 0, "lowerdir=fs", "/s/1/"},
	{{"rbind", "uidmap=0:9:5", "gidmap=0:7:5"}, 0, "", ""},
	{{"lowerdir=/s/1/fs:/t/2/fs", "uidmap=0:9:5", "gidmap=0:7:5"}, -EXDEV, NULL, NULL},
	{{"lowerdir=/s/1/fs", "uidmap=0:9:5"}, -EINVAL, NULL, NULL},
	{{"lowerdir=/s/1/fs", "gidmap=0:7:5"}, -EINVAL, NULL, NULL},
};

START_TEST(maps_are_no_data_and_layers_are_relative)
{
	struct rootfs_options options;
	char *words[COUNT(mapped[0].words)];
	size_t n = 0;

	for (; n < COUNT(words) && mapped[_i].words[n]; n++)
		words[n] = (char *)mapped[_i].words[n];
	ck_assert_int_eq(rootfs_options_read(words, n, 4096, &options), mapped[_i].result);
	if (mapped[_i].result < 0)
		return;
	ck_assert_str_eq(options.data, mapped[_i].data);
	ck_assert_str_eq(options.directory, mapped[_i].directory);
	ck_assert_str_eq(options.uids, "0:9:5");
	ck_assert_str_eq(options.gids, "0:7:5");
	release(&options);
}
END_TEST

Suite *suite_shim_rootfs_options(void)
{
	Suite *suite = suite_create("shim_rootfs_options");
	TCase *tests = tcase_create("options");

	tcase_add_test(tests, flags_are_no_data);
	tcase_add_loop_test(tests, loop_is_no_data, 0, COUNT(loops));
	tcase_add_loop_test(tests, layers_are_shortened_where_they_must_be, 0, COUNT(layers));
	tcase_add_loop_test(tests, maps_are_no_data_and_layers_are_relative, 0, COUNT(mapped));
	suite_add_tcase(suite, tests);
	return suite;
}
