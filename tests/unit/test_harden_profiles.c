/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include "specs/path_text.h"

#include <stdlib.h>
#include <string.h>

Suite *suite_harden_profiles(void);

/* What sets nested and strict apart from agent. */

static struct oci_config *config_with(const char *mounts, const char *linux_)
{
	return tight(mounts, "", linux_, LIMITED ",\"cpu\":{\"quota\":5000}");
}

/* All words of the options of the last mount. */
static const char *options(const struct result *result)
{
	const struct oci_mount *mount = &result->config->mounts[result->config->n_mounts - 1];
	const char *text = "";

	for (size_t i = 0; i < mount->options.n; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? " " : "", mount->options.items[i]);
	return text;
}

START_TEST(profiles_stand_in_the_order_of_their_tightness)
{
	static const char *const names[] = {"oci", "nested", "agent", "strict"};

	for (int i = 0; i < COUNT(names); i++) {
		ck_assert_str_eq(profiles[i].name, names[i]);
		ck_assert_ptr_eq(profile_find(names[i]), &profiles[i]);
		ck_assert(profile_covers(&profiles[i], &profiles[i]));
		ck_assert(i == 0 || profile_covers(&profiles[i], &profiles[i - 1]));
		ck_assert(i == 0 || !profile_covers(&profiles[i - 1], &profiles[i]));
	}
	ck_assert_ptr_null(profiles[COUNT(names)].name);
}
END_TEST

START_TEST(nothing_that_can_be_written_can_be_executed_under_strict)
{
	static const char mount[] = ",{\"destination\":\"/work\",\"source\":\"/srv/a/b\","
				    "\"options\":[\"bind\",\"nosuid\",\"nodev\"]}";
	static const struct {
		const char *grants;
		const char *options;
	} cases[] = {
		{"", "bind nosuid nodev ro"},
		{"workspace-exec", "bind nosuid nodev ro"},
		{"workspace:/srv/a/bb", "bind nosuid nodev ro"},
		{"workspace:/srv/a/b/c", "bind nosuid nodev ro"},
		{"workspace:/srv/a", "bind nosuid nodev noexec"},
		{"workspace:/srv/a/b workspace-exec", "bind nosuid nodev"},
		{"workspace:/srv tmp-exec", "bind nosuid nodev noexec"},
	};

	for (int i = 0; i < COUNT(cases); i++) {
		struct result result = must(
			apply(config_with(mount, ""), "strict", cases[i].grants));

		ck_assert_str_eq(options(&result), cases[i].options);
	}
}
END_TEST

START_TEST(a_remount_makes_nothing_writable_that_the_profile_made_read_only)
{
	static const char *const mounts[] = {
		",{\"destination\":\"/s\",\"type\":\"sysfs\",\"options\":[\"ro\"]},"
		"{\"destination\":\"/s/.\",\"options\":[\"remount\",\"rw\"]}",
		",{\"destination\":\"/unknown\",\"options\":[\"remount\",\"rw\"]}",
		",{\"destination\":\"/b\",\"source\":\"/b\",\"options\":[\"bind\",\"ro\"]},"
		"{\"destination\":\"/b\",\"options\":[\"remount\",\"bind\",\"rw\"]}",
	};

	for (int i = 0; i < COUNT(mounts); i++) {
		struct result result = must(apply(config_with(mounts[i], ""), "strict", ""));

		ck_assert_ptr_nonnull(strstr(options(&result), "ro"));
		ck_assert_ptr_null(strstr(options(&result), "rw"));
	}
}
END_TEST

START_TEST(strict_makes_no_node_but_the_default_ones)
{
	static const char devices[] =
		",\"devices\":[{\"path\":\"/dev/null\",\"type\":\"c\",\"major\":1,\"minor\":3},"
		"{\"path\":\"/dev/fuse\",\"type\":\"c\",\"major\":10,\"minor\":229},"
		"{\"path\":\"/dev/pipe\",\"type\":\"p\"}]";
	struct result result = must(apply(config_with("", devices), "strict", ""));

	ck_assert_uint_eq(result.config->linux_->n_devices, 2);
	ck_assert_str_eq(result.config->linux_->devices[1].path, "/dev/pipe");
	result = must(apply(config_with("", devices), "strict", "device:/dev/fuse"));
	ck_assert_uint_eq(result.config->linux_->n_devices, 3);
	result = must(apply(config_with("", devices), "agent", ""));
	ck_assert_uint_eq(result.config->linux_->n_devices, 3);
}
END_TEST

START_TEST(a_network_that_is_joined_needs_a_grant_under_strict)
{
	struct oci_config *config = config_with("", "");
	struct result result;

	config->linux_->namespaces[5].path = "/run/netns/pod";
	must(apply(config, "agent", ""));
	result = apply(config, "strict", "");
	ck_assert_refused(&result,
		"profile strict, rule joined-network: linux.namespaces: /run/netns/pod is a "
		"network namespace that was made for others; allow it with --allow join-network");
	must(apply(config, "strict", "join-network"));
	/* The host's network is not to be had by the grant for another. */
	config->linux_->namespaces[5].path = "/proc/1/ns/net";
	ck_assert_int_lt(apply(config, "strict", "join-network").r, 0);
	ck_assert_int_lt(apply(config, "strict", "host-network").r, 0);
	must(apply(config, "strict", "host-network join-network"));
}
END_TEST

