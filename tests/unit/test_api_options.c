/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/options.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *suite_api_options(void);

enum {
	ROOM = 8192,
	BEHIND = 24, /* what a newer header might have added */
};

static char root[] = "/tmp/api-options-XXXXXX";
static struct nacre *nacre;

static int call_open(const void *options, struct nacre_error *err)
{
	struct nacre *another;
	int r = nacre_open(options, &another, err);

	if (r == 0)
		nacre_close(another);
	return r;
}

static int call_create(const void *options, struct nacre_error *err)
{
	return nacre_create(nacre, "none", options, err);
}

static int call_run(const void *options, struct nacre_error *err)
{
	struct nacre_process *process;

	return nacre_run(nacre, "none", options, &process, err);
}

static int call_harden(const void *options, struct nacre_error *err)
{
	char *text;

	return nacre_harden(options, NACRE_HARDEN_TEXT, &text, err);
}

static int call_exec(const void *options, struct nacre_error *err)
{
	struct nacre_process *process;

	return nacre_exec(nacre, "none", options, &process, err);
}

static int call_update(const void *options, struct nacre_error *err)
{
	return nacre_update(nacre, "none", options, err);
}

static int call_checkpoint(const void *options, struct nacre_error *err)
{
	return nacre_checkpoint(nacre, "none", options, err);
}

static const struct nacre_create_options nowhere = {
	.size = sizeof(nowhere),
	.bundle = "/no/such/bundle",
};

static int call_restore(const void *options, struct nacre_error *err)
{
	struct nacre_process *process;

	return nacre_restore(nacre, "none", &nowhere, options, &process, err);
}

static int call_restore_create(const void *options, struct nacre_error *err)
{
	const struct nacre_criu_options criu = {.size = sizeof(criu)};
	struct nacre_process *process;

	return nacre_restore(nacre, "none", options, &criu, &process, err);
}

/* Every call that takes options, with ones that it would do without a container. */
static const struct {
	const char *name;
	int (*call)(const void *options, struct nacre_error *err);
	size_t size;
	int result; /* of options of this size */
	bool bundle; /* it has one, the first member behind the size */
} calls[] = {
	/* clang-format off */
	{"nacre_options",        call_open,           sizeof(struct nacre_options),        0,       false},
	{"nacre_create_options", call_create,         sizeof(struct nacre_create_options), -ENOENT, true},
	{"nacre_create_options", call_run,            sizeof(struct nacre_create_options), -ENOENT, true},
	{"nacre_create_options", call_harden,         sizeof(struct nacre_create_options), -ENOENT, true},
	{"nacre_create_options", call_restore_create, sizeof(struct nacre_create_options), -ENOENT, true},
	{"nacre_exec_options",   call_exec,           sizeof(struct nacre_exec_options),   -ENOENT, false},
	{"nacre_update_options", call_update,         sizeof(struct nacre_update_options), -ENOENT, false},
	{"nacre_criu_options",   call_checkpoint,     sizeof(struct nacre_criu_options),   -ENOENT, false},
	{"nacre_criu_options",   call_restore,        sizeof(struct nacre_criu_options),   -ENOENT, false},
	/* clang-format on */
};

static union {
	size_t size;
	struct nacre_create_options create;
	unsigned char bytes[ROOM];
} given;

static void prepare(int i, size_t size)
{
	memset(&given, 0, sizeof(given));
	if (calls[i].bundle)
		given.create.bundle = nowhere.bundle;
	given.size = size;
}

static void expect(int i, int result, const char *text)
{
	struct nacre_error err = {0};

	ck_assert_int_eq(calls[i].call(&given, &err), result);
	if (text)
		ck_assert_msg(
			strstr(err.text, text) != NULL, "\"%s\" is not in: %s", text, err.text);
	if (text)
		ck_assert_msg(strstr(err.text, calls[i].name) != NULL, "no name in: %s", err.text);
}

START_TEST(a_struct_of_our_size_is_taken)
{
	prepare(_i, calls[_i].size);
	expect(_i, calls[_i].result, NULL);
}
END_TEST

START_TEST(a_longer_one_is_taken_if_the_rest_is_zero)
{
	prepare(_i, calls[_i].size + BEHIND);
	given.bytes[calls[_i].size + BEHIND] = 1;
	expect(_i, calls[_i].result, NULL);
}
END_TEST

START_TEST(a_longer_one_is_refused_if_it_asks_for_more)
{
	for (size_t at = calls[_i].size; at < calls[_i].size + BEHIND; at++) {
		prepare(_i, calls[_i].size + BEHIND);
		given.bytes[at] = 1;
		expect(_i, -E2BIG, "is set");
	}
}
END_TEST

START_TEST(a_size_that_is_none_is_refused)
{
	struct nacre_error err;

	prepare(_i, 0);
	expect(_i, -EINVAL, "its size is 0");
	prepare(_i, 2 * sizeof(void *));
	expect(_i, -EINVAL, "at least");
	prepare(_i, SIZE_MAX);
	expect(_i, -E2BIG, "set it to sizeof");
	ck_assert_int_eq(calls[_i].call(NULL, &err), -EINVAL);
}
END_TEST

/* As of version 1, which did not need DATA. */
START_TEST(what_a_shorter_one_lacks_is_zero)
{
	const struct nacre_options full = {
		.size = offsetof(struct nacre_options, data),
		.root = root,
		.data = root,
	};
	struct nacre_options taken = {.data = &taken};
	struct nacre_error err;

	ck_assert_int_eq(options_take(&full, &taken, &err), 0);
	ck_assert_ptr_eq(taken.root, root);
	ck_assert_ptr_null(taken.data);
	ck_assert_uint_eq(taken.size, sizeof(taken));
}
END_TEST

