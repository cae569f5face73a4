/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/sandbox.h"

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

Suite *suite_sandbox(void);

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

/* Debian with a merged /usr, and one without; both lack most of the list. */
static struct sandbox_entry merged[] = {
	{"/usr", true, false},
	{"/bin", false, true},
	{"/lib64", false, true},
	{"/etc/passwd", false, false},
	{"/etc/ssl/certs", true, false},
	{"/etc/resolv.conf", false, true},
};
static struct sandbox_entry split[] = {
	{"/usr", true, false},
	{"/bin", true, false},
	{"/etc/hosts", false, false},
};

static struct sandbox_host host_of_user(void)
{
	static const char *environment[] = {"PATH=/usr/bin", "HOME=/home/user", "LANG=C",
		"AWS_SECRET_ACCESS_KEY=secret", "LD_PRELOAD=/evil.so", "TERM=dumb"};

	return (struct sandbox_host){
		.uid = 1000,
		.gid = 1001,
		.home = "/home/user",
		.environment = {environment, COUNT(environment)},
		.entries = merged,
		.n_entries = COUNT(merged),
	};
}

static struct sandbox_request plain(void)
{
	static const char *args[] = {"npm", "test"};

	return (struct sandbox_request){
		.args = {args, COUNT(args)}, .directory = "/home/user/project", .copy = true};
}

static struct oci_config *must(
	const struct sandbox_request *request, const struct sandbox_host *host)
{
	struct oci_config *config;
	struct nacre_error err;

	if (sandbox_config(arena, request, host, &config, &err) < 0)
		ck_abort_msg("%s", err.text);
	return config;
}

static void expect(const char *golden, const struct oci_config *config)
{
	struct nacre_error err;
	char *text;

	ck_assert_int_eq(oci_config_encode(config, true, &text, &err), 0);
	data_expect(golden, text);
	free(text);
}

START_TEST(a_user_s)
{
	struct sandbox_host host = host_of_user();
	struct sandbox_request request = plain();

	expect("sandbox/user.json", must(&request, &host));
}
END_TEST

START_TEST(root_s_with_all_that_can_be_asked_for)
{
	struct sandbox_host host = host_of_user();
	struct sandbox_entry read[] = {{"/srv/data", true, false}},
			     write[] = {{"/srv/log", true, false}};
	/* Shown, in a home that is empty, and in a workspace elsewhere. */
	struct oci_judged hide[] = {{"/usr/local", "/usr/local", 64769, 12},
		{"/root/x", "/root/x", 1, 2}, {"/w/.env", "/home/user/project/.env", 1, 3}},
			  judged[] = {{"/srv/data", "/srv/data", 64769, UINT64_MAX}};
	struct sandbox_request request = plain();

	host.root = true;
	host.uid = host.gid = 0;
	host.home = "/root";
	host.entries = split;
	host.n_entries = COUNT(split);
	request.read = read;
	request.write = write;
	request.hide = hide;
	request.judged = judged;
	request.workspaces = (struct oci_strings)WORDS("/w");
	request.n_read = request.n_write = request.n_judged = 1;
	request.n_hide = COUNT(hide);
	request.env = (struct oci_strings)WORDS("LD_PRELOAD", "LANG=de_DE.UTF-8", "EMPTY=");
	request.terminal = request.network = true;
	request.memory = 1 << 30;
	request.pids = 64;
	request.cpus = 1500;
	request.tmp_bytes = 1 << 20;
	expect("sandbox/root.json", must(&request, &host));
}
END_TEST

/* clang-format off */
static const struct {
	int64_t memory, pids;
	uint64_t most; /* of either, that the caller may set */
	uint64_t expected[2]; /* RLIMIT_NPROC, RLIMIT_DATA; 0: none */
} by_rlimits[] = {
	{0, 0, UINT64_MAX, {512, 0}},
	{0, 0, 100, {100, 0}},
	{1 << 20, 20, UINT64_MAX, {20, 1 << 20}},
	{1 << 20, 20, 7, {7, 7}},
};
/* clang-format on */

START_TEST(without_a_cgroup_limits_are_those_of_the_process)
{
	static const char *const types[] = {"RLIMIT_NPROC", "RLIMIT_DATA"};
	struct sandbox_host host = host_of_user();
	struct sandbox_request request = plain();
	const struct oci_process *process;
	struct oci_config *config;

	host.no_limits = "why";
	host.processes_most = host.data_most = by_rlimits[_i].most;
	request.memory = by_rlimits[_i].memory;
	request.pids = by_rlimits[_i].pids;
	config = must(&request, &host);
	process = config->process;
	ck_assert(!config->linux_->resources || !config->linux_->resources->pids);
	ck_assert_uint_eq(process->n_rlimits, by_rlimits[_i].expected[1] ? 2 : 1);
	for (size_t i = 0; i < process->n_rlimits; i++) {
		ck_assert_str_eq(process->rlimits[i].type, types[i]);
		ck_assert_uint_eq(process->rlimits[i].soft, by_rlimits[_i].expected[i]);
		ck_assert_uint_eq(process->rlimits[i].hard, by_rlimits[_i].expected[i]);
	}
}
END_TEST

