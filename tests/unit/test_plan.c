/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/life/plan.h"

#include <check.h>
#include <string.h>

Suite *suite_plan(void);

static struct oci_process process = {.cwd = "/"};
static struct oci_linux linux_;
static struct oci_config config;
static struct life_options options;

static void fresh_config(void)
{
	process = (struct oci_process){.cwd = "/"};
	linux_ = (struct oci_linux){.n_namespaces = 0};
	config = (struct oci_config){.process = &process, .linux_ = &linux_};
	options = (struct life_options){.no_new_keyring = true};
}

/* All but the one that every create has: whether it waits for `start`. */
static uint64_t planned(void)
{
	return plan_create(&config, &options, false, false, false) &
	       ~(uint64_t)(RUNS_AT_ONCE | WAITS_FOR_START | CGROUPFS);
}

START_TEST(an_empty_config_activates_nothing)
{
	ck_assert_uint_eq(planned(), 0);
	config.linux_ = NULL;
	ck_assert_uint_eq(planned(), 0);
}
END_TEST

START_TEST(a_late_container_waits_for_a_process)
{
	options.late = true;
	ck_assert_uint_eq(planned(), LATE);
}
END_TEST

START_TEST(a_namespace_with_a_path_is_not_new)
{
	struct oci_namespace namespaces[] = {
		{"user", NULL}, {"cgroup", NULL}, {"network", "/proc/1/ns/net"}, {"pid", ""}};

	linux_.namespaces = namespaces;
	linux_.n_namespaces = 4;
	ck_assert_uint_eq(planned(), NEW_USERNS | IN_USERNS | NEW_CGROUPNS | NEW_PIDNS);
	namespaces[0].path = "/proc/1/ns/user";
	ck_assert_uint_eq(planned(), IN_USERNS | NEW_CGROUPNS | NEW_PIDNS);
	ck_assert_uint_eq(plan_create(&config, &options, false, false, true),
		planned() | OTHERS_NETNS | RUNS_AT_ONCE | CGROUPFS);
}
END_TEST

START_TEST(rules_of_egress_hold_by_a_filter_or_by_a_relay)
{
	const char *none[] = {"none"}, *address[] = {"10.0.0.1:443"}, *name[] = {"a.example"};
	struct oci_hardened nacre = {.egress = {none, 1}};

	config.nacre = &nacre;
	ck_assert_uint_eq(planned(), EGRESS);
	ck_assert_uint_eq(plan_create(&config, &options, false, true, false) &
				  ~(uint64_t)(RUNS_AT_ONCE | CGROUPFS),
		EGRESS_BY_RELAY);
	nacre.egress.items = address;
	ck_assert_uint_eq(planned(), EGRESS);
	ck_assert_uint_eq(plan_create(&config, &options, false, true, false) &
				  ~(uint64_t)(RUNS_AT_ONCE | CGROUPFS),
		EGRESS_BY_RELAY | EGRESS_NAMES);
	nacre.egress.items = name;
	ck_assert_uint_eq(planned(), EGRESS | EGRESS_NAMES);
	/* A joined network has other ways out. */
	ck_assert(!plan_may_relay_egress(&config));
}
END_TEST

START_TEST(a_network_alone_keeps_rules_without_a_cgroup)
{
	const char *none[] = {"none"}, *name[] = {"a.example"};
	struct oci_hardened nacre = {.egress = {name, 1}};
	struct oci_namespace network = {"network", "/proc/1/ns/net"};

	config.nacre = &nacre;
	linux_.namespaces = &network;
	linux_.n_namespaces = 1;
	ck_assert(!plan_may_relay_egress(&config));
	network.path = NULL;
	ck_assert(plan_may_relay_egress(&config));
	nacre.egress.items = none;
	nacre.egress_best_effort = true;
	ck_assert(!plan_may_relay_egress(&config));
}
END_TEST

