/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include <errno.h>
#include <string.h>

Suite *suite_harden_rules(void);

START_TEST(the_host_network_by_path_is_refused_too)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	struct result result;

	config->linux_->namespaces[5].path = "/proc/./1//ns/net";
	result = agent(config, "");
	ck_assert_refused(&result, "profile agent, rule host-network: linux.namespaces: "
				   "/proc/./1//ns/net is the host's network namespace; allow it "
				   "with --allow host-network");
	result = agent(config, "host-network");
	ck_assert_no_change(&result, "host-network");
	ck_assert_str_eq(result.config->linux_->namespaces[5].path, "/proc/./1//ns/net");
}
END_TEST

START_TEST(a_namespace_joined_by_path_is_marked_as_not_the_hosts)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	const struct oci_strings *marked;

	ck_assert_uint_eq(must(agent(config, "")).config->nacre->not_host.n, 0);
	for (size_t i = 0; i < config->linux_->n_namespaces; i++)
		config->linux_->namespaces[i].path = "/proc/77/ns/any";
	marked = &must(agent(config, "")).config->nacre->not_host;
	ck_assert_uint_eq(marked->n, 6);
	ck_assert(oci_strings_have(marked, "network"));
	ck_assert(oci_strings_have(marked, "pid"));
	/* a grant for what is not the host's has no effect */
	ck_assert_uint_eq(must(agent(config, "host-network host-pid")).report->granted.n, 0);
	/* what is granted may be the host's by any path */
	config->linux_->namespaces[1].path = "/proc/self/ns/pid";
	config->linux_->namespaces[5].path = "/proc/1/ns/net";
	marked = &must(agent(config, "host-network host-pid")).config->nacre->not_host;
	ck_assert_uint_eq(marked->n, 4);
	ck_assert(!oci_strings_have(marked, "network"));
	ck_assert(!oci_strings_have(marked, "pid"));
}
END_TEST

START_TEST(host_pid_and_host_ipc_leave_these_namespaces_away)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	struct result result;

	config->linux_->namespaces[1].type = "user";
	config->linux_->namespaces[1].path = "/proc/77/ns/user";
	result = agent(config, "host-pid");
	ck_assert_no_change(&result, "host-pid");
	result = agent(config, "host-ipc");
	ck_assert_one_change(
		&result, "namespaces", "linux.namespaces[6]", "added {\"type\":\"pid\"}");
}
END_TEST

START_TEST(a_config_without_a_linux_object_is_refused_or_filled)
{
	struct oci_config *config = decode("a",
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\","
		"\"args\":[\"a\"],\"user\":{\"uid\":0,\"gid\":0}}}");
	struct result result = agent(config, "");

	ck_assert_refused(&result, "profile agent, rule host-network: linux.namespaces: without "
				   "{\"type\": \"network\"} the container would share the host's "
				   "network; allow it with --allow host-network");
	result = must(agent(config, "host-network"));
	ck_assert_uint_eq(result.config->linux_->n_namespaces, 5);
	ck_assert_int_eq(result.config->linux_->resources->pids->limit, 512);
	ck_assert_int_eq(oci_config_validate(result.config, &result.err), 0);
}
END_TEST

START_TEST(a_granted_capability_is_kept_but_not_added)
{
	struct result result = agent(
		tight("", ",\"capabilities\":{\"bounding\":[\"CAP_NET_RAW\",\"CAP_SYS_ADMIN\"]}",
			"", LIMITED),
		"cap:CAP_NET_RAW cap:CAP_BPF");

	ck_assert_one_change(
		&result, "capability-ceiling", "process.capabilities.bounding", "-CAP_SYS_ADMIN");
	ck_assert_uint_eq(result.config->process->capabilities->bounding.n, 1);
	ck_assert_uint_eq(result.config->process->capabilities->effective.n, 0);
}
END_TEST

START_TEST(new_privileges_keep_setuid_programs_of_the_root_alone)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	struct result result;

	config->process->no_new_privileges = false;
	config->nacre->root_nosuid = false;
	result = agent(config, "new-privileges");
	ck_assert_no_change(&result, "new-privileges");
	ck_assert(!result.config->nacre->root_nosuid);
	ck_assert(result.config->nacre->root_nodev);
}
END_TEST

