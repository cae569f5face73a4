/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/cleanup.h"
#include "libcontainer/life/sync.h"

#include <check.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

Suite *suite_sync(void);

/* As when `run` gave the turn for start and INIT fails before it comes to take it. */
START_TEST(last_words_arrive_though_a_turn_was_left_unread)
{
	struct sync_message message;
	struct nacre_error err;
	int pair[2], fd;

	for (int with_fd = 0; with_fd < 2; with_fd++) {
		ck_assert_int_eq(sync_pair(pair, &err), 0);
		ck_assert_int_eq(sync_send(pair[0], SYNC_TURN, 1, 0, -1, NULL, -1), 0);
		ck_assert_int_eq(sync_send(pair[1], SYNC_FAILED, 0, EPERM, -1, "why", -1), 0);
		fd_close(&pair[1]);
		ck_assert_int_eq(sync_receive(pair[0], &message, with_fd ? &fd : NULL), 1);
		ck_assert_int_eq(message.kind, SYNC_FAILED);
		ck_assert_str_eq(message.text, "why");
		ck_assert_int_eq(sync_receive(pair[0], &message, with_fd ? &fd : NULL), 0);
		fd_close(&pair[0]);
	}
}
END_TEST

/* An init that waits for `start` may be of another nacre: kinds, places and widths are for ever,
 * and only the text may be longer. */
START_TEST(messages_are_those_of_version_4)
{
	static const struct {
		uint32_t version;
		uint16_t kind, step;
		int32_t code, value;
		char text[4];
	} failed = {4, 2, 14, 13, -7, "why"};
	struct nacre_error err;
	char bytes[4096] = "";
	int pair[2];

	ck_assert_int_eq(sync_pair(pair, &err), 0);
	ck_assert_int_eq(sync_send(pair[0], SYNC_FAILED, 14, 13, -7, "why", -1), 0);
	ck_assert_int_eq(read(pair[1], bytes, sizeof(bytes)), sizeof(failed));
	ck_assert_mem_eq(bytes, &failed, sizeof(failed));
	ck_assert_int_eq(SYNC_TURN, 1);
	ck_assert_int_eq(SYNC_EXEC, 3);
	ck_assert_int_eq(SYNC_WARNING, 4);
	ck_assert_int_eq(SYNC_DEBUG, 5);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}
END_TEST

Suite *suite_sync(void)
{
	Suite *suite = suite_create("sync");
	TCase *tcase = tcase_create("messages");

	tcase_add_test(tcase, last_words_arrive_though_a_turn_was_left_unread);
	tcase_add_test(tcase, messages_are_those_of_version_4);
	suite_add_tcase(suite, tcase);
	return suite;
}