START_TEST(an_exec_has_a_cgroup_and_a_watcher_of_its_own_if_asked)
{
	ck_assert_uint_eq(plan_join(&config, &process, &options, false), 0);
	options.exec_cgroup = true;
	ck_assert_uint_eq(plan_join(&config, &process, &options, false), EXEC_CGROUP);
	options.kill_on_exit = true;
	ck_assert_uint_eq(
		plan_join(&config, &process, &options, false), EXEC_CGROUP | KILL_ON_EXIT);
	ck_assert_uint_eq(planned(), 0);
}
END_TEST

START_TEST(a_container_waits_for_start_or_runs_at_once)
{
	ck_assert_uint_eq(
		plan_create(&config, &options, false, false, false), RUNS_AT_ONCE | CGROUPFS);
	options.waits_for_start = true;
	ck_assert_uint_eq(
		plan_create(&config, &options, false, false, false), WAITS_FOR_START | CGROUPFS);
}
END_TEST

START_TEST(the_cgroup_is_a_directory_or_a_unit)
{
	options.systemd_cgroup = true;
	ck_assert_uint_eq(
		plan_create(&config, &options, false, false, false), RUNS_AT_ONCE | SYSTEMD);
	ck_assert_uint_eq(plan_join(&config, &process, &options, false), 0);
	options.attach = true;
	ck_assert_uint_eq(plan_join(&config, &process, &options, false), ATTACH);
}
END_TEST

START_TEST(limits_are_set_from_outside_where_init_may_raise_none)
{
	struct oci_rlimit limit = {"RLIMIT_NOFILE", 10, 10};
	struct oci_namespace userns = {"user", NULL};

	process.rlimits = &limit;
	process.n_rlimits = 1;
	ck_assert_uint_eq(planned(), LIMITS);
	linux_.namespaces = &userns;
	linux_.n_namespaces = 1;
	ck_assert_uint_eq(planned(), NEW_USERNS | IN_USERNS | LIMITS | LIMITS_FROM_OUTSIDE);
	ck_assert_uint_eq(
		plan_join(&config, &process, &options, false), LIMITS | LIMITS_FROM_OUTSIDE);
}
END_TEST

START_TEST(the_limit_of_processes_is_set_from_outside_by_who_may)
{
	struct oci_rlimit limit = {"RLIMIT_NPROC", 10, 10};
	const uint64_t joins = FOREIGN_PIDNS | LIMITS;

	process.rlimits = &limit;
	process.n_rlimits = 1;
	ck_assert_uint_eq(plan_join(&config, &process, &options, true), joins);
	options.limits_others = true;
	ck_assert_uint_eq(plan_join(&config, &process, &options, true), joins | LIMIT_OF_PROCESSES);
	ck_assert_uint_eq(plan_join(&config, &process, &options, false), LIMITS);
}
END_TEST

START_TEST(seccomp_comes_last_only_with_no_new_privileges)
{
	struct oci_seccomp seccomp = {.default_action = "SCMP_ACT_ALLOW"};

	linux_.seccomp = &seccomp;
	ck_assert_uint_eq(planned(), SECCOMP | SECCOMP_PRIVILEGED);
	process.no_new_privileges = true;
	ck_assert_uint_eq(planned(), SECCOMP | SECCOMP_LAST);
	ck_assert_uint_eq(plan_join(&config, &process, &options, false), SECCOMP | SECCOMP_LAST);
}
END_TEST

START_TEST(the_own_filter_and_landlock_need_no_filter_of_the_config)
{
	struct oci_hardened nacre = {.seccomp_filter = "strict", .landlock = "best-effort"};

	config.nacre = &nacre;
	ck_assert_uint_eq(planned(), SECCOMP_PRIVILEGED | LANDLOCK);
	process.no_new_privileges = true;
	ck_assert_uint_eq(planned(), SECCOMP_LAST | LANDLOCK);
	ck_assert_uint_eq(plan_join(&config, &process, &options, false), SECCOMP_LAST | LANDLOCK);
}
END_TEST

