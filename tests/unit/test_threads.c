/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <threads.h>

#include "libcontainer/api/nacre.h"

#include <check.h>

Suite *suite_threads(void);

static int wait_for(void *data)
{
	return mtx_lock(data) == thrd_success ? mtx_unlock(data) : thrd_error;
}

static int end_at_once(void *data)
{
	(void)data;
	return 0;
}

START_TEST(a_caller_with_a_second_thread_is_refused)
{
	struct nacre_error err;
	thrd_t thread;
	mtx_t held;

	ck_assert_int_eq(mtx_init(&held, mtx_plain), thrd_success);
	ck_assert_int_eq(mtx_lock(&held), thrd_success);
	ck_assert_int_eq(thrd_create(&thread, wait_for, &held), thrd_success);
	ck_assert_int_eq(container_refuse_threads(&err), -EBUSY);
	ck_assert_str_eq(err.text, "the calling process has 2 threads, it may have one only");
	ck_assert_int_eq(mtx_unlock(&held), thrd_success);
	ck_assert_int_eq(thrd_join(thread, NULL), thrd_success);
	ck_assert_int_eq(container_refuse_threads(&err), 0);
	mtx_destroy(&held);
}
END_TEST

START_TEST(a_thread_that_was_joined_does_not_count)
{
	struct nacre_error err;
	thrd_t thread;

	for (int i = 0; i < 2000; i++) {
		ck_assert_int_eq(thrd_create(&thread, end_at_once, NULL), thrd_success);
		ck_assert_int_eq(thrd_join(thread, NULL), thrd_success);
		ck_assert_int_eq(container_refuse_threads(&err), 0);
	}
}
END_TEST

Suite *suite_threads(void)
{
	Suite *suite = suite_create("threads");
	TCase *tcase = tcase_create("threads");

	tcase_add_test(tcase, a_caller_with_a_second_thread_is_refused);
	tcase_add_test(tcase, a_thread_that_was_joined_does_not_count);
	suite_add_tcase(suite, tcase);
	return suite;
}
