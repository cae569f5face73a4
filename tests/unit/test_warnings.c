/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/validate.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

Suite *suite_warnings(void);

static struct arena *arena;

static void setup(void)
{
	arena = arena_new(16 << 20);
	ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
	arena_free(arena);
}

static struct oci_config *decode(const char *text)
{
	struct oci_config *config = NULL;
	struct nacre_error err;

	ck_assert_msg(
		oci_config_decode(arena, "config.json", text, strlen(text), &config, &err) == 0,
		"%s", err.text);
	return config;
}

static void collect(void *data, const char *text)
{
	size_t used = strlen(data);

	(void)snprintf((char *)data + used, 4096 - used, "%s\n", text);
}

START_TEST(a_member_that_is_nearly_known_is_a_misspelling)
{
	struct oci_config *config = decode(
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\",\"readOnly\":true},\n"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":0,\"gid\":0},\n"
		"\"noNewPrivilege\":true,\"x-vendor\":{\"noNewPrivilege\":1}},\n"
		"\"annotations\":{\"noNewPrivilege\":\"1\"},\"windows\":{},\"vm\":{},\n"
		"\"linux\":{\"maskedPath\":[],\"namespaces\":[{\"type\":\"pid\"},\n"
		"{\"type\":\"mount\",\"paths\":\"/x\"}],\"seccomp\":null}}");
	char text[4096] = "";

	oci_config_warnings(config, collect, text);
	ck_assert_str_eq(text,
		"config.json:3: process.noNewPrivilege is not known (did you mean "
		"noNewPrivileges?); it has no effect\n"
		"config.json:5: linux.maskedPath is not known (did you mean maskedPaths?); it has "
		"no effect\n"
		"config.json:6: linux.namespaces[1].paths is not known (did you mean path?); it "
		"has "
		"no effect\n");
}
END_TEST

START_TEST(a_misspelling_in_a_part_is_one_too)
{
	static const char process_text[] =
		"{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":0,\"gid\":0},\n"
		"\"noNewPrivilege\":true,\"vendor\":1}";
	static const char resources_text[] = "{\"memory\":{\"limits\":5}}";
	char text[4096] = "";
	struct oci_part part = {.name = "p.json", .warn = collect, .data = text};
	struct oci_process *process;
	struct oci_resources *resources;
	struct nacre_error err = {0};

	part.text = process_text;
	part.length = strlen(process_text);
	ck_assert_int_eq(oci_process_decode(arena, &part, &process, &err), 0);
	part.text = resources_text;
	part.length = strlen(resources_text);
	ck_assert_int_eq(oci_resources_decode(arena, &part, &resources, &err), 0);
	ck_assert_str_eq(text,
		"p.json:2: noNewPrivilege is not known (did you mean noNewPrivileges?); it has no "
		"effect\n"
		"p.json:1: memory.limits is not known (did you mean limit?); it has no effect\n");
}
END_TEST

START_TEST(what_has_no_effect_is_warned_of)
{
	struct oci_config *config = decode(
		"{\"ociVersion\":\"1.4.0\",\"root\":{\"path\":\"r\"},"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"commandLine\":\"a\",\"user\":"
		"{\"uid\":0,\"gid\":0,\"username\":\"a\"}},"
		"\"mounts\":[{\"destination\":\"a\",\"type\":\"tmpfs\"}],"
		"\"linux\":{\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"x\"]},\"resources\":"
		"{"
		"\"memory\":{\"kernel\":1,\"kernelTCP\":1,\"swappiness\":0,\"disableOOMKiller\":"
		"true,"
		"\"useHierarchy\":false},"
		"\"cpu\":{\"realtimeRuntime\":1,\"realtimePeriod\":1},"
		"\"blockIO\":{\"weightDevice\":[{\"major\":1,\"minor\":1,\"leafWeight\":10}]},"
		"\"network\":{\"classID\":1,\"priorities\":[{\"name\":\"a\",\"priority\":1}]},"
		"\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":false,\"access\":"
		"\"rwa\"}]}}}");
	char text[4096] = "";

	oci_config_warnings(config, collect, text);
	ck_assert_str_eq(text,
		"ociVersion 1.4.0 is newer than 1.3.0: properties that came after it are ignored\n"
		"mounts[0].destination: \"a\" is relative, which is deprecated; it is taken from "
		"/\n"
		"process.commandLine is ignored: it applies only to Windows\n"
		"process.user.username is ignored: it applies only to Windows\n"
		"linux.personality.flags is ignored: the specification defines no flags\n"
		"linux.resources.devices[1].access: \"rwa\" has letters other than r, w and m: all "
		"access is denied\n"
		"linux.resources.memory.kernel is ignored: cgroup v2 has no such setting\n"
		"linux.resources.memory.kernelTCP is ignored: cgroup v2 has no such setting\n"
		"linux.resources.memory.swappiness is ignored: cgroup v2 has no such setting\n"
		"linux.resources.memory.disableOOMKiller is ignored: cgroup v2 has no such "
		"setting\n"
		"linux.resources.memory.useHierarchy is ignored: cgroup v2 has no such setting\n"
		"linux.resources.cpu.realtimeRuntime is ignored: cgroup v2 has no such setting\n"
		"linux.resources.cpu.realtimePeriod is ignored: cgroup v2 has no such setting\n"
		"linux.resources.blockIO.leafWeight is ignored: cgroup v2 has no such setting\n"
		"linux.resources.network.classID is ignored: cgroup v2 has no such setting\n"
		"linux.resources.network.priorities is ignored: cgroup v2 has no such setting\n");
}
END_TEST

START_TEST(a_plain_config_is_not_warned_of)
{
	struct oci_config *config = decode(
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},"
		"\"mounts\":[{\"destination\":\"/a\",\"type\":\"tmpfs\"}]}");
	char text[4096] = "";

	oci_config_warnings(config, collect, text);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(zero_values_as_engines_send_them_are_not_warned_of)
{
	struct oci_config *config = decode("{\"ociVersion\":\"1.0.2\",\"linux\":{"
					   "\"resources\":{\"memory\":{\"kernel\":0,\"kernelTCP\":"
					   "0,\"disableOOMKiller\":false},"
					   "\"cpu\":{\"realtimeRuntime\":0,\"realtimePeriod\":0},"
					   "\"blockIO\":{\"leafWeight\":0},"
					   "\"network\":{}}}}");
	char text[4096] = "";

	oci_config_warnings(config, collect, text);
	ck_assert_str_eq(text, "");
}
END_TEST

Suite *suite_warnings(void)
{
	Suite *suite = suite_create("warnings");
	TCase *tcase = tcase_create("warnings");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_member_that_is_nearly_known_is_a_misspelling);
	tcase_add_test(tcase, a_misspelling_in_a_part_is_one_too);
	tcase_add_test(tcase, what_has_no_effect_is_warned_of);
	tcase_add_test(tcase, a_plain_config_is_not_warned_of);
	tcase_add_test(tcase, zero_values_as_engines_send_them_are_not_warned_of);
	suite_add_tcase(suite, tcase);
	return suite;
}
