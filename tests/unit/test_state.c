/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/state.h"

#include "specs/json.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_state(void);

static struct arena *arena;
static struct nacre_error err;

static struct oci_pair annotations[] = {{"com.example.a", "1"}, {"com.example.b", ""}};
static const char *grants[] = {"cap:CAP_NET_RAW", "mount:/srv"};

static const struct oci_state running = {
	.oci_version = "1.3.0",
	.id = "agent-1",
	.pid = 4242,
	.status = "running",
	.bundle = "/bundles/agent-1",
	.rootfs = "/bundles/agent-1/rootfs",
	.created = "2026-01-02T03:04:05.678901234Z",
	.annotations = {annotations, 2},
	.owner = "root",
	.profile = "agent",
};

static void set_up(void)
{
	arena = arena_new(1 << 20);
}

static void tear_down(void)
{
	arena_free(arena);
}

static void expect(int result, char *text, const char *expected)
{
	ck_assert_msg(result == 0, "%s", err.text);
	ck_assert_str_eq(text, expected);
	free(text);
}

START_TEST(the_state_has_the_keys_of_runc_in_its_order)
{
	char *text = NULL;
	int r = oci_state_encode(&running, false, &text, &err);

	expect(r, text,
		"{\"ociVersion\":\"1.3.0\",\"id\":\"agent-1\",\"pid\":4242,\"status\":\"running\","
		"\"bundle\":\"/bundles/agent-1\",\"rootfs\":\"/bundles/agent-1/rootfs\","
		"\"created\":\"2026-01-02T03:04:05.678901234Z\",\"annotations\":{"
		"\"com.example.a\":\"1\",\"com.example.b\":\"\"},\"owner\":\"root\","
		"\"profile\":\"agent\"}");
}
END_TEST

START_TEST(the_state_for_hooks_has_only_what_the_spec_names)
{
	struct oci_state state = {
		.oci_version = "1.3.0", .id = "x", .status = "stopped", .bundle = "/b"};
	char *text = NULL;
	int r = oci_state_encode(&state, false, &text, &err);

	expect(r, text,
		"{\"ociVersion\":\"1.3.0\",\"id\":\"x\",\"pid\":0,\"status\":\"stopped\","
		"\"bundle\":\"/b\"}");
}
END_TEST

START_TEST(the_pretty_state_is_the_same_document)
{
	struct oci_state *state = NULL;
	char *text = NULL, *compact = NULL;

	ck_assert_int_eq(oci_state_encode(&running, true, &text, &err), 0);
	ck_assert_int_eq(strncmp(text, "{\n\t\"ociVersion\": \"1.3.0\",\n", 25), 0);
	ck_assert_int_eq(oci_state_decode(arena, "s", text, strlen(text), &state, &err), 0);
	free(text);
	ck_assert_int_eq(oci_state_encode(&running, false, &text, &err), 0);
	ck_assert_int_eq(oci_state_encode(state, false, &compact, &err), 0);
	ck_assert_str_eq(text, compact);
	free(text);
	free(compact);
}
END_TEST

START_TEST(a_list_of_states_is_one_array)
{
	struct oci_state two[2] = {
		{.oci_version = "1.3.0", .id = "a", .status = "created", .bundle = "/a"},
		{.oci_version = "1.3.0", .id = "b", .status = "created", .bundle = "/b", .pid = 2},
	};
	char *text = NULL;
	int r = oci_states_encode(two, 2, &text, &err);

	expect(r, text,
		"[{\"ociVersion\":\"1.3.0\",\"id\":\"a\",\"pid\":0,\"status\":\"created\","
		"\"bundle\":\"/a\"},{\"ociVersion\":\"1.3.0\",\"id\":\"b\",\"pid\":2,"
		"\"status\":\"created\",\"bundle\":\"/b\"}]");
	r = oci_states_encode(NULL, 0, &text, &err);
	expect(r, text, "[]");
}
END_TEST

START_TEST(a_seccomp_agent_gets_the_process_state)
{
	struct oci_state state = {
		.oci_version = "1.3.0", .id = "x", .status = "creating", .bundle = "/b", .pid = 5};
	char *text = NULL;
	int r = container_process_state_encode(&state, "seccompFd", 7, "key=value", &text, &err);

	expect(r, text,
		"{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":7,"
		"\"metadata\":\"key=value\",\"state\":{\"ociVersion\":\"1.3.0\",\"id\":\"x\","
		"\"pid\":5,\"status\":\"creating\",\"bundle\":\"/b\"}}");
	r = container_process_state_encode(&state, "seccompFd", 7, NULL, &text, &err);
	expect(r, text,
		"{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":7,"
		"\"state\":{\"ociVersion\":\"1.3.0\",\"id\":\"x\",\"pid\":5,"
		"\"status\":\"creating\",\"bundle\":\"/b\"}}");
}
END_TEST

static const struct container_record full = {
	.version = RECORD_VERSION,
	.id = "agent-1",
	.bundle = "/bundles/agent-1",
	.rootfs = "/bundles/agent-1/rootfs",
	.created = "2026-01-02T03:04:05.678901234Z",
	.pid = 4242,
	.start_time = UINT64_MAX,
	.boot_id = UINT64_C(0x8000000000000001),
	.cgroup = "/agents/one",
	.active = UINT64_C(1) << 63,
	.owner_uid = 4294967294,
	.profile = "agent",
	.grants = {grants, 2},
	.annotations = {annotations, 2},
};