/* clang-format off */
static const struct {
	struct oci_device_rule rule;
	const char *grants;
	bool stays;
} device_rules[] = {
	{ {false, "c", {true, 4}, {true, 1}, "w"}, "", true },
	{ {true, "c", {true, 1}, {true, 3}, "rwm"}, "", true },
	{ {true, "c", {true, 1}, {true, 4}, "rwm"}, "", false },
	{ {true, "c", {true, 1}, {false, 0}, "rwm"}, "", false },
	{ {true, "c", {true, 1}, {true, -1}, "rwm"}, "", false },
	{ {true, "b", {true, 1}, {true, 3}, "rwm"}, "", false },
	{ {true, NULL, {true, 1}, {true, 3}, "rwm"}, "", false },
	{ {true, "c", {true, 136}, {false, 0}, "rw"}, "", true },
	{ {true, "c", {true, 136}, {true, -1}, NULL}, "", true },
	{ {true, "c", {true, 136}, {true, 9}, "rw"}, "", true },
	{ {true, "c", {true, 5}, {true, 2}, "rwm"}, "", true },
	{ {true, "c", {false, 0}, {true, 2}, "rwm"}, "", false },
	{ {true, "c", {true, -1}, {true, -1}, "m"}, "device:/dev/other", false },
	/* These are in linux.devices: c 10:229 and, as "u", 10:230; b 7:1. */
	{ {true, "c", {true, 10}, {true, 229}, "rw"}, "", true },
	{ {true, "c", {true, 10}, {true, 230}, "rw"}, "", true },
	{ {true, "b", {true, 10}, {true, 229}, "rw"}, "", false },
	{ {true, "b", {true, 7}, {true, 1}, "rw"}, "", true },
	{ {true, "b", {true, 7}, {true, 2}, "rw"}, "", false },
	{ {true, "b", {true, 7}, {true, 2}, "rw"}, "device:/dev/fuse", false },
	{ {true, "b", {true, 7}, {true, 2}, "rw"}, "device:/dev/other", true },
};
/* clang-format on */

START_TEST(only_rules_for_listed_and_default_devices_stay)
{
	struct oci_config *config = tight("", "",
		",\"devices\":[{\"path\":\"/dev/fuse\",\"type\":\"c\",\"major\":10,\"minor\":229},"
		"{\"path\":\"/dev/u\",\"type\":\"u\",\"major\":10,\"minor\":230},"
		"{\"path\":\"/dev/loop1\",\"type\":\"b\",\"major\":7,\"minor\":1},"
		"{\"path\":\"/dev/pipe\",\"type\":\"p\"}]",
		LIMITED);
	struct oci_device_rule rules[] = {{.access = "rwm"}, device_rules[_i].rule};
	struct result result;

	config->linux_->resources->devices = rules;
	config->linux_->resources->n_devices = 2;
	result = must(agent(config, device_rules[_i].grants));
	ck_assert_uint_eq(result.report->n_changes, device_rules[_i].stays ? 0 : 1);
	ck_assert_uint_eq(
		result.config->linux_->resources->n_devices, device_rules[_i].stays ? 2 : 1);
	ck_assert_uint_eq(result.config->linux_->n_devices, 4);
}
END_TEST

/* Whether a rule denies everything decides if one is put in front. */
START_TEST(a_rule_that_denies_all_comes_first)
{
	static const struct oci_device_rule rules[] = {
		{.access = "rwm"},
		{.type = "a", .major = {true, -1}, .minor = {true, -1}, .access = "mwr"},
		{.type = "a"},
		{.type = "c", .access = "rwm"},
		{.type = "a", .access = "rw"},
		{.type = "a", .major = {true, 0}, .access = "rwm"},
		{.type = "a", .minor = {true, 0}, .access = "rwm"},
	};

	for (int i = 0; i < COUNT(rules); i++) {
		struct oci_config *config = tight("", "", "", LIMITED);
		struct result result;

		config->linux_->resources->devices[0] = rules[i];
		result = must(agent(config, ""));
		ck_assert_uint_eq(result.config->linux_->resources->n_devices, i < 3 ? 1 : 2);
		ck_assert(!result.config->linux_->resources->devices[0].allow);
	}
}
END_TEST

