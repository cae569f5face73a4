/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "tests/live/cgroup_fixture.h"

#include <linux/magic.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "libcontainer/base/files.h"
#include "libcontainer/cgroup/cgroup_controllers.h"
#include "libcontainer/cgroup/cgroup_limits.h"

Suite *suite_cgroup(void);

static int make_fails(const char *name)
{
	struct cgroup cgroup = CGROUP_CLOSED;
	char path[256];
	int r;

	(void)snprintf(path, sizeof(path), "/%s-%s", base, name);
	r = cgroup_create(cgroup_open_mount(&err), path, &cgroup, &err);
	ck_assert_int_lt(r, 0);
	ck_assert_int_eq(cgroup.fd, -1);
	return r;
}

static int file_has(const struct cgroup *cgroup, const char *file, const char *text)
{
	char *content = NULL;
	int found;

	ck_assert_msg(
		file_read(cgroup->fd, file, 65536, &content, NULL, &err) == 0, "%s", err.text);
	found = strstr(content, text) != NULL;
	free(content);
	return found;
}

START_TEST(the_mount_is_cgroup2)
{
	int fd = cgroup_open_mount(&err);
	struct statfs fs;

	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_int_eq(fstatfs(fd, &fs), 0);
	ck_assert_int_eq(fs.f_type, CGROUP2_SUPER_MAGIC);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	(void)close(fd);
}
END_TEST

static const struct {
	const char *given;
	const char *path; /* NULL: refused */
	const char *text; /* of the refusal */
} resolutions[] = {
	{"/a", "/a", NULL},
	{"/a/b", "/a/b", NULL},
	{"//a///b/", "/a/b", NULL},
	{"/./a/./b", "/a/b", NULL},
	{"/a..b/...", "/a..b/...", NULL},
	{"/a:b:c", "/a:b:c", NULL},
	{"/", NULL, "root cgroup"},
	{"/.", NULL, "root cgroup"},
	{"..", NULL, "\"..\""},
	{"/a/../b", NULL, "\"..\""},
	{"/a/..", NULL, "\"..\""},
	{"/a\nsystem\nb.scope", NULL, "newline"},
	{"system.slice:nacre:x", NULL, "--systemd-cgroup"},
};

START_TEST(a_path_is_made_plain_or_refused)
{
	char path[PATH_MAX] = "untouched";
	int mount_fd = cgroup_open_mount(&err), r;

	r = cgroup_resolve_path(mount_fd, resolutions[_i].given, "id", path, &err);
	if (resolutions[_i].path) {
		ck_assert_msg(r == 0, "%s", err.text);
		ck_assert_str_eq(path, resolutions[_i].path);
	} else {
		ck_assert_int_eq(r, -EINVAL);
		ck_assert_msg(strstr(err.text, resolutions[_i].text) != NULL, "%s", err.text);
		ck_assert_str_eq(path, "untouched");
	}
	(void)close(mount_fd);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_refused)
{
	char path[PATH_MAX], given[2 * PATH_MAX];
	int mount_fd = cgroup_open_mount(&err);
	size_t i;

	for (i = 0; i + 2 < sizeof(given); i += 2)
		memcpy(given + i, "/a", 3);
	ck_assert_int_eq(cgroup_resolve_path(mount_fd, given, "id", path, &err), -ENAMETOOLONG);
	memset(given + 1, 'a', NAME_MAX + 1);
	given[NAME_MAX + 2] = '\0';
	ck_assert_int_eq(cgroup_resolve_path(mount_fd, given, "id", path, &err), -ENAMETOOLONG);
	(void)close(mount_fd);
}
END_TEST

/* cgroup.procs of the cgroup that this process is in. */
static int open_own_procs(int mount_fd)
{
	char line[PATH_MAX], path[PATH_MAX + 16];
	FILE *file = fopen("/proc/self/cgroup", "re");
	int fd = -1;

	ck_assert_ptr_nonnull(file);
	while (fd < 0 && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "./%s/cgroup.procs", line + 4);
		fd = openat(mount_fd, path, O_WRONLY | O_CLOEXEC);
	}
	(void)fclose(file);
	ck_assert_int_ge(fd, 0);
	return fd;
}

