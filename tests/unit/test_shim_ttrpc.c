/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "shim/ttrpc.h"

Suite *suite_shim_ttrpc(void);

static void write_head(uint8_t *bytes, uint32_t length, uint32_t stream, uint8_t type)
{
	ttrpc_head_write(
		&(struct ttrpc_head){.length = length, .stream = stream, .type = type}, bytes);
}

START_TEST(a_head_is_big_endian)
{
	static const uint8_t wanted[TTRPC_HEAD] = {0, 0, 1, 2, 0, 3, 4, 5, 1, 0};
	uint8_t bytes[TTRPC_HEAD];
	struct ttrpc_head head;

	write_head(bytes, 0x102, 0x30405, TTRPC_REQUEST);
	ck_assert_mem_eq(bytes, wanted, TTRPC_HEAD);
	ck_assert_int_eq(ttrpc_head_read(bytes, &head), 0);
	ck_assert_uint_eq(head.length, 0x102);
	ck_assert_uint_eq(head.stream, 0x30405);
	ck_assert_uint_eq(head.type, TTRPC_REQUEST);
}
END_TEST

static const struct {
	uint32_t length, stream;
	uint8_t type;
} bad_heads[] = {
	{TTRPC_MAX + 1, 1, TTRPC_REQUEST},
	{UINT32_MAX, 1, TTRPC_REQUEST},
	{1, 2, TTRPC_REQUEST},
	{1, 0, TTRPC_REQUEST},
	{1, 1, 0},
	{1, 1, 4},
};

START_TEST(a_wrong_head_is_refused)
{
	uint8_t bytes[TTRPC_HEAD];
	struct ttrpc_head head;

	write_head(bytes, bad_heads[_i].length, bad_heads[_i].stream, bad_heads[_i].type);
	ck_assert_int_eq(ttrpc_head_read(bytes, &head), -EBADMSG);
}
END_TEST

START_TEST(the_largest_is_taken)
{
	uint8_t bytes[TTRPC_HEAD];
	struct ttrpc_head head;

	write_head(bytes, TTRPC_MAX, UINT32_MAX, TTRPC_RESPONSE);
	ck_assert_int_eq(ttrpc_head_read(bytes, &head), 0);
}
END_TEST

/* Two frames, one of them empty, in pieces of STEP bytes. */
static int count_frames(size_t step)
{
	uint8_t bytes[2 * TTRPC_HEAD + 5], *at;
	struct ttrpc_input in = {0};
	struct ttrpc_head head;
	const uint8_t *message;
	size_t done = 0, n;
	int frames = 0;

	write_head(bytes, 5, 1, TTRPC_REQUEST);
	memcpy(bytes + TTRPC_HEAD, "hello", 5);
	write_head(bytes + TTRPC_HEAD + 5, 0, 3, TTRPC_REQUEST);
	while (done < sizeof(bytes)) {
		ck_assert_int_eq(ttrpc_input_room(&in, &at, &n), 0);
		n = n < step ? n : step;
		n = n < sizeof(bytes) - done ? n : sizeof(bytes) - done;
		memcpy(at, bytes + done, n);
		done += n;
		if (!ttrpc_input_take(&in, n, &head, &message))
			continue;
		ck_assert_uint_eq(head.stream, frames == 0 ? 1 : 3);
		if (frames == 0)
			ck_assert_mem_eq(message, "hello", 5);
		frames++;
		ttrpc_input_next(&in);
	}
	ttrpc_input_free(&in);
	return frames;
}

START_TEST(frames_come_in_pieces)
{
	ck_assert_int_eq(count_frames((size_t)_i), 2);
}
END_TEST

START_TEST(a_wrong_head_ends_the_input)
{
	struct ttrpc_input in = {0};
	struct ttrpc_head head;
	const uint8_t *message;
	uint8_t *at;
	size_t n;

	ck_assert_int_eq(ttrpc_input_room(&in, &at, &n), 0);
	ck_assert_uint_eq(n, TTRPC_HEAD);
	memset(at, 0xff, n);
	ck_assert(!ttrpc_input_take(&in, n, &head, &message));
	ck_assert_int_eq(ttrpc_input_room(&in, &at, &n), -EBADMSG);
	ttrpc_input_free(&in);
}
END_TEST

START_TEST(a_large_frame_is_not_kept)
{
	struct ttrpc_input in = {0};
	struct ttrpc_head head;
	const uint8_t *message;
	uint8_t *at;
	size_t n;

	ck_assert_int_eq(ttrpc_input_room(&in, &at, &n), 0);
	write_head(at, TTRPC_MAX, 1, TTRPC_REQUEST);
	ck_assert(!ttrpc_input_take(&in, n, &head, &message));
	ck_assert_int_eq(ttrpc_input_room(&in, &at, &n), 0);
	ck_assert_uint_eq(n, TTRPC_MAX);
	memset(at, 0, n);
	ck_assert(ttrpc_input_take(&in, n, &head, &message));
	ttrpc_input_next(&in);
	ck_assert_uint_eq(in.room, 0);
}
END_TEST

Suite *suite_shim_ttrpc(void)
{
	Suite *suite = suite_create("shim_ttrpc");
	TCase *tests = tcase_create("frames");

	tcase_add_test(tests, a_head_is_big_endian);
	tcase_add_loop_test(
		tests, a_wrong_head_is_refused, 0, sizeof(bad_heads) / sizeof(bad_heads[0]));
	tcase_add_test(tests, the_largest_is_taken);
	tcase_add_loop_test(tests, frames_come_in_pieces, 1, 26);
	tcase_add_test(tests, a_wrong_head_ends_the_input);
	tcase_add_test(tests, a_large_frame_is_not_kept);
	suite_add_tcase(suite, tests);
	return suite;
}
