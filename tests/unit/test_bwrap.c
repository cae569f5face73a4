/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/bwrap.h"

#include "tests/data_files.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS(...)                                                                    \
	{                                                                             \
		(const char *[]){__VA_ARGS__}, COUNT(((const char *[]){__VA_ARGS__})) \
	}

Suite *suite_bwrap(void);

static struct arena *arena;

static void setup(void)
{
	arena = arena_new(1 << 20);
	ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
	arena_free(arena);
}

#define FILE_OF(text)                  \
	{                              \
		text, sizeof(text) - 1 \
	}

/* clang-format off */
/* The files of arguments that the tests have, by their fd. */
static const struct {
	const char *text;
	size_t length;
} files[] = {
	[3] = FILE_OF("--setenv\0A\0one\0--args\0" "4\0--setenv\0C\0three"),
	[4] = FILE_OF("--setenv\0B\0two\0"),
	[5] = FILE_OF("--setenv\0A\0one\0true"),
	[6] = FILE_OF(""),
};
/* clang-format on */

static int read_file(struct arena *a, int fd, const char *option, const char **ret_text,
	size_t *ret_length, struct nacre_error *err)
{
	(void)a;
	if ((size_t)fd >= COUNT(files) || !files[fd].text)
		return fail_errno(err, EBADF, "%s %d", option, fd);
	*ret_text = files[fd].text;
	*ret_length = files[fd].length;
	return 0;
}

static struct bwrap_host user(void)
{
	static const char *environment[] = {"PATH=/usr/bin", "HOME=/home/user", "LANG=C", "odd"};
	static const char *known[] = {"CAP_CHOWN", "CAP_KILL", "CAP_SETFCAP"};
	static const char *hidden[] = {"/run/user/1000/nacre", "/tmp/nacre-bwrap-1000"};

	return (struct bwrap_host){
		.uid = 1000,
		.gid = 1001,
		.home = "/home/user",
		.directory = "/home/user/project",
		.environment = {environment, COUNT(environment)},
		.known = {known, COUNT(known)},
		.hidden = {hidden, COUNT(hidden)},
	};
}

static struct bwrap_host root(void)
{
	struct bwrap_host host = user();

	host.uid = host.gid = 0;
	host.capabilities = (struct oci_strings){host.known.items, 2};
	host.terminal = "/dev/pts/3";
	return host;
}

static struct bwrap_request parse(const struct oci_strings *words)
{
	struct bwrap_request request;
	struct nacre_error err;

	if (bwrap_parse(arena, words, read_file, &request, &err) < 0)
		ck_abort_msg("%s", err.text);
	return request;
}

static struct oci_config *config_of(const struct oci_strings *words, const struct bwrap_host *host)
{
	struct bwrap_request request = parse(words);
	struct oci_config *config;
	struct nacre_error err;

	if (bwrap_config(arena, &request, host, &config, &err) < 0)
		ck_abort_msg("%s", err.text);
	return config;
}

static void expect(
	const char *golden, const struct oci_strings *words, const struct bwrap_host *host)
{
	struct nacre_error err;
	char *text;

	ck_assert_int_eq(oci_config_encode(config_of(words, host), true, &text, &err), 0);
	data_expect(golden, text);
	free(text);
}

/* As srt 0.0.78 calls it, with fewer variables. */
START_TEST(srts_command_line)
{
	const struct oci_strings words = WORDS("--new-session", "--die-with-parent",
		"--unshare-net", "--bind", "/tmp/claude-http.sock", "/tmp/claude-http.sock",
		"--setenv", "SANDBOX_RUNTIME", "1", "--unsetenv", "LANG", "--ro-bind", "/", "/",
		"--bind", "/home/user/project", "/home/user/project", "--tmpfs",
		"/etc/ssh/ssh_config.d", "--ro-bind", "/dev/null", "/home/user/project/.env",
		"--dev", "/dev", "--unshare-pid", "--unshare-user", "--cap-drop", "ALL",
		"--cap-add", "CAP_SETFCAP", "--proc", "/proc", "--", "/bin/bash", "-c", "npm test");
	const struct bwrap_host a_user = user(), the_root = root();

	expect("bwrap/srt-user.json", &words, &a_user);
	expect("bwrap/srt-root.json", &words, &the_root);
}
END_TEST

