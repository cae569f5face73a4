/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <signal.h>

#include "libcontainer/process/signals.h"

Suite *suite_signals(void);

static const struct {
	const char *text;
	int number;
} signals[] = {
	{"0", 0},
	{"1", 1},
	{"9", 9},
	{"09", 9},
	{"15", 15},
	{"64", 64},
	{"KILL", SIGKILL},
	{"kill", SIGKILL},
	{"SIGKILL", SIGKILL},
	{"sigkill", SIGKILL},
	{"SigKill", SIGKILL},
	{"TERM", SIGTERM},
	{"HUP", SIGHUP},
	{"SIGUSR1", SIGUSR1},
	{"SIGCLD", SIGCHLD},
	{"POLL", SIGIO},
	{"IOT", SIGABRT},
	{"WINCH", SIGWINCH},
	{"SIGSYS", SIGSYS},
	{"RTMIN", 34},
	{"SIGRTMIN", 34},
	{"SIGRTMIN+3", 37},
	{"rtmin+30", 64},
	{"RTMAX", 64},
	{"SIGRTMAX-1", 63},
	{"rtmax-30", 34},
	{"RTMIN+0", 34},
	{"", -EINVAL},
	{"65", -EINVAL},
	{"-1", -EINVAL},
	{"+9", -EINVAL},
	{" 9", -EINVAL},
	{"9 ", -EINVAL},
	{"9x", -EINVAL},
	{"009", -EINVAL},
	{"4294967305", -EINVAL},
	{"SIG", -EINVAL},
	{"SIG9", -EINVAL},
	{"SIGSIGKILL", -EINVAL},
	{"KILLER", -EINVAL},
	{"KIL", -EINVAL},
	{"RTMIN-1", -EINVAL},
	{"RTMIN+31", -EINVAL},
	{"RTMIN+", -EINVAL},
	{"RTMIN+x", -EINVAL},
	{"RTMIN+-1", -EINVAL},
	{"RTMIN1", -EINVAL},
	{"RTMAX+1", -EINVAL},
	{"RTMAX-31", -EINVAL},
	{"RTMI", -EINVAL},
};

START_TEST(a_signal_is_a_number_or_a_name)
{
	ck_assert_msg(signal_from_text(signals[_i].text) == signals[_i].number, "%s gives %d",
		signals[_i].text, signal_from_text(signals[_i].text));
}
END_TEST

/* The table against libc's. */
START_TEST(every_name_of_libc_is_known)
{
	int number;

	for (number = 1; number < 32; number++) {
		const char *name = sigabbrev_np(number);

		ck_assert_ptr_nonnull(name);
		ck_assert_msg(signal_from_text(name) == number, "%s", name);
	}
	ck_assert_int_eq(signal_from_text("RTMIN"), SIGRTMIN);
	ck_assert_int_eq(signal_from_text("RTMAX"), SIGRTMAX);
}
END_TEST

Suite *suite_signals(void)
{
	Suite *suite = suite_create("signals");
	TCase *t = tcase_create("signals");

	tcase_add_loop_test(
		t, a_signal_is_a_number_or_a_name, 0, sizeof(signals) / sizeof(signals[0]));
	tcase_add_test(t, every_name_of_libc_is_known);
	suite_add_tcase(suite, t);
	return suite;
}