START_TEST(without_a_cgroup_cpu_time_is_not_limited)
{
	struct sandbox_host host = host_of_user();
	struct sandbox_request request = plain();
	struct oci_config *config;
	struct nacre_error err;

	host.no_limits = "why";
	request.cpus = 1500;
	ck_assert_int_eq(sandbox_config(arena, &request, &host, &config, &err), -ENOTSUP);
	ck_assert_str_eq(err.text,
		"--cpus: only a cgroup can limit CPU time, and nacre cannot use one: why");
}
END_TEST

START_TEST(the_working_directory_is_the_copy_alone)
{
	struct sandbox_host host = host_of_user();
	struct sandbox_request request = plain();
	struct sandbox_entry here[] = {{"/home/user/project", true, false}};
	struct oci_config *config;
	struct nacre_error err;

	request.write = here;
	request.n_write = 1;
	ck_assert_int_eq(sandbox_config(arena, &request, &host, &config, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "--workspace /home/user/project:direct"));
	request.read = here;
	request.n_read = 1;
	ck_assert_int_eq(sandbox_config(arena, &request, &host, &config, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "--workspace /home/user/project:ro"));
	request.copy = false;
	(void)must(&request, &host);
}
END_TEST

static const char *const bad_variables[] = {"", "=x", "NOT_THERE"};

START_TEST(a_variable_must_be_there)
{
	const char *variable = bad_variables[_i];
	struct sandbox_host host = host_of_user();
	struct sandbox_request request = plain();
	struct oci_config *config;
	struct nacre_error err;

	request.env = (struct oci_strings){&variable, 1};
	ck_assert_int_eq(sandbox_config(arena, &request, &host, &config, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "--env"));
}
END_TEST

static const char *const secrets[] = {"/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/ssl/private",
	"/etc/ssl", "/etc", "/etc/sudoers", "/etc/machine-id", "/home", "/root", "/run", "/var",
	"/sys", "/tmp", "/dev", "/boot", "/opt", "/etc/pki", "/etc/docker", "/etc/kubernetes",
	"/etc/krb5.keytab"};

START_TEST(what_has_secrets_is_on_no_list)
{
	for (const char *const *path = sandbox_paths; *path; path++)
		ck_assert_str_ne(*path, secrets[_i]);
	for (const char *const *path = sandbox_network_paths; *path; path++)
		ck_assert_str_ne(*path, secrets[_i]);
}
END_TEST

/* clang-format off */
static const struct {
	const char *directory;
	bool allowed;
} directories[] = {
	{"/home/user/project", true}, {"/srv", true}, {"/home/username", true}, {"/home/user/project/a", true},
	{"/", false}, {"/home/user", false}, {"/home", false}, {"/root", false}, {"/home/other", false},
};
/* clang-format on */

START_TEST(a_home_is_no_place_to_work_in)
{
	struct oci_strings homes = WORDS("/home/user", "/home/other", "/root");
	struct nacre_error err;
	int r = sandbox_check_directory(directories[_i].directory, &homes, &err);

	ck_assert_int_eq(r, directories[_i].allowed ? 0 : -EPERM);
	ck_assert(r == 0 || strstr(err.text, "--workspace"));
}
END_TEST

/* clang-format off */
static const struct {
	const char *directory;
	bool allowed;
} unnamed[] = {
	{"/home/user/project", true}, {"/home/user/.dotfiles", true}, {"/home/user/.config/nvim", true},
	{"/srv/project", true}, {"/tmp/project", true}, {"/usr/local/src", true}, {"/etcetera", true},
	{"/etc", false}, {"/etc/ssl", false}, {"/boot", false}, {"/usr", false}, {"/usr/lib/x", false},
	{"/tmp", false}, {"/home/user/.ssh", false}, {"/home/user/.ssh/keys", false},
	{"/home/user/.config", false}, {"/home/user/.local/share", false},
};
/* clang-format on */

START_TEST(what_is_no_project_must_be_named)
{
	struct oci_strings homes = WORDS("/home/user", "/root");
	struct nacre_error err;

	ck_assert_int_eq(sandbox_check_unnamed(unnamed[_i].directory, &homes, &err),
		unnamed[_i].allowed ? 0 : -EPERM);
}
END_TEST

Suite *suite_sandbox(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tcase = tcase_create("sandbox");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_user_s);
	tcase_add_test(tcase, root_s_with_all_that_can_be_asked_for);
	tcase_add_loop_test(
		tcase, without_a_cgroup_limits_are_those_of_the_process, 0, COUNT(by_rlimits));
	tcase_add_test(tcase, without_a_cgroup_cpu_time_is_not_limited);
	tcase_add_test(tcase, the_working_directory_is_the_copy_alone);
	tcase_add_loop_test(tcase, a_variable_must_be_there, 0, COUNT(bad_variables));
	tcase_add_loop_test(tcase, what_has_secrets_is_on_no_list, 0, COUNT(secrets));
	tcase_add_loop_test(tcase, a_home_is_no_place_to_work_in, 0, COUNT(directories));
	tcase_add_loop_test(tcase, what_is_no_project_must_be_named, 0, COUNT(unnamed));
	suite_add_tcase(suite, tcase);
	return suite;
}