START_TEST(a_cgroup_stays_writable_by_its_grant_alone)
{
	static const char *const mounts[] = {
		",{\"destination\":\"/c\",\"type\":\"cgroup2\",\"options\":[\"nosuid\",\"nodev\"]}",
		",{\"destination\":\"/c\",\"source\":\"/sys/fs/cgroup/x\",\"options\":[\"bind\"]}",
	};

	for (int i = 0; i < COUNT(mounts); i++) {
		struct result result = must(apply(
			config_with(mounts[i], ""), "nested", "mount:/sys/fs/cgroup/x mount:/sys"));

		ck_assert_ptr_nonnull(strstr(options(&result), "ro"));
		result = must(apply(config_with(mounts[i], ""), "nested",
			"mount:/sys/fs/cgroup/x cgroup-write"));
		ck_assert_ptr_null(strstr(options(&result), "ro"));
	}
}
END_TEST

START_TEST(masks_follow_the_type)
{
	static const char *const mounts[] = {
		",{\"destination\":\"/x\",\"type\":\"proc\"}",
		",{\"destination\":\"/proc\",\"type\":\"sysfs\"}",
		",{\"destination\":\"/proc/../x\",\"type\":\"sysfs\"}",
		",{\"destination\":\"/x/../proc/\",\"type\":\"proc\"},"
		"{\"destination\":\"sys\",\"type\":\"sysfs\"},{\"destination\":\"/"
		"x\",\"type\":\"tmpfs\"}",
	};

	for (int i = 0; i < COUNT(mounts); i++) {
		struct oci_config *config = config_with(mounts[i], "");
		struct result result;

		config->nacre->mask_views = false;
		result = must(agent(config, ""));
		ck_assert_int_eq(result.config->nacre->mask_views, i < 3);
	}
}
END_TEST

/* What a 5.14 to 6.18 kernel shows root of the host's memory. */
START_TEST(where_the_kernel_s_memory_lies_is_hidden)
{
	static const char *const secrets[] = {"/proc/allocinfo", "/proc/config.gz", "/proc/iomem",
		"/proc/kallsyms", "/proc/kpagecgroup", "/proc/kpagecount", "/proc/kpageflags",
		"/proc/pagetypeinfo", "/proc/slabinfo", "/proc/vmallocinfo", "/sys/kernel/notes",
		"/sys/kernel/slab", "/sys/kernel/vmcoreinfo"};
	const struct oci_linux *linux_ = must(agent(config_with("", ""), "")).config->linux_;

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		ck_assert_msg(
			oci_strings_have(&linux_->masked_paths, secrets[i]), "%s", secrets[i]);
}
END_TEST

START_TEST(nested_hides_nothing_in_proc_from_a_user_namespace)
{
	struct oci_config *config = config_with("", "");
	const struct oci_linux *linux_;

	config->linux_->masked_paths.n = 0;
	config->linux_->readonly_paths.n = 0;
	linux_ = must(apply(config, "nested", "")).config->linux_;
	ck_assert(oci_strings_have(&linux_->readonly_paths, "/proc/sys"));
	config->linux_->namespaces[5].type = "user";
	linux_ = must(apply(config, "nested", "host-network")).config->linux_;
	ck_assert(oci_strings_have(&linux_->masked_paths, "/sys/firmware"));
	for (size_t i = 0; i < linux_->masked_paths.n; i++)
		ck_assert(!path_within(linux_->masked_paths.items[i], "/proc"));
	ck_assert(oci_strings_have(&linux_->masked_paths, "/sys/firmware"));
	ck_assert_uint_eq(linux_->readonly_paths.n, 0);
	linux_ = must(apply(config, "agent", "host-network")).config->linux_;
	ck_assert(oci_strings_have(&linux_->readonly_paths, "/proc/sys"));
}
END_TEST

START_TEST(strict_gives_one_cpu_where_the_config_is_silent)
{
	static const struct {
		const char *cpu;
		const char *grants;
		int64_t quota;
	} cases[] = {
		{"", "", 100000},
		{",\"cpu\":{\"quota\":-1,\"period\":20000}", "", 20000},
		{",\"cpu\":{\"quota\":-1}", "unlimited:cpu", -1},
		{",\"cpu\":{\"shares\":7}", "unlimited:cpu", 100000},
		{",\"cpu\":{\"quota\":400000}", "", 400000},
	};

	for (int i = 0; i < COUNT(cases); i++) {
		char *resources = arena_printf(arena, LIMITED "%s", cases[i].cpu);
		struct result result = must(
			apply(tight("", "", "", resources), "strict", cases[i].grants));

		ck_assert_int_eq(
			result.config->linux_->resources->cpu->quota.value, cases[i].quota);
		ck_assert_uint_eq(oci_best_effort(result.config) & OCI_LIMIT_CPU,
			result.report->n_changes ? OCI_LIMIT_CPU : 0);
	}
}
END_TEST