/* As Codex 0.171 does. */
START_TEST(codexs_command_line)
{
	const struct oci_strings words = WORDS("--as-pid-1", "--new-session", "--die-with-parent",
		"--tmpfs", "/", "--dev", "/dev", "--ro-bind", "/usr", "/usr", "--perms", "555",
		"--tmpfs", "/home/user/project/.codex", "--remount-ro", "/home/user/project/.codex",
		"--perms", "000", "--ro-bind-data", "6", "/home/user/project/secret", "--perms",
		"111", "--tmpfs", "/srv", "--dir", "/srv/open", "--remount-ro", "/srv",
		"--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-net", "--proc",
		"/proc", "--cap-drop", "ALL", "--argv0", "codex-linux-sandbox", "--",
		"/usr/bin/codex", "--apply");
	const struct bwrap_host host = user();

	expect("bwrap/codex.json", &words, &host);
}
END_TEST

/* Nothing is made that was not asked for. */
START_TEST(the_least_that_can_be_asked_for)
{
	const struct oci_strings words = WORDS("true");
	const struct bwrap_host a_user = user(), the_root = root();
	struct oci_config *config = config_of(&words, &a_user);

	ck_assert_uint_eq(config->n_mounts, 0);
	ck_assert_uint_eq(config->linux_->n_namespaces, 2);
	ck_assert_str_eq(config->linux_->namespaces[1].type, "user");
	ck_assert_uint_eq(config->process->capabilities->permitted.n, 0);
	ck_assert(config->process->no_new_privileges);
	config = config_of(&words, &the_root);
	ck_assert_uint_eq(config->linux_->n_namespaces, 1);
	ck_assert_uint_eq(config->process->capabilities->permitted.n, 2);
	ck_assert_uint_eq(config->process->capabilities->ambient.n, 0);
}
END_TEST

START_TEST(options_from_files_come_where_they_are_named)
{
	const struct oci_strings words = WORDS(
		"--setenv", "B", "zero", "--args", "3", "--unsetenv", "C", "--args", "6", "true");
	const struct bwrap_host host = user();
	const struct oci_strings *env = &config_of(&words, &host)->process->env;

	ck_assert(oci_strings_have(env, "A=one"));
	ck_assert(oci_strings_have(env, "B=two"));
	ck_assert(!oci_strings_have(env, "B=zero"));
	ck_assert(!oci_strings_have(env, "C=three"));
	ck_assert(!oci_strings_have(env, "odd"));
}
END_TEST

START_TEST(what_lies_under_the_root_is_not_mounted)
{
	const struct oci_strings words = WORDS("--bind", "/a", "/a", "--ro-bind", "/", "//",
		"--dir", "/../", "--remount-ro", "/", "--bind", "/b", "/c/../b", "true");
	const struct bwrap_host host = user();
	const struct oci_config *config = config_of(&words, &host);

	ck_assert_uint_eq(config->n_mounts, 2);
	ck_assert_str_eq(config->mounts[0].destination, "/");
	ck_assert_str_eq(config->mounts[1].destination, "/b");
	ck_assert(config->root->readonly);
}
END_TEST

START_TEST(states_are_hidden_by_whatever_name)
{
	const struct oci_strings words = WORDS("--bind", "/run/user", "/x", "--dev-bind", "/tmp",
		"/tmp", "--bind", "/usr", "/usr", "--ro-bind", "/run/user/1000/nacre", "/y",
		"true");
	const struct bwrap_host host = user();
	const struct oci_strings *masked = &config_of(&words, &host)->linux_->masked_paths;

	ck_assert_uint_eq(masked->n, 3);
	ck_assert_str_eq(masked->items[0], "/x/1000/nacre");
	ck_assert_str_eq(masked->items[1], "/tmp/nacre-bwrap-1000");
	ck_assert_str_eq(masked->items[2], "/y");
}
END_TEST

