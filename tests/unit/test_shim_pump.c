/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/loop.h"
#include "shim/pump.h"

Suite *suite_shim_pump(void);

static struct pump *pump;
static const char *terminal;

/* Opens the terminal, as a process of a container may at any time, and leaves it again. */
static void say(const char *text)
{
	const int fd = open(terminal, O_RDWR | O_NOCTTY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	(void)close(fd);
}

static void say_two(struct timer *timer)
{
	(void)timer;
	ck_assert_ptr_nonnull(pump);
	say("two");
}

static void finish(struct timer *timer)
{
	(void)timer;
	ck_assert_ptr_nonnull(pump);
	pump_finish(pump);
}

static void end(struct timer *timer)
{
	(void)timer;
	loop_end();
}

START_TEST(a_terminal_that_nobody_has_open_is_no_end)
{
	struct timer timers[] = {{.due = say_two}, {.due = finish}, {.due = end}};
	char text[16] = "";
	int ends[2];
	const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	terminal = ptsname(master);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(loop_open(), 0);
	say("one");
	ck_assert_int_eq(pump_start(master, fcntl(ends[1], F_DUPFD_CLOEXEC, 3), &pump), 0);
	for (int i = 0; i < 3; i++)
		loop_set(&timers[i], 150 + (int64_t)i * 300);
	ck_assert_int_eq(loop_run(), 0);
	ck_assert_ptr_null(pump);
	ck_assert_int_eq(read(ends[0], text, sizeof(text) - 1), 6);
	ck_assert_str_eq(text, "onetwo");
	(void)close(ends[0]);
	(void)close(ends[1]);
}
END_TEST

Suite *suite_shim_pump(void)
{
	Suite *suite = suite_create("shim_pump");
	TCase *tests = tcase_create("terminals");

	tcase_add_test(tests, a_terminal_that_nobody_has_open_is_no_end);
	suite_add_tcase(suite, tests);
	return suite;
}