START_TEST(a_record_keeps_every_member)
{
	struct container_record *r = NULL;
	char *text = NULL;

	ck_assert_int_eq(container_record_encode(&full, &text, &err), 0);
	ck_assert_int_eq(container_record_decode(arena, "record", text, strlen(text), &r, &err), 0);
	free(text);
	ck_assert_uint_eq(r->version, RECORD_VERSION);
	ck_assert_str_eq(r->id, full.id);
	ck_assert_str_eq(r->bundle, full.bundle);
	ck_assert_str_eq(r->rootfs, full.rootfs);
	ck_assert_str_eq(r->created, full.created);
	ck_assert_int_eq(r->pid, full.pid);
	ck_assert_uint_eq(r->start_time, full.start_time);
	ck_assert_uint_eq(r->boot_id, full.boot_id);
	ck_assert_str_eq(r->cgroup, full.cgroup);
	ck_assert_uint_eq(r->active, full.active);
	ck_assert_uint_eq(r->owner_uid, full.owner_uid);
	ck_assert_str_eq(r->profile, full.profile);
	ck_assert_uint_eq(r->grants.n, 2);
	ck_assert_str_eq(r->grants.items[1], grants[1]);
	ck_assert_uint_eq(r->annotations.n, 2);
	ck_assert_str_eq(r->annotations.items[0].key, annotations[0].key);
	ck_assert_str_eq(r->annotations.items[1].value, "");
}
END_TEST

START_TEST(a_record_of_a_container_without_a_process_is_complete)
{
	struct container_record bare = {.version = RECORD_VERSION, .id = "x"};
	struct container_record *r = NULL;
	char *text = NULL;

	ck_assert_int_eq(container_record_encode(&bare, &text, &err), 0);
	ck_assert_int_eq(container_record_decode(arena, "record", text, strlen(text), &r, &err), 0);
	ck_assert_int_eq(r->pid, 0);
	ck_assert_ptr_null(r->cgroup);
	ck_assert_uint_eq(r->grants.n, 0);
	free(text);
}
END_TEST

/* Each key that the record must have, missing from it in turn. */
static const char *const needed[] = {
	"version", "id", "pid", "startTime", "bootId", "active", "ownerUid"};

START_TEST(a_record_cut_short_is_not_taken_for_a_whole_one)
{
	struct container_record *r = NULL;
	char *text = NULL, *key, message[80], quoted[40];

	ck_assert_int_eq(container_record_encode(&full, &text, &err), 0);
	(void)snprintf(quoted, sizeof(quoted), "\"%s\":", needed[_i]);
	(void)snprintf(message, sizeof(message), "record:1: %s: is required", needed[_i]);
	key = strstr(text, quoted);
	ck_assert_ptr_nonnull(key);
	key[1] = '_';
	ck_assert_int_eq(
		container_record_decode(arena, "record", text, strlen(text), &r, &err), -EINVAL);
	ck_assert_str_eq(err.text, message);
	ck_assert_ptr_null(r);
	free(text);
}
END_TEST

START_TEST(a_truncated_record_is_an_error_at_every_length)
{
	struct container_record *r = NULL;
	char *text = NULL;

	ck_assert_int_eq(container_record_encode(&full, &text, &err), 0);
	for (size_t n = 0; n < strlen(text); n++) {
		ck_assert_int_eq(
			container_record_decode(arena, "record", text, n, &r, &err), -EINVAL);
		ck_assert_ptr_null(r);
	}
	free(text);
}
END_TEST

START_TEST(a_bundle_path_that_json_cannot_hold_is_refused_when_written)
{
	struct container_record record = full;
	char *text = NULL;

	record.bundle = "/bundles/\xff";
	ck_assert_int_eq(container_record_encode(&record, &text, &err), -EILSEQ);
	ck_assert_ptr_null(text);
}
END_TEST

Suite *suite_state(void)
{
	Suite *suite = suite_create("state");
	TCase *tc = tcase_create("state");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_state_has_the_keys_of_runc_in_its_order);
	tcase_add_test(tc, the_state_for_hooks_has_only_what_the_spec_names);
	tcase_add_test(tc, the_pretty_state_is_the_same_document);
	tcase_add_test(tc, a_list_of_states_is_one_array);
	tcase_add_test(tc, a_seccomp_agent_gets_the_process_state);
	tcase_add_test(tc, a_record_keeps_every_member);
	tcase_add_test(tc, a_record_of_a_container_without_a_process_is_complete);
	tcase_add_loop_test(tc, a_record_cut_short_is_not_taken_for_a_whole_one, 0,
		sizeof(needed) / sizeof(needed[0]));
	tcase_add_test(tc, a_truncated_record_is_an_error_at_every_length);
	tcase_add_test(tc, a_bundle_path_that_json_cannot_hold_is_refused_when_written);
	suite_add_tcase(suite, tc);
	return suite;
}
