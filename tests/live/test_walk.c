/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/walk_fixture.h"

Suite *suite_walk(void);

START_TEST(rows_run_in_table_order_across_processes)
{
	static const struct step table[] = {
		{RUNTIME, "a", ALWAYS, step_a, NULL, 0},
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "b", ALWAYS, step_b, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{INIT, "d", ALWAYS, step_d, NULL, 0},
		{INIT, "a again", ALWAYS, step_a, NULL, 0},
		{RUNTIME, "b again", ALWAYS, step_b, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), 0);
	ck_assert_str_eq(trace->text, "abcdab");
}
END_TEST

START_TEST(inactive_rows_are_skipped_by_both_sides)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{RUNTIME, "a", FIRST, step_a, NULL, 0},
		{INIT, "b", SECOND, step_b, NULL, 0},
		{RUNTIME, "c", FIRST | SECOND, step_c, NULL, 0},
		{INIT, "d", ALWAYS, step_d, NULL, 0},
		{RUNTIME, "end", ALWAYS, NULL, NULL, 0},
		{.name = NULL},
	};
	static const char *const expected[] = {"d", "ad", "bd", "abcd"};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, (uint64_t)_i, &err), 0);
	ck_assert_str_eq(trace->text, expected[_i]);
}
END_TEST

START_TEST(an_overlapping_row_does_not_hold_the_turn)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{RUNTIME, "a", ALWAYS, step_a, NULL, 0},
		{RUNTIME, "long", ALWAYS, step_long, NULL, STEP_OVERLAP},
		{INIT, "b", ALWAYS, step_b, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), 0);
	ck_assert_str_eq(trace->text, "ablc");
}
END_TEST

START_TEST(an_error_of_init_arrives_whole_and_undoes_the_runtime_backwards)
{
	static const struct step table[] = {
		{RUNTIME, "a", ALWAYS, step_a, step_A, 0},
		{RUNTIME, "b", ALWAYS, step_b, step_B, 0},
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "mounts", ALWAYS, step_fails, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), -EPERM);
	ck_assert_str_eq(err.text, "mounts: it does not work");
	ck_assert_str_eq(trace->text, "abBA");
}
END_TEST

START_TEST(a_death_of_init_is_an_error_that_names_signal_and_step)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "mounts", ALWAYS, step_dies, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), -ECHILD);
	ck_assert_str_eq(err.text, "c: init was killed by signal 31");
	ck_assert_str_eq(trace->text, "");
}
END_TEST

START_TEST(an_error_of_the_runtime_ends_init_where_it_waits)
{
	static const struct step table[] = {
		{RUNTIME, "a", ALWAYS, step_a, step_A, 0},
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "b", ALWAYS, step_b, NULL, 0},
		{RUNTIME, "hooks", ALWAYS, step_fails, NULL, 0},
		{INIT, "d", ALWAYS, step_d, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), -EPERM);
	ck_assert_str_eq(err.text, "hooks: it does not work");
	ck_assert_str_eq(trace->text, "abA");
}
END_TEST

START_TEST(silence_without_an_announced_exec_is_no_success)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "exec", ALWAYS, step_a, NULL, STEP_EXEC},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), -ECHILD);
	ck_assert_str_eq(err.text, "exec: init ended without a word");
}
END_TEST

START_TEST(init_ends_when_the_runtime_is_gone)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "b", ALWAYS, step_b, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{INIT, "d", ALWAYS, step_d, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	runtime_dies = true;
	/* walk_table waits for INIT: it hangs here if INIT does not notice. */
	ck_assert_int_lt(walk_table(table, 0, &err), 0);
	ck_assert_ptr_null(strchr(trace->text, 'd'));
}
END_TEST

/* Loop: a row below fails, or it itself does. */
START_TEST(what_is_last_to_go_stays_if_something_else_did)
{
	static const struct step tables[][4] = {
		{
			{RUNTIME, "hooks", ALWAYS, step_a, step_A, 0},
			{RUNTIME, "state", ALWAYS, step_b, step_B, STEP_LAST_TO_GO},
			{RUNTIME, "cgroup", ALWAYS, step_c, step_fails, 0},
			{.name = NULL},
		},
		{
			{RUNTIME, "hooks", ALWAYS, step_a, step_A, 0},
			{RUNTIME, "state", ALWAYS, step_b, step_fails, STEP_LAST_TO_GO},
			{RUNTIME, "cgroup", ALWAYS, step_c, step_B, 0},
			{.name = NULL},
		},
	};
	static const char *const expected[] = {"", "BA"};
	struct nacre_error err;
	struct life l;

	life_init(&l);
	l.container.callbacks = &callbacks;
	ck_assert_int_eq(walk_back(&l, tables[_i], tables[_i] + 3, &err), -EPERM);
	ck_assert_str_eq(trace->text, expected[_i]);
	life_done(&l);
}
END_TEST

Suite *suite_walk(void)
{
	Suite *suite = suite_create("walk");
	TCase *tcase = tcase_create("two processes");

	tcase_add_checked_fixture(tcase, fresh_trace, NULL);
	tcase_add_test(tcase, rows_run_in_table_order_across_processes);
	tcase_add_loop_test(tcase, inactive_rows_are_skipped_by_both_sides, 0, 4);
	tcase_add_test(tcase, an_overlapping_row_does_not_hold_the_turn);
	tcase_add_test(tcase, an_error_of_init_arrives_whole_and_undoes_the_runtime_backwards);
	tcase_add_test(tcase, a_death_of_init_is_an_error_that_names_signal_and_step);
	tcase_add_test(tcase, an_error_of_the_runtime_ends_init_where_it_waits);
	tcase_add_test(tcase, silence_without_an_announced_exec_is_no_success);
	tcase_add_test(tcase, init_ends_when_the_runtime_is_gone);
	tcase_add_loop_test(tcase, what_is_last_to_go_stays_if_something_else_did, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}