START_TEST(a_granted_device_that_is_mounted_can_be_opened)
{
	static const char mount[] = ",{\"destination\":\"/dev/fuse\",\"source\":\"/dev/fuse\","
				    "\"options\":[\"bind\",\"nosuid\"]}";
	struct oci_config *config = tight(mount, "", "", LIMITED);
	struct oci_device_rule rules[] = {{.access = "rwm"},
		{.allow = true, .type = "c", .major = {true, 10}, .minor = {true, 229}},
		{.allow = true, .type = "c", .major = {true, 10}}};
	struct result result;

	config->linux_->resources->devices = rules;
	config->linux_->resources->n_devices = 3;
	result = agent(config, "device:/dev/fuse");
	/* The wildcard goes all the same. */
	ck_assert_one_change(&result, "devices", "linux.resources.devices[2]",
		"removed {\"allow\":true,\"type\":\"c\",\"major\":10,\"access\":\"rwm\"}");
	/* Another device's grant opens no mount. */
	result = must(agent(config, "device:/dev/kvm"));
	ck_assert_str_eq(result.report->changes[0].summary, "/dev/fuse: +nodev");
	result = must(agent(config, ""));
	ck_assert_uint_eq(result.report->n_changes, 3);
	ck_assert_str_eq(result.report->changes[0].summary, "/dev/fuse: +nodev");
}
END_TEST

START_TEST(an_interface_of_the_host_needs_its_grant)
{
	struct oci_config *config = tight(
		"", "", ",\"netDevices\":{\"eth1\":{\"name\":\"lan\"},\"eth2\":{}}", LIMITED);
	struct result result = agent(config, "network-device:eth1");

	ck_assert_refused(&result,
		"profile agent, rule network-devices: linux.netDevices.eth2: an interface of the "
		"host would be moved into the container; allow it with --allow "
		"network-device:eth2");
	result = agent(config, "network-device:eth2 network-device:eth1");
	ck_assert_no_change(&result, "network-device:eth2 network-device:eth1");
}
END_TEST

/* strict makes no node but the default ones and those that are granted, by their numbers. */
START_TEST(a_granted_device_is_a_node_of_the_host_whatever_its_name)
{
	struct oci_config *config = tight("", "",
		",\"devices\":[{\"path\":\"/dev/fuse\",\"type\":\"b\",\"major\":8,\"minor\":0},"
		"{\"path\":\"/dev/sda\",\"type\":\"c\",\"major\":10,\"minor\":229},"
		"{\"path\":\"/dev/u\",\"type\":\"u\",\"major\":10,\"minor\":229}]",
		LIMITED ",\"cpu\":{\"quota\":5000}");
	struct oci_device_rule rules[] = {{.access = "rwm"},
		{true, "b", {true, 8}, {true, 0}, "rwm"},
		{true, "c", {true, 10}, {true, 229}, "rwm"}};
	struct result result;

	config->linux_->resources->devices = rules;
	config->linux_->resources->n_devices = 3;
	result = must(apply(config, "strict", "device:/dev/fuse"));
	ck_assert_uint_eq(result.config->linux_->n_devices, 2);
	ck_assert_str_eq(result.config->linux_->devices[0].path, "/dev/sda");
	ck_assert_uint_eq(result.config->linux_->resources->n_devices, 2);
	ck_assert_str_eq(result.config->linux_->resources->devices[1].type, "c");
	/* A name that no node of the host has. */
	result = must(apply(config, "strict", "device:/dev/missing"));
	ck_assert_uint_eq(result.config->linux_->n_devices, 0);
	ck_assert_uint_eq(result.config->linux_->resources->n_devices, 1);
	ck_assert_uint_eq(result.report->granted.n, 0);
}
END_TEST

/* clang-format off */
static const struct {
	const char *path; /* of the user namespace; NULL: a new one */
	const char *uids;
	const char *gids;
	bool open;
} user_namespaces[] = {
	{ NULL, "100000,\"size\":65536", "100000,\"size\":65536", true },
	{ NULL, "1,\"size\":65536", "1,\"size\":65536", true },
	{ NULL, "0,\"size\":1", "100000,\"size\":65536", false },
	{ NULL, "100000,\"size\":65536", "0,\"size\":10", false },
	{ "/proc/77/ns/user", "0,\"size\":1", "0,\"size\":1", true },
	{ "/proc/78/ns/user", "100000,\"size\":1", "100000,\"size\":1", false },
	{ "/proc/1/ns/user", "100000,\"size\":1", "100000,\"size\":1", false },
	{ "/proc/self/ns/user", "100000,\"size\":1", "100000,\"size\":1", false },
};
/* clang-format on */