static const struct {
	struct oci_strings words;
	const char *error;
} wrong[] = {
	{WORDS("--seccomp", "3", "true"),
		"--seccomp: nacre-bwrap does not know this option; see nacre-bwrap --help"},
	{WORDS("-x", "true"), "-x: nacre-bwrap does not know this option; see nacre-bwrap --help"},
	{WORDS("--bind", "/a"),
		"--bind: expected 2 values after this option; see nacre-bwrap --help"},
	{WORDS("--proc"), "--proc: expected 1 value after this option; see nacre-bwrap --help"},
	{WORDS("--proc", "/proc"), "the command to run is missing; see nacre-bwrap --help"},
	{WORDS("--proc", "/proc", "--"), "the command to run is missing; see nacre-bwrap --help"},
	{WORDS("--perms", "8", "--dir", "/a", "true"),
		"--perms: expected octal permissions such as 0755, found \"8\""},
	{WORDS("--perms", "10000", "--dir", "/a", "true"),
		"--perms: expected octal permissions such as 0755, found \"10000\""},
	{WORDS("--perms", "", "--dir", "/a", "true"),
		"--perms: expected octal permissions such as 0755, found \"\""},
	{WORDS("--perms", "700", "--proc", "/proc", "true"),
		"--perms: expected --tmpfs, --dir or --ro-bind-data after it, found --proc"},
	{WORDS("--perms", "700", "true"),
		"--perms: expected --tmpfs, --dir or --ro-bind-data after it, found nothing"},
	{WORDS("--perms", "700", "--perms", "700", "--dir", "/a", "true"),
		"--perms: the option is given twice in a row; give it once before --tmpfs, --dir "
		"or --ro-bind-data"},
	{WORDS("--ro-bind-data", "x", "/a", "true"),
		"--ro-bind-data: expected the number of a file descriptor, found \"x\""},
	{WORDS("--ro-bind-fd", "99999999999", "/a", "true"),
		"--ro-bind-fd: expected the number of a file descriptor, found \"99999999999\""},
	{WORDS("--args", "5", "true"), "--args: expected only options, found \"true\""},
	{WORDS("--args", "7", "true"), "--args 7: Bad file descriptor"},
	{WORDS("--setenv", "A=B", "c", "true"),
		"--setenv: expected the name of an environment variable, found \"A=B\""},
	{WORDS("--unsetenv", "", "true"),
		"--unsetenv: expected the name of an environment variable, found \"\""},
	{WORDS("--as-pid-1", "true"), "--as-pid-1: this option needs --unshare-pid"},
	{WORDS("--cap-add", "CAP_NONE", "true"),
		"--cap-add: this kernel has no capability \"CAP_NONE\""},
	{WORDS("--cap-drop", "kill", "true"), "--cap-drop: this kernel has no capability \"kill\""},
	{WORDS("--proc", "/", "true"), "--proc /: this option cannot make the root of the sandbox; "
				       "use --bind, --ro-bind or --tmpfs"},
	{WORDS("--dev", "/dev", "--dev-bind", "/dev/null", "/dev/null", "--ro-bind", "/dev/null",
		 "/dev/zero", "true"),
		"--ro-bind /dev/zero: --dev makes this device already; leave this option out"},
	{WORDS("--tmpfs", "/dev/", "true"),
		"--tmpfs /dev: nacre-bwrap makes the devices in /dev itself; use --dev /dev"},
	{WORDS("--dev", "/x", "true"),
		"--dev /x: nacre-bwrap makes devices only in /dev; use --dev /dev"},
};

START_TEST(an_error_names_the_option)
{
	const struct bwrap_host host = user();
	struct bwrap_request request;
	struct oci_config *config;
	struct nacre_error err;
	int r = bwrap_parse(arena, &wrong[_i].words, read_file, &request, &err);

	if (r == 0)
		r = bwrap_config(arena, &request, &host, &config, &err);
	ck_assert_int_lt(r, 0);
	ck_assert_str_eq(err.text, wrong[_i].error);
}
END_TEST

/* execve(2) takes what it is given. */
START_TEST(a_variable_that_is_there_twice_is_taken_away_whole)
{
	static const char *twice[] = {"V=one", "A=1", "V=two", "W=one", "W=two"};
	const struct oci_strings words = WORDS("--unsetenv", "V", "--setenv", "W", "three", "true");
	struct bwrap_host host = user();
	const struct oci_strings *env;

	host.environment = (struct oci_strings){twice, COUNT(twice)};
	env = &config_of(&words, &host)->process->env;
	ck_assert_uint_eq(env->n, 2);
	ck_assert(oci_strings_have(env, "A=1"));
	ck_assert(oci_strings_have(env, "W=three"));
}
END_TEST

/* Codex and others look for an option's name in it. */
START_TEST(help_names_each_option)
{
	bool found = false;

	for (size_t i = 0; bwrap_help_line(i); i++) {
		ck_assert_int_eq(strncmp(bwrap_help_line(i), "--", 2), 0);
		found = found || strncmp(bwrap_help_line(i), "--ro-bind-fd ", 13) == 0;
	}
	ck_assert(found);
}
END_TEST

Suite *suite_bwrap(void)
{
	Suite *suite = suite_create("bwrap");
	TCase *tcase = tcase_create("bwrap");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, srts_command_line);
	tcase_add_test(tcase, codexs_command_line);
	tcase_add_test(tcase, the_least_that_can_be_asked_for);
	tcase_add_test(tcase, a_variable_that_is_there_twice_is_taken_away_whole);
	tcase_add_test(tcase, options_from_files_come_where_they_are_named);
	tcase_add_test(tcase, what_lies_under_the_root_is_not_mounted);
	tcase_add_test(tcase, states_are_hidden_by_whatever_name);
	tcase_add_loop_test(tcase, an_error_names_the_option, 0, (int)COUNT(wrong));
	tcase_add_test(tcase, help_names_each_option);
	suite_add_tcase(suite, tcase);
	return suite;
}