START_TEST(a_tightened_config_means_the_same_when_it_is_read_again)
{
	struct oci_config *config = decode("a", read_data("config/docker-26.json"));

	for (const struct profile *p = profiles; p->name; p++) {
		struct result first = must(apply(config, p->name, "join-network")), second;
		struct oci_config *again;
		char *text = NULL;

		ck_assert_int_eq(oci_config_encode(first.config, false, &text, &first.err), 0);
		again = decode("again", text);
		ck_assert(oci_config_equal(first.config, again));
		second = must(apply(again, p->name, "join-network"));
		ck_assert_uint_eq(second.report->n_changes, 0);
		ck_assert(oci_config_equal(first.config, second.config));
		ck_assert_uint_eq(oci_best_effort(first.config), oci_best_effort(second.config));
		free(text);
	}
}
END_TEST

/* F31 */
START_TEST(what_a_config_forbids_that_nested_is_for_is_named)
{
	static const struct {
		const char *process, *linux_;
		const char *lacks; /* NULL: nothing */
	} cases[] = {
#define CAPS(more) \
	",\"capabilities\":{\"bounding\":[\"CAP_SETUID\",\"CAP_SETGID\",\"CAP_SETFCAP\"]}" more
#define USER ",\"namespaces\":[{\"type\":\"user\"}]"
		{CAPS(""), USER, NULL},
		{CAPS(""), "",
			"mount a procfs (bubblewrap --proc, podman), since the container has no "
			"user namespace (use dockerd --userns-remap or podman --userns=auto)"},
		{CAPS(""), USER ",\"maskedPaths\":[\"/proc/kcore\"]",
			"systempaths=unconfined or podman --security-opt unmask=ALL)"},
		{CAPS(""), USER ",\"readonlyPaths\":[\"/proc/../proc/sys\"]", "unmask=ALL)"},
		{CAPS(""), USER ",\"maskedPaths\":[\"/sys/firmware\"]", NULL},
		{CAPS(",\"apparmorProfile\":\"docker-default\""), USER, "apparmor=unconfined)"},
		{CAPS(",\"apparmorProfile\":\"unconfined\""), USER, NULL},
		{CAPS(""), USER "},\"nacre\":{\"landlock\":\"best-effort\"",
			"writing to the file on stdin (use a pipe or </dev/null)"},
		{",\"capabilities\":{\"bounding\":[\"CAP_SETUID\"]}", USER, "--cap-add SETFCAP)"},
		{"", USER, "--cap-add SETFCAP)"},
	};

	for (int i = 0; i < COUNT(cases); i++) {
		char *given = arena_printf(arena,
			"{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],"
			"\"user\":{\"uid\":0,\"gid\":0}%s},\"linux\":{\"resources\":{}%s}}",
			cases[i].process, cases[i].linux_);
		char text[1024] = "";
		bool lacks = harden_nested_lacks(decode("config", given), text, sizeof(text));

		ck_assert_msg(lacks == (cases[i].lacks != NULL), "%d %s", i, text);
		if (lacks)
			ck_assert_msg(strlen(text) > strlen(cases[i].lacks) &&
					      !strcmp(text + strlen(text) - strlen(cases[i].lacks),
						      cases[i].lacks),
				"%d %s", i, text);
	}
}
END_TEST

Suite *suite_harden_profiles(void)
{
	Suite *suite = suite_create("harden_profiles");
	TCase *tcase = tcase_create("harden_profiles");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, profiles_stand_in_the_order_of_their_tightness);
	tcase_add_test(tcase, nothing_that_can_be_written_can_be_executed_under_strict);
	tcase_add_test(tcase, a_remount_makes_nothing_writable_that_the_profile_made_read_only);
	tcase_add_test(tcase, strict_makes_no_node_but_the_default_ones);
	tcase_add_test(tcase, a_network_that_is_joined_needs_a_grant_under_strict);
	tcase_add_test(tcase, a_cgroup_stays_writable_by_its_grant_alone);
	tcase_add_test(tcase, masks_follow_the_type);
	tcase_add_test(tcase, where_the_kernel_s_memory_lies_is_hidden);
	tcase_add_test(tcase, nested_hides_nothing_in_proc_from_a_user_namespace);
	tcase_add_test(tcase, strict_gives_one_cpu_where_the_config_is_silent);
	tcase_add_test(tcase, a_tightened_config_means_the_same_when_it_is_read_again);
	tcase_add_test(tcase, what_a_config_forbids_that_nested_is_for_is_named);
	suite_add_tcase(suite, tcase);
	return suite;
}
