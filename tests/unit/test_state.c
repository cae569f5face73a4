/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/state_fixture.h"

Suite *suite_state(void);

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
	suite_add_tcase(suite, tc);
	return suite;
}
