/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "tests/live/cgroup_fixture.h"

#include <sys/stat.h>
#include <time.h>

#include "libcontainer/base/files.h"

Suite *suite_cgroup_wait(void);

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

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

START_TEST(freeze_waits_until_processes_stand_still)
{
	struct cgroup cgroup = make("freeze");
	pid_t pid = sleeper(&cgroup);

	ck_assert_int_eq(cgroup_is_frozen(cgroup.mount_fd, cgroup.path, &err), 0);
	ck_assert_msg(cgroup_freeze(&cgroup, true, &err) == 0, "%s", err.text);
	ck_assert(file_has(&cgroup, "cgroup.events", "frozen 1"));
	ck_assert_int_eq(cgroup_is_frozen(cgroup.mount_fd, cgroup.path, &err), 1);
	ck_assert_msg(cgroup_freeze(&cgroup, false, &err) == 0, "%s", err.text);
	ck_assert(file_has(&cgroup, "cgroup.events", "frozen 0"));
	ck_assert_int_eq(cgroup_is_frozen(cgroup.mount_fd, cgroup.path, &err), 0);
	reap(pid);
	destroy(&cgroup);
}
END_TEST

START_TEST(kill_reaches_what_is_below_and_what_is_frozen)
{
	struct cgroup top = make("kill"), below = make("kill/below");
	pid_t a = sleeper(&below), b = sleeper(&below);
	int status;

	ck_assert_msg(cgroup_freeze(&top, true, &err) == 0, "%s", err.text);
	ck_assert_msg(cgroup_kill(&top, &err) == 0, "%s", err.text);
	ck_assert_msg(cgroup_wait_empty(&top, 5000, &err) == 0, "%s", err.text);
	ck_assert_int_eq(waitpid(a, &status, 0), a);
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	ck_assert_int_eq(waitpid(b, &status, 0), b);
	cgroup_close(&below);
	destroy(&top);
}
END_TEST

/* A process in OWN that kills TARGET: it ends with 0 if that is refused. */
static pid_t killer(const struct cgroup *own, const struct cgroup *target)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct nacre_error why;
		const bool refused = cgroup_attach(own, getpid(), &why) == 0 &&
				     cgroup_kill(target, &why) == -EBUSY &&
				     strstr(why.text, "the caller is one of them");

		_exit(refused ? 0 : 1);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

START_TEST(nobody_kills_a_cgroup_that_holds_the_caller)
{
	struct cgroup top = make("mine"), below = make("mine/below"), beside = make("mine-too");
	pid_t bystander = sleeper(&below), pid;
	int status;

	pid = killer(&below, &below);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	pid = killer(&below, &top);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(kill(bystander, 0), 0);
	/* Its name begins as another's. */
	pid = killer(&beside, &top);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	ck_assert_int_eq(waitpid(bystander, &status, 0), bystander);
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	cgroup_close(&below);
	destroy(&beside);
	destroy(&top);
}
END_TEST

START_TEST(waiting_is_bounded)
{
	struct cgroup cgroup = make("bounded");
	pid_t pid = sleeper(&cgroup);
	int64_t begin = now_ms();

	ck_assert_int_eq(cgroup_wait_empty(&cgroup, 100, &err), -ETIMEDOUT);
	ck_assert_int_ge(now_ms() - begin, 100);
	ck_assert_int_lt(now_ms() - begin, 2000);
	reap(pid);
	destroy(&cgroup);
}
END_TEST

START_TEST(destroy_kills_and_removes_a_tree)
{
	struct cgroup top = make("tree"), a = make("tree/a"), b = make("tree/a/b"),
		      c = make("tree/c");
	pid_t pids[3] = {sleeper(&b), sleeper(&c), sleeper(&c)};
	int i, status;

	destroy(&top);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	}
	cgroup_close(&a);
	cgroup_close(&b);
	cgroup_close(&c);
}
END_TEST

/* A container with a cgroup namespace can nest as it likes; that must not keep it from being
 * deleted. */
START_TEST(destroy_removes_a_very_deep_tree)
{
	struct cgroup top = make("deep");
	pid_t *pids = NULL;
	size_t n;
	int depth, fd = dup(top.fd);

	for (depth = 0; depth < 300; depth++) {
		int next;

		ck_assert_int_eq(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ge(next, 0);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	ck_assert_int_eq(cgroup_pids(&top, &pids, &n, &err), 0);
	ck_assert_uint_eq(n, 0);
	destroy(&top);
}
END_TEST

START_TEST(destroy_of_what_is_gone_succeeds)
{
	struct cgroup a = make("gone"), b = make("gone");
	pid_t *pids = NULL;
	size_t n = 1;

	destroy(&a);
	ck_assert_int_eq(cgroup_destroy(&b, &err), 0);
	ck_assert_int_eq(cgroup_kill(&b, &err), 0);
	ck_assert_int_eq(cgroup_wait_empty(&b, 0, &err), 0);
	ck_assert_int_eq(cgroup_pids(&b, &pids, &n, &err), 0);
	ck_assert_uint_eq(n, 0);
	cgroup_close(&b);
	cgroup_close(&b);
}
END_TEST

Suite *suite_cgroup_wait(void)
{
	Suite *suite = suite_create("cgroup_wait");
	TCase *t = tcase_create("cgroup_wait");

	tcase_add_unchecked_fixture(t, name_base, sweep);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, freeze_waits_until_processes_stand_still);
	tcase_add_test(t, kill_reaches_what_is_below_and_what_is_frozen);
	tcase_add_test(t, nobody_kills_a_cgroup_that_holds_the_caller);
	tcase_add_test(t, waiting_is_bounded);
	tcase_add_test(t, destroy_kills_and_removes_a_tree);
	tcase_add_test(t, destroy_removes_a_very_deep_tree);
	tcase_add_test(t, destroy_of_what_is_gone_succeeds);
	suite_add_tcase(suite, t);
	return suite;
}