START_TEST(a_relative_path_hangs_below_the_parent_of_the_runtimes_cgroup)
{
	struct cgroup own = make("own"), inner = make("own/inner");
	char path[PATH_MAX], expected[PATH_MAX + 64];
	int before = open_own_procs(own.mount_fd);

	ck_assert_int_eq(cgroup_attach(&inner, getpid(), &err), 0);
	ck_assert_int_eq(cgroup_resolve_path(own.mount_fd, "x/y", "id", path, &err), 0);
	(void)snprintf(expected, sizeof(expected), "%s/x/y", own.path);
	ck_assert_str_eq(path, expected);
	ck_assert_int_eq(cgroup_resolve_path(own.mount_fd, NULL, "id", path, &err), 0);
	(void)snprintf(expected, sizeof(expected), "%s/nacre-id", own.path);
	ck_assert_str_eq(path, expected);
	ck_assert_int_eq(write(before, "0", 1), 1);
	(void)close(before);
	destroy(&inner);
	destroy(&own);
}
END_TEST

START_TEST(in_the_root_cgroup_a_relative_path_hangs_below_the_root)
{
	struct cgroup root = make("root");
	int status;
	pid_t pid = fork();

	/* A cgroup namespace makes its own cgroup the root. */
	if (pid == 0) {
		char path[PATH_MAX] = "";

		if (cgroup_attach(&root, getpid(), &err) < 0 || unshare(CLONE_NEWCGROUP) < 0 ||
			cgroup_resolve_path(root.mount_fd, "", "id", path, &err) < 0)
			_exit(1);
		_exit(strcmp(path, "/nacre-id") ? 2 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	destroy(&root);
}
END_TEST

START_TEST(create_makes_all_levels_and_enables_controllers)
{
	struct cgroup leaf = make("levels/b/c"), top;
	char names[CGROUP_CONTROLLERS_MAX], below[CGROUP_CONTROLLERS_MAX], path[256];

	ck_assert_int_eq(cgroup_controllers_read(leaf.mount_fd, names), 0);
	ck_assert_int_eq(cgroup_controllers_read(leaf.fd, below), 0);
	ck_assert_str_eq(below, names);
	ck_assert_int_ne(fcntl(leaf.fd, F_GETFD) & FD_CLOEXEC, 0);
	destroy(&leaf);
	/* Parents are left; they may be somebody's. */
	(void)snprintf(path, sizeof(path), "/%s-levels", base);
	ck_assert_int_eq(cgroup_open(path, &top, &err), 0);
	destroy(&top);
}
END_TEST

START_TEST(an_empty_cgroup_that_is_there_is_used)
{
	struct cgroup a = make("there"), b = make("there");

	cgroup_close(&a);
	destroy(&b);
}
END_TEST

START_TEST(a_cgroup_with_processes_is_refused)
{
	struct cgroup cgroup = make("full");
	pid_t a = sleeper(&cgroup), b = sleeper(&cgroup);

	ck_assert_int_eq(make_fails("full"), -EBUSY);
	ck_assert_msg(strstr(err.text, "container's cgroup is not empty: 2 process(es) found"),
		"%s", err.text);
	reap(a);
	reap(b);
	destroy(&cgroup);
}
END_TEST

START_TEST(a_frozen_cgroup_is_refused)
{
	struct cgroup cgroup = make("cold");

	ck_assert_msg(cgroup_freeze(&cgroup, true, &err) == 0, "%s", err.text);
	ck_assert_int_eq(make_fails("cold"), -EBUSY);
	ck_assert_ptr_nonnull(strstr(err.text, "container's cgroup unexpectedly frozen"));
	destroy(&cgroup);
}
END_TEST

START_TEST(create_refuses_the_root_and_parents)
{
	struct cgroup cgroup = CGROUP_CLOSED;

	ck_assert_int_eq(cgroup_create(cgroup_open_mount(&err), "/", &cgroup, &err), -EINVAL);
	ck_assert_int_eq(cgroup_create(cgroup_open_mount(&err), "/a/..", &cgroup, &err), -EINVAL);
	ck_assert_int_eq(cgroup_open("/", &cgroup, &err), -EINVAL);
	ck_assert_int_eq(cgroup_open("/../x", &cgroup, &err), -EINVAL);
	ck_assert_int_eq(cgroup.fd, -1);
}
END_TEST

START_TEST(open_says_when_it_is_gone)
{
	struct cgroup cgroup = CGROUP_CLOSED;
	char path[256];

	(void)snprintf(path, sizeof(path), "/%s-none", base);
	err.text[0] = '\0';
	ck_assert_int_eq(cgroup_open(path, &cgroup, &err), -ENOENT);
	ck_assert_str_eq(err.text, "");
}
END_TEST

/* The kernel lets a cgroup have processes or hand controllers down, not both. */
START_TEST(a_level_with_processes_matters_only_to_a_limit)
{
	struct cgroup busy = make("busy"), leaf;
	pid_t pid = sleeper(&busy);
	struct oci_hugepage_limit page = {"2MB", 0};
	struct oci_resources resources = {.hugepage_limits = &page, .n_hugepage_limits = 1};
	char names[CGROUP_CONTROLLERS_MAX];

	ck_assert_int_eq(cgroup_controllers_read(busy.fd, names), 0);
	leaf = make("busy/leaf");
	if (cgroup_controllers_have(names, "hugetlb", strlen("hugetlb"))) {
		ck_assert_int_eq(
			cgroup_limits_apply(leaf.fd, &resources, 0, NULL, NULL, NULL, &err),
			-EBUSY);
		ck_assert_msg(
			strstr(err.text, "hugetlb controller cannot be enabled"), "%s", err.text);
		ck_assert_msg(strstr(err.text, "-busy/cgroup.subtree_control"), "%s", err.text);
	}
	reap(pid);
	destroy(&leaf);
	destroy(&busy);
}
END_TEST

START_TEST(a_limit_reaches_the_kernel)
{
	struct cgroup cgroup = make("limit");
	struct oci_hugepage_limit page = {"2MB", 4194304};
	struct oci_resources resources = {.hugepage_limits = &page, .n_hugepage_limits = 1};
	char names[CGROUP_CONTROLLERS_MAX];

	ck_assert_int_eq(cgroup_controllers_read(cgroup.fd, names), 0);
	ck_assert_msg(cgroup_controllers_have(names, "hugetlb", strlen("hugetlb")), "%s", names);
	ck_assert_msg(cgroup_limits_apply(cgroup.fd, &resources, 0, NULL, NULL, NULL, &err) == 0,
		"%s", err.text);
	ck_assert(file_has(&cgroup, "hugetlb.2MB.max", "4194304\n"));
	ck_assert(file_has(&cgroup, "hugetlb.2MB.rsvd.max", "4194304\n"));
	page.page_size = "3MB";
	ck_assert_int_eq(
		cgroup_limits_apply(cgroup.fd, &resources, 0, NULL, NULL, NULL, &err), -ENOSYS);
	ck_assert_msg(strstr(err.text, "has no file hugetlb.3MB.max"), "%s", err.text);
	destroy(&cgroup);
}
END_TEST

START_TEST(pids_come_from_the_whole_tree)
{
	struct cgroup top = make("pids"), below = make("pids/below");
	pid_t pid = sleeper(&below), *pids = NULL;
	size_t n = 0;

	ck_assert_msg(cgroup_pids(&top, &pids, &n, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(pids[0], pid);
	free(pids);
	ck_assert_uint_eq(cgroup_oom_kills(&top), 0);
	reap(pid);
	cgroup_close(&below);
	destroy(&top);
}
END_TEST

START_TEST(attach_of_a_dead_process_is_told)
{
	struct cgroup cgroup = make("attach");
	pid_t pid = sleeper(NULL);

	reap(pid);
	ck_assert_int_eq(cgroup_attach(&cgroup, pid, &err), -ESRCH);
	destroy(&cgroup);
}
END_TEST

Suite *suite_cgroup(void)
{
	Suite *suite = suite_create("cgroup");
	TCase *t = tcase_create("cgroup");

	tcase_add_unchecked_fixture(t, name_base, sweep);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_mount_is_cgroup2);
	tcase_add_loop_test(t, a_path_is_made_plain_or_refused, 0,
		sizeof(resolutions) / sizeof(resolutions[0]));
	tcase_add_test(t, a_path_that_is_too_long_is_refused);
	tcase_add_test(t, a_relative_path_hangs_below_the_parent_of_the_runtimes_cgroup);
	tcase_add_test(t, in_the_root_cgroup_a_relative_path_hangs_below_the_root);
	tcase_add_test(t, create_makes_all_levels_and_enables_controllers);
	tcase_add_test(t, an_empty_cgroup_that_is_there_is_used);
	tcase_add_test(t, a_cgroup_with_processes_is_refused);
	tcase_add_test(t, a_frozen_cgroup_is_refused);
	tcase_add_test(t, create_refuses_the_root_and_parents);
	tcase_add_test(t, open_says_when_it_is_gone);
	tcase_add_test(t, a_level_with_processes_matters_only_to_a_limit);
	tcase_add_test(t, a_limit_reaches_the_kernel);
	tcase_add_test(t, pids_come_from_the_whole_tree);
	tcase_add_test(t, attach_of_a_dead_process_is_told);
	suite_add_tcase(suite, t);
	return suite;
}