START_TEST(nested_leaves_proc_open_where_nobody_inside_is_root_of_the_host)
{
	const char *linux_ = arena_printf(arena,
		",\"uidMappings\":[{\"containerID\":0,\"hostID\":%s}]"
		",\"gidMappings\":[{\"containerID\":0,\"hostID\":%s}]",
		user_namespaces[_i].uids, user_namespaces[_i].gids);
	struct oci_config *config = tight("", "", linux_, LIMITED);
	struct result result;

	config->linux_->masked_paths.n = config->linux_->readonly_paths.n = 0;
	ck_assert_ptr_nonnull(oci_add_namespace(arena, config, "user"));
	config->linux_->namespaces[6].path = user_namespaces[_i].path;
	result = must(apply(config, "nested", ""));
	ck_assert(oci_strings_have(&result.config->linux_->readonly_paths, "/proc/sys") ==
		  !user_namespaces[_i].open);
	/* Once more, where it is joined. */
	ck_assert(oci_strings_have(&result.config->nacre->not_host, "user") ==
		  (user_namespaces[_i].open && user_namespaces[_i].path));
}
END_TEST

/* Root of a user namespace cannot make it in a directory of nobody's. */
START_TEST(a_tmp_that_cannot_be_made_is_refused)
{
	struct oci_id_mapping mapping = {0, 100000, 65536};
	struct oci_config *config = tight("", "", "", LIMITED);
	const char *grant = "rootfs-write";
	struct harden_request request = {.profile = "agent"};
	struct result result = {0};

	config->n_mounts = 0;
	config->linux_->uid_mappings = config->linux_->gid_mappings = &mapping;
	config->linux_->n_uid_mappings = config->linux_->n_gid_mappings = 1;
	look_at_host(config, &request);
	request.host.no_tmp = true;
	request.host.image_uid = 0;
	/* Root of the host can. */
	ck_assert_int_eq(
		harden(arena, config, &request, &result.config, &result.report, &result.err), 0);
	ck_assert_ptr_nonnull(oci_add_namespace(arena, config, "user"));
	result.r = harden(arena, config, &request, &result.config, &result.report, &result.err);
	ck_assert_int_eq(result.r, -EPERM);
	ck_assert_ptr_nonnull(strstr(result.err.text,
		"rule read-only-root: root.path: the image has no /tmp, and nacre cannot make it"));
	request.host.image_uid = 100000;
	ck_assert_int_eq(
		harden(arena, config, &request, &result.config, &result.report, &result.err), 0);
	ck_assert_uint_eq(result.config->n_mounts, 1);
	request.host.image_uid = 0;
	request.grants = (struct oci_strings){&grant, 1};
	ck_assert_int_eq(
		harden(arena, config, &request, &result.config, &result.report, &result.err), 0);
	ck_assert_uint_eq(result.config->n_mounts, 0);
}
END_TEST

Suite *suite_harden_rules(void)
{
	Suite *suite = suite_create("harden_rules");
	TCase *tcase = tcase_create("harden_rules");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, the_host_network_by_path_is_refused_too);
	tcase_add_test(tcase, a_namespace_joined_by_path_is_marked_as_not_the_hosts);
	tcase_add_test(tcase, host_pid_and_host_ipc_leave_these_namespaces_away);
	tcase_add_test(tcase, a_config_without_a_linux_object_is_refused_or_filled);
	tcase_add_test(tcase, a_granted_capability_is_kept_but_not_added);
	tcase_add_test(tcase, new_privileges_keep_setuid_programs_of_the_root_alone);
	tcase_add_loop_test(
		tcase, only_rules_for_listed_and_default_devices_stay, 0, COUNT(device_rules));
	tcase_add_test(tcase, a_rule_that_denies_all_comes_first);
	tcase_add_test(tcase, a_granted_device_that_is_mounted_can_be_opened);
	tcase_add_test(tcase, a_tmp_that_cannot_be_made_is_refused);
	tcase_add_test(tcase, an_interface_of_the_host_needs_its_grant);
	tcase_add_test(tcase, a_granted_device_is_a_node_of_the_host_whatever_its_name);
	tcase_add_loop_test(tcase, nested_leaves_proc_open_where_nobody_inside_is_root_of_the_host,
		0, COUNT(user_namespaces));
	suite_add_tcase(suite, tcase);
	return suite;
}