START_TEST(a_notify_rule_asks_for_the_listener_rows)
{
	struct oci_syscall rules[] = {{.action = "SCMP_ACT_ERRNO"}, {.action = "SCMP_ACT_NOTIFY"}};
	struct oci_seccomp seccomp = {.syscalls = rules, .n_syscalls = 2};

	linux_.seccomp = &seccomp;
	ck_assert(planned() & SECCOMP_NOTIFY);
	seccomp.n_syscalls = 1;
	ck_assert(!(planned() & SECCOMP_NOTIFY));
}
END_TEST

START_TEST(hooks_are_planned_each_by_its_own_list)
{
	struct oci_hook hook = {.path = "/hook"};
	struct oci_hooks hooks = {.prestart = {&hook, 1}};

	config.hooks = &hooks;
	ck_assert_uint_eq(planned(), HOOKS_CREATE_RUNTIME);
	hooks = (struct oci_hooks){.poststop = {&hook, 1}, .start_container = {&hook, 1}};
	ck_assert_uint_eq(planned(), HOOKS_POSTSTOP | HOOKS_START_CONTAINER);
	ck_assert_uint_eq(plan_join(&config, &process, &options, false), 0);
}
END_TEST

/* What INIT opens before the device rules hold. */
START_TEST(the_rules_for_devices_come_after_disks)
{
	const char *words[] = {"ro"};
	struct oci_mount mount = {.destination = "/data",
		.source = "/dev/sda",
		.type = "ext4",
		.options = {words, 1}};

	config.mounts = &mount;
	config.n_mounts = 1;
	ck_assert(planned() & DISKS);
	mount.type = "bcachefs"; /* not known here: it may open one */
	ck_assert(planned() & DISKS);
	words[0] = "bind";
	ck_assert(!(planned() & DISKS));
	words[0] = "ro";
	mount.type = "tmpfs";
	ck_assert(!(planned() & DISKS));
}
END_TEST

START_TEST(sources_are_opened_by_the_runtime_only_where_init_cannot)
{
	const char *words[] = {"bind"};
	struct oci_mount mount = {.destination = "/data", .source = "/srv", .options = {words, 1}};
	struct oci_namespace userns = {"user", NULL};

	config.mounts = &mount;
	config.n_mounts = 1;
	ck_assert(!(planned() & HOST_SOURCES));
	linux_.namespaces = &userns;
	linux_.n_namespaces = 1;
	ck_assert(planned() & HOST_SOURCES);
	linux_.n_namespaces = 0;
	words[0] = "idmap";
	ck_assert(planned() & HOST_SOURCES);
}
END_TEST

Suite *suite_plan(void)
{
	Suite *suite = suite_create("plan");
	TCase *tcase = tcase_create("conditions");

	tcase_add_checked_fixture(tcase, fresh_config, NULL);
	tcase_add_test(tcase, the_rules_for_devices_come_after_disks);
	tcase_add_test(tcase, an_empty_config_activates_nothing);
	tcase_add_test(tcase, a_late_container_waits_for_a_process);
	tcase_add_test(tcase, a_namespace_with_a_path_is_not_new);
	tcase_add_test(tcase, rules_of_egress_hold_by_a_filter_or_by_a_relay);
	tcase_add_test(tcase, a_network_alone_keeps_rules_without_a_cgroup);
	tcase_add_test(tcase, an_exec_has_a_cgroup_and_a_watcher_of_its_own_if_asked);
	tcase_add_test(tcase, a_container_waits_for_start_or_runs_at_once);
	tcase_add_test(tcase, the_cgroup_is_a_directory_or_a_unit);
	tcase_add_test(tcase, limits_are_set_from_outside_where_init_may_raise_none);
	tcase_add_test(tcase, the_limit_of_processes_is_set_from_outside_by_who_may);
	tcase_add_test(tcase, seccomp_comes_last_only_with_no_new_privileges);
	tcase_add_test(tcase, the_own_filter_and_landlock_need_no_filter_of_the_config);
	tcase_add_test(tcase, a_notify_rule_asks_for_the_listener_rows);
	tcase_add_test(tcase, hooks_are_planned_each_by_its_own_list);
	tcase_add_test(tcase, sources_are_opened_by_the_runtime_only_where_init_cannot);
	suite_add_tcase(suite, tcase);
	return suite;
}