#if __SIZEOF_POINTER__ == 8
/* A program that was compiled with version 1 has these sizes for ever. */
START_TEST(the_sizes_of_version_1_are_taken)
{
	static const struct {
		int call;
		size_t size;
	} first[] = {{0, 40}, {1, 120}, {5, 136}, {6, 40}, {7, 104}};

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		prepare(first[i].call, first[i].size);
		expect(first[i].call, calls[first[i].call].result, NULL);
		prepare(first[i].call, first[i].size - 1);
		expect(first[i].call, -EINVAL, "at least");
	}
}
END_TEST
#endif

/* Its environment is as it was: the program would learn of neither. */
START_TEST(a_restore_takes_nothing_of_a_service_manager)
{
	const struct nacre_criu_options criu = {.size = sizeof(criu)};
	struct nacre_create_options options = nowhere;
	struct nacre_process *process;
	struct nacre_error err;

	options.notify = true;
	ck_assert_int_eq(nacre_restore(nacre, "none", &options, &criu, &process, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "takes no notify: ") != NULL, "%s", err.text);
	options.notify = false;
	options.preserve_fds = options.listen_fds = 1;
	ck_assert_int_eq(nacre_restore(nacre, "none", &options, &criu, &process, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "takes no listen_fds: ") != NULL, "%s", err.text);
}
END_TEST

START_TEST(sockets_that_are_not_preserved_are_refused)
{
	struct nacre_create_options options = nowhere;
	struct nacre_error err;

	options.preserve_fds = 1;
	options.listen_fds = 2;
	ck_assert_int_eq(nacre_create(nacre, "none", &options, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "listen_fds is 2 and preserve_fds only 1") != NULL, "%s",
		err.text);
	options.preserve_fds = 2;
	ck_assert_int_eq(nacre_create(nacre, "none", &options, &err), -ENOENT);
}
END_TEST

START_TEST(rootless_takes_three_words)
{
	static const char *const words[] = {"true", "false", "auto", NULL};
	struct nacre_create_options options = nowhere;
	struct nacre_error err;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		options.rootless = words[i];
		ck_assert_int_eq(nacre_create(nacre, "none", &options, &err), -ENOENT);
	}
	options.rootless = "yes";
	ck_assert_int_eq(nacre_create(nacre, "none", &options, &err), -EINVAL);
	ck_assert_str_eq(err.text, "--rootless: expected true|false|auto, found \"yes\"");
}
END_TEST

static void refuses_root(const char *path, int code, const char *text)
{
	const struct nacre_options options = {
		.size = sizeof(options), .root = path, .root_must_exist = true};
	struct nacre_error err;

	ck_assert_int_eq(call_open(&options, &err), code);
	ck_assert_msg(strstr(err.text, text) != NULL, "\"%s\" is not in: %s", text, err.text);
}

START_TEST(the_root_directory_is_no_state_root)
{
	static const char *const names[] = {"/", "//", "/.", "/../", "/proc/self/root"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		refuses_root(names[i], -EINVAL, "--root may not be \"/\"");
}
END_TEST

/* Cut off, it would be another directory. */
START_TEST(a_root_beyond_path_max_is_refused)
{
	char path[PATH_MAX + 2];

	(void)snprintf(path, sizeof(path), "%s", root);
	memset(path + strlen(root), '/', sizeof(path) - strlen(root));
	path[sizeof(path) - 2] = 'x';
	path[sizeof(path) - 1] = '\0';
	refuses_root(path, -ENAMETOOLONG, "--root: the path is longer than 4095 bytes: ");
}
END_TEST

static void open_root(void)
{
	struct nacre_options options = {.size = sizeof(options), .root = root};
	struct nacre_error err;

	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_msg(nacre_open(&options, &nacre, &err) == 0, "%s", err.text);
	ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", root, 1), 0);
}

static void close_root(void)
{
	nacre_close(nacre);
	(void)rmdir(root);
}

Suite *suite_api_options(void)
{
	const int n = sizeof(calls) / sizeof(calls[0]);
	Suite *suite = suite_create("api_options");
	TCase *tcase = tcase_create("api_options");

	tcase_add_unchecked_fixture(tcase, open_root, close_root);
	tcase_add_loop_test(tcase, a_struct_of_our_size_is_taken, 0, n);
	tcase_add_loop_test(tcase, a_longer_one_is_taken_if_the_rest_is_zero, 0, n);
	tcase_add_loop_test(tcase, a_longer_one_is_refused_if_it_asks_for_more, 0, n);
	tcase_add_loop_test(tcase, a_size_that_is_none_is_refused, 0, n);
	tcase_add_test(tcase, what_a_shorter_one_lacks_is_zero);
	tcase_add_test(tcase, a_restore_takes_nothing_of_a_service_manager);
	tcase_add_test(tcase, sockets_that_are_not_preserved_are_refused);
	tcase_add_test(tcase, rootless_takes_three_words);
	tcase_add_test(tcase, the_root_directory_is_no_state_root);
	tcase_add_test(tcase, a_root_beyond_path_max_is_refused);
#if __SIZEOF_POINTER__ == 8
	tcase_add_test(tcase, the_sizes_of_version_1_are_taken);
#endif
	suite_add_tcase(suite, tcase);
	return suite;
}
