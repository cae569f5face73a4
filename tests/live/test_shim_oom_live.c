/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/cgroup_fixture.h"

#include "libcontainer/cgroup/cgroup_controllers.h"
#include "shim/log.h"
#include "shim/loop.h"
#include "shim/oom.h"
#include "shim/publish.h"
#include "shim/task_cgroup.h"

Suite *suite_shim_oom_live(void);

static struct container container = {.id = (char *)"one", .cgroup_fd = -1, .oom.fd = -1};
static struct cgroup cgroup;
static int told;

int task_cgroup_open(pid_t pid)
{
	(void)pid;
	return openat(cgroup.mount_fd, cgroup.path + 1, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void publish_named(const char *topic, const char *name, const struct container *of)
{
	ck_assert_str_eq(topic, "/tasks/oom");
	ck_assert_str_eq(name, "TaskOOM");
	ck_assert_ptr_eq(of, &container);
	told++;
	loop_end();
}

void log_warning(const char *format, ...)
{
	ck_abort_msg("warning: %s", format);
}

static void end(struct timer *timer)
{
	(void)timer;
	loop_end();
}

static void run_loop(int64_t milliseconds)
{
	struct timer timer = {.due = end};

	loop_set(&timer, milliseconds);
	ck_assert_int_eq(loop_run(), 0);
	loop_unset(&timer);
}

static void set(const char *file, const char *value)
{
	const int fd = openat(cgroup.fd, file, O_WRONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s: %s", file, strerror(errno));
	ck_assert_int_eq(write(fd, value, strlen(value)), (int)strlen(value));
	(void)close(fd);
}

/* In the cgroup, beside the container's first process: more memory than its limit */
static void overrun(void)
{
	const size_t size = (size_t)64 << 20;
	int status;
	const pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		volatile char *bytes = malloc(size);

		if (!bytes || cgroup_attach(&cgroup, getpid(), &err) < 0)
			_exit(1);
		for (size_t i = 0; i < size; i += 4096)
			bytes[i] = 1;
		_exit(2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, SIGKILL);
}

START_TEST(kills_are_told_and_a_removed_cgroup_is_left)
{
	cgroup = make("oom");
	set("memory.max", "8388608");
	if (faccessat(cgroup.fd, "memory.swap.max", F_OK, 0) == 0)
		set("memory.swap.max", "0");
	ck_assert_int_eq(loop_open(), 0);
	oom_watch(&container);
	run_loop(100);
	ck_assert_int_eq(told, 0);
	for (int i = 1; i <= 2; i++) {
		overrun();
		run_loop(10000);
		ck_assert_int_eq(told, i);
	}
	destroy(&cgroup);
	run_loop(200);
	ck_assert_uint_eq(container.oom.events, 0); /* or the loop would turn for ever */
	ck_assert_int_eq(told, 2);
	oom_forget(&container);
}
END_TEST

/* Only the guest of tests/vm has this controller for certain. */
static bool has_memory(void)
{
	char names[CGROUP_CONTROLLERS_MAX];
	const int fd = cgroup_open_mount(&err);
	const bool has = fd >= 0 && cgroup_controllers_read(fd, names) == 0 &&
			 cgroup_controllers_have(names, "memory", strlen("memory"));

	if (fd >= 0)
		(void)close(fd);
	return has;
}

Suite *suite_shim_oom_live(void)
{
	Suite *suite = suite_create("shim_oom_live");
	TCase *tests = tcase_create("kills");

	tcase_add_unchecked_fixture(tests, name_base, sweep);
	if (has_memory())
		tcase_add_test(tests, kills_are_told_and_a_removed_cgroup_is_left);
	suite_add_tcase(suite, tests);
	return suite;
}
