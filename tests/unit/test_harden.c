/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/harden.h"
#include "specs/harden_rules.h"
#include "specs/validate.h"
#include "tests/order.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_harden(void);

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define GIB (1ULL << 30)

static struct arena *arena;

static void setup(void)
{
	arena = arena_new(64 << 20);
	ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
	arena_free(arena);
}

/* --- helpers --- */

static char *data_path(const char *name)
{
	const char *directory = getenv("NACRE_TEST_DATA");
	char *path = arena_printf(arena, "%s/%s", directory ? directory : "tests/data", name);

	ck_assert_ptr_nonnull(path);
	return path;
}

/* NULL: there is no such file. */
static char *read_data(const char *name)
{
	FILE *file = fopen(data_path(name), "re");
	char *text;
	size_t n;

	if (!file)
		return NULL;
	text = arena_alloc(arena, 64 * 1024);
	ck_assert_ptr_nonnull(text);
	n = fread(text, 1, 64 * 1024 - 1, file);
	text[n] = '\0';
	(void)fclose(file);
	return text;
}

static struct oci_config *decode(const char *name, const char *text)
{
	struct oci_config *config = NULL;
	struct nacre_error err;

	ck_assert_msg(oci_config_decode(arena, name, text, strlen(text), &config, &err) == 0, "%s",
		err.text);
	return config;
}

/* A config that the agent profile leaves as it is, but for the flags of the root. PIECES go into
 * the objects named by their order: mounts (after a comma), process, linux, resources. */
static struct oci_config *tight(
	const char *mounts, const char *process, const char *linux_, const char *resources)
{
	char *text = arena_printf(arena,
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
		"\"mounts\":[{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"options\":"
		"[\"nosuid\",\"nodev\",\"noexec\"]}%s],"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":0,\"gid\":0},"
		"\"noNewPrivileges\":true,\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":0,"
		"\"hard\":0}]%s},"
		"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},"
		"{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"cgroup\"},{\"type\":\"network\"}"
		"],"
		"\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/interrupts\",\"/proc/"
		"kcore\","
		"\"/proc/keys\",\"/proc/latency_stats\",\"/proc/sched_debug\",\"/proc/scsi\","
		"\"/proc/timer_list\",\"/proc/timer_stats\",\"/sys/devices/virtual/powercap\","
		"\"/sys/firmware\"],\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\","
		"\"/proc/sys\",\"/proc/sysrq-trigger\"]%s,"
		"\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}],"
		"\"unified\":{\"memory.oom.group\":\"1\"}%s}}}",
		mounts, process, linux_, resources);
	struct oci_config *config;

	ck_assert_ptr_nonnull(text);
	config = decode("config.json", text);
	config->root_nosuid = true;
	config->root_nodev = true;
	return config;
}

#define LIMITED ",\"pids\":{\"limit\":9},\"memory\":{\"limit\":8192,\"swap\":8192}"

struct result {
	int r;
	struct oci_config *config;
	struct harden_report *report;
	struct nacre_error err;
};

/* GRANTS: separated by spaces. */
static struct result apply(const struct oci_config *config, const char *profile, const char *grants)
{
	struct harden_request request = {.profile = profile, .memory_bytes = 16 * GIB};
	struct result result = {0};
	char *save, *copy = arena_strdup(arena, grants);

	ck_assert_ptr_nonnull(copy);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		ck_assert(append_word(arena, &request.grants, word));
	result.r = harden(arena, config, &request, &result.config, &result.report, &result.err);
	return result;
}

static struct result agent(const struct oci_config *config, const char *grants)
{
	return apply(config, "agent", grants);
}

static struct result must(struct result result)
{
	ck_assert_msg(result.r == 0, "%s", result.err.text);
	return result;
}

/* The only change, and its summary. */
static void ck_assert_one_change(
	const struct result *result, const char *rule, const char *path, const char *summary)
{
	ck_assert_msg(result->r == 0, "%s", result->err.text);
	ck_assert_uint_eq(result->report->n_changes, 1);
	ck_assert_str_eq(result->report->changes[0].rule, rule);
	ck_assert_str_eq(result->report->changes[0].path, path);
	ck_assert_str_eq(result->report->changes[0].summary, summary);
}

static void ck_assert_no_change(const struct result *result, const char *granted_words)
{
	char text[256] = "";

	ck_assert_msg(result->r == 0, "%s", result->err.text);
	if (result->report->n_changes)
		ck_abort_msg("%s: %s", result->report->changes[0].path,
			result->report->changes[0].summary);
	for (size_t i = 0; i < result->report->granted.n; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			i ? " " : "", result->report->granted.items[i]);
	ck_assert_str_eq(text, granted_words);
}

static void ck_assert_refused(const struct result *result, const char *text)
{
	ck_assert_int_eq(result->r, -EPERM);
	ck_assert_str_eq(result->err.text, text);
}

/* --- golden files: RULE.in.json and RULE.out.json with RULE.report.json, or RULE.err --- */

static void compare(const char *rule, const char *suffix, const char *found)
{
	char *name = arena_printf(arena, "harden/%s.%s", rule, suffix);
	char *expected = read_data(name);

	ck_assert_msg(expected, "%s is missing", name);
	if (strncmp(found, expected, strlen(found)) || strcmp(expected + strlen(found), "\n"))
		ck_abort_msg("%s differs; found:\n%s", name, found);
}

START_TEST(a_rule_does_what_its_golden_file_says)
{
	const char *rule = harden_rules[_i].name;
	char *name = arena_printf(arena, "harden/%s.in.json", rule);
	char *text = read_data(name), *config = NULL, *report = NULL;
	struct result result;
	struct nacre_error err;

	ck_assert_msg(text, "%s is missing", name);
	result = agent(decode(name, text), "");
	if (harden_rules[_i].effect == RULE_REFUSES) {
		ck_assert_int_eq(result.r, -EPERM);
		compare(rule, "err", result.err.text);
		return;
	}
	must(result);
	/* The file has no word for the root's flags: they are always missing in it. */
	for (size_t i = 0; i < result.report->n_changes; i++) {
		if (strcmp(result.report->changes[i].path, "root"))
			ck_assert_str_eq(result.report->changes[i].rule, rule);
	}
	ck_assert_int_eq(oci_config_encode(result.config, true, &config, &err), 0);
	ck_assert_int_eq(harden_report_json(result.report, &report, &err), 0);
	compare(rule, "out.json", config);
	compare(rule, "report.json", report);
	free(config);
	free(report);
}
END_TEST

/* --- the three laws --- */

/* Whether PROFILE with GRANTS takes the config at all. */
static bool keeps_the_laws(const struct oci_config *config, const char *grants)
{
	struct result first = agent(config, grants), again = agent(config, grants), second;
	bool valid = oci_config_validate(config, &first.err) == 0;
	char *one = NULL, *other = NULL;
	const char *what;

	ck_assert_int_eq(first.r, again.r);
	if (first.r < 0) {
		ck_assert_int_eq(first.r, -EPERM);
		ck_assert(strstr(again.err.text, "profile agent, rule ") == again.err.text);
		return false;
	}
	ck_assert_int_eq(harden_report_json(first.report, &one, &first.err), 0);
	ck_assert_int_eq(harden_report_json(again.report, &other, &again.err), 0);
	ck_assert_str_eq(one, other);
	free(one);
	free(other);
	what = looser(arena, config, first.config);
	ck_assert_msg(!what, "%s", what);
	second = must(agent(first.config, grants));
	if (second.report->n_changes)
		ck_abort_msg("again: %s: %s", second.report->changes[0].path,
			second.report->changes[0].summary);
	ck_assert(oci_config_equal(first.config, second.config));
	ck_assert_uint_eq(first.config->from_profile, second.config->from_profile);
	ck_assert_int_eq(first.config->not_host, second.config->not_host);
	if (valid)
		ck_assert_msg(
			oci_config_validate(first.config, &first.err) == 0, "%s", first.err.text);
	return true;
}

static const char *const corpus_grants[] = {"", "host-network", "host-network host-pid host-ipc",
	"host-network rootfs-write tmp-exec new-privileges engine-socket cap:CAP_NET_RAW",
	"host-network unlimited:pids unlimited:memory unlimited:swap device:/dev/fuse",
	"host-network mount:/proc/sys mount:/dev mount:/ mount:/dev/shm"};

START_TEST(the_laws_hold_for_every_config_of_the_corpus)
{
	DIR *dir = opendir(data_path("config"));
	struct dirent *entry;
	size_t kept = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir))) {
		char *name = arena_printf(arena, "config/%s", entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		for (int i = 0; i < COUNT(corpus_grants); i++)
			kept += keeps_the_laws(decode(name, read_data(name)), corpus_grants[i]);
	}
	(void)closedir(dir);
	ck_assert_uint_gt(kept, 30);
}
END_TEST

START_TEST(the_laws_hold_for_random_configs)
{
	enum {
		ROUNDS = 1000
	};
	size_t kept = 0;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct oci_config *config = random_config(arena, (uint64_t)_i * ROUNDS + i);

		kept += keeps_the_laws(config, corpus_grants[i % (uint64_t)COUNT(corpus_grants)]);
		arena_free(arena);
		setup();
	}
	/* Else the rows after the refusing ones are hardly tested. */
	ck_assert_uint_gt(kept, ROUNDS / 4);
}
END_TEST

START_TEST(the_order_sees_what_is_looser)
{
	struct oci_config *a = tight("", "", "", LIMITED), *b = tight("", "", "", LIMITED);

	ck_assert_ptr_null(looser(arena, a, b));
	b->root->readonly = false;
	ck_assert_str_eq(looser(arena, a, b), "a writable root");
	b = tight("", ",\"capabilities\":{\"ambient\":[\"CAP_KILL\"]}", "", LIMITED);
	ck_assert_str_eq(looser(arena, a, b), "a capability");
	b = tight("", "", "", ",\"pids\":{\"limit\":10},\"memory\":{\"limit\":8192,\"swap\":8192}");
	ck_assert_str_eq(looser(arena, a, b), "a limit");
	b = tight("", "", "", ",\"pids\":{\"limit\":9},\"memory\":{\"limit\":8192,\"swap\":8193}");
	ck_assert_str_eq(looser(arena, a, b), "a limit");
	b = tight("", "", ",\"sysctl\":{\"net.a\":\"1\"}", LIMITED);
	ck_assert_str_eq(looser(arena, a, b), "something else was edited");
	b = tight(",{\"destination\":\"/a\",\"type\":\"tmpfs\"}", "", "", LIMITED);
	ck_assert_str_eq(looser(arena, a, b), "a mount appeared");
	ck_assert_str_eq(looser(arena, b, a), "a mount is gone");
	b = tight("", "", "", LIMITED);
	b->mounts[0].options.items[2] = "exec";
	ck_assert_str_eq(looser(arena, a, b), "a mount's flag");
	b = tight("", "", "", LIMITED);
	b->linux_->namespaces[1].path = "/x";
	ck_assert_str_eq(looser(arena, a, b), "another namespace is joined");
	b = tight("", "", "", LIMITED);
	b->linux_->n_namespaces--;
	ck_assert_str_eq(looser(arena, a, b), "a namespace is gone");
	b = tight("", "", "", LIMITED);
	b->linux_->resources->devices[0].allow = true;
	ck_assert_str_eq(looser(arena, a, b), "a device");
	b = tight("", "", "", LIMITED);
	b->linux_->masked_paths.n--;
	ck_assert_str_eq(looser(arena, a, b), "a hidden path");
}
END_TEST

/* --- profiles and grants --- */

START_TEST(the_oci_profile_copies)
{
	struct oci_config *config = decode("a", read_data("config/docker-26.json"));
	struct result result = must(apply(config, "oci", "rootfs-write"));

	ck_assert_ptr_ne(result.config, config);
	ck_assert(oci_config_equal(result.config, config));
	ck_assert_no_change(&result, "");
	ck_assert_uint_eq(result.report->rules.n, 0);
	ck_assert_int_eq(result.config->not_host, 0);
	ck_assert(!result.config->root_nosuid);
}
END_TEST

START_TEST(the_given_config_is_not_touched)
{
	struct oci_config *config = decode("a", read_data("config/docker-26.json"));
	struct oci_config *copy = decode("a", read_data("config/docker-26.json"));

	must(agent(config, ""));
	ck_assert(oci_config_equal(config, copy));
}
END_TEST

START_TEST(an_unknown_profile_is_an_error_with_the_valid_ones)
{
	struct result result = apply(tight("", "", "", ""), "agnet", "");

	ck_assert_int_eq(result.r, -EINVAL);
	ck_assert_str_eq(result.err.text, "unknown profile \"agnet\"; valid are oci, agent");
	ck_assert(profile_exists("agent"));
	ck_assert(profile_exists("oci"));
	ck_assert(!profile_exists(""));
}
END_TEST

static const char *const bad_grants[] = {"", "rootfs", "rootfs-write:", "rootfs-write ",
	"cap:", "cap:NET_RAW", "cap:CAP_NET_ROW", "cap:cap_net_raw", "device:dev/fuse",
	"device:", "device", "mount:docker.sock", "unlimited:cpu", "unlimited:", "unlimited",
	"syscall:bpf", "socket:AF_ALG", "abi:x86", "host-uts", "Host-network"};

START_TEST(a_malformed_grant_is_an_error_with_the_valid_ones)
{
	struct harden_request request = {
		.profile = "oci", .grants = {(const char **)&bad_grants[_i], 1}};
	struct harden_report *report = NULL;
	struct oci_config *config = NULL;
	struct nacre_error err = {0};

	ck_assert_int_eq(grant_check(bad_grants[_i], &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "valid are rootfs-write, tmp-exec, host-network"));
	ck_assert_int_eq(
		harden(arena, tight("", "", "", ""), &request, &config, &report, &err), -EINVAL);
	ck_assert_ptr_null(config);
	ck_assert_ptr_null(report);
}
END_TEST

START_TEST(a_well_formed_grant_is_accepted)
{
	static const char *const good[] = {"rootfs-write", "tmp-exec", "host-network", "host-pid",
		"host-ipc", "new-privileges", "engine-socket", "cap:CAP_NET_RAW",
		"cap:CAP_CHECKPOINT_RESTORE", "device:/dev/fuse", "mount:/", "unlimited:pids",
		"unlimited:memory", "unlimited:swap"};
	struct nacre_error err;

	for (int i = 0; i < COUNT(good); i++)
		ck_assert_msg(grant_check(good[i], &err) == 0, "%s", good[i]);
}
END_TEST

START_TEST(an_unused_grant_is_not_in_the_report)
{
	struct result result = agent(tight("", "", "", LIMITED),
		"tmp-exec tmp-exec host-network cap:CAP_BPF mount:/run device:/dev/fuse");

	ck_assert_no_change(&result, "tmp-exec");
}
END_TEST

/* --- each rule beyond its golden file --- */

START_TEST(the_host_network_by_path_is_refused_too)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	struct result result;

	config->linux_->namespaces[5].path = "/proc/./1//ns/net";
	result = agent(config, "");
	ck_assert_refused(&result, "profile agent, rule host-network: linux.namespaces: "
				   "/proc/./1//ns/net is the host's "
				   "network; allow it with --allow host-network");
	result = agent(config, "host-network");
	ck_assert_no_change(&result, "host-network");
	ck_assert_str_eq(result.config->linux_->namespaces[5].path, "/proc/./1//ns/net");
}
END_TEST

START_TEST(a_namespace_joined_by_path_is_marked_as_not_the_hosts)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	int all = must(agent(config, "")).config->not_host;

	ck_assert_int_ne(all, 0);
	config->linux_->n_namespaces--;
	/* Only the network is left out. */
	ck_assert_int_eq(__builtin_popcount((unsigned)all), 6);
	ck_assert_int_eq(
		__builtin_popcount((unsigned)must(agent(config, "host-network")).config->not_host),
		5);
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

	ck_assert_refused(&result,
		"profile agent, rule host-network: linux.namespaces: without {\"type\": "
		"\"network\"} "
		"the container would be in the host's network; allow it with --allow host-network");
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
	config->root_nosuid = false;
	result = agent(config, "new-privileges");
	ck_assert_no_change(&result, "new-privileges");
	ck_assert(!result.config->root_nosuid);
	ck_assert(result.config->root_nodev);
}
END_TEST

START_TEST(rootfs_write_leaves_the_root_and_tmp_alone)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	struct result result;

	config->root->readonly = false;
	config->mounts[0].destination = "/work";
	result = agent(config, "rootfs-write");
	ck_assert_no_change(&result, "rootfs-write");
	ck_assert(!result.config->root->readonly);
}
END_TEST

START_TEST(tmp_is_mounted_before_what_lies_below_it)
{
	struct oci_config *config = tight(
		",{\"destination\":\"tmp/./x\",\"type\":\"proc\",\"options\":[\"nosuid\","
		"\"nodev\"]}",
		"", "", LIMITED);
	struct result result;

	config->mounts[0].destination = "/dev";
	result = must(agent(config, ""));
	ck_assert_uint_eq(result.config->n_mounts, 3);
	ck_assert_str_eq(result.config->mounts[1].destination, "/tmp");
	ck_assert_str_eq(result.config->mounts[2].destination, "tmp/./x");
}
END_TEST

START_TEST(tmp_exec_concerns_tmp_alone)
{
	struct oci_config *config = tight(
		",{\"destination\":\"/var/tmp\",\"type\":\"tmpfs\",\"options\":[\"nosuid\","
		"\"nodev\"]},{\"destination\":\"/run\",\"type\":\"tmpfs\",\"options\":"
		"[\"nosuid\",\"nodev\"]}",
		"", "", LIMITED);
	struct result result = agent(config, "tmp-exec");

	ck_assert_one_change(&result, "mount-flags", "mounts[2].options", "/run: +noexec");
	config->n_mounts = 0;
	result = agent(config, "tmp-exec");
	ck_assert_one_change(&result, "read-only-root", "mounts[0]",
		"added {\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
		"\"options\":[\"rw\",\"nosuid\",\"nodev\",\"size=64m\",\"mode=1777\"]}");
}
END_TEST

START_TEST(a_bind_mount_in_the_clothes_of_a_tmpfs_gets_nodev)
{
	struct result result = agent(
		tight(",{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"/home/me/dev\","
		      "\"options\":[\"bind\",\"nosuid\",\"noexec\"]}",
			"", "", LIMITED),
		"");

	ck_assert_one_change(&result, "mount-flags", "mounts[1].options", "/dev: +nodev");
}
END_TEST

/* clang-format off */
static const struct {
	const char *mount;
	const char *place;
	const char *reason;
	const char *grant;
} refused_mounts[] = {
	{ "\"source\":\"/\"", "source", "/ is the host's root directory", "mount:/" },
	{ "\"source\":\"/home/..\"", "source", "/ is the host's root directory", "mount:/" },
	{ "\"source\":\"//proc/\"", "source", "/proc is the host's /proc", "mount:/proc" },
	{ "\"source\":\"/proc/1/root\"", "source", "/proc/1/root is the host's /proc", "mount:/proc/1/root" },
	{ "\"source\":\"/sys/fs/cgroup\"", "source", "/sys/fs/cgroup is the host's /sys", "mount:/sys/fs/cgroup" },
	{ "\"source\":\"/dev\"", "source", "/dev is the host's /dev", "mount:/dev" },
	{ "\"source\":\"/dev/shm/x\"", "source", "/dev/shm/x is the host's shared memory", "mount:/dev/shm/x" },
	{ "\"source\":\"/dev/fd/7\"", "source", "/dev/fd/7 is the runtime's own open files", "mount:/dev/fd/7" },
	{ "\"source\":\"/var/run/nacre/x\"", "source", "/run/nacre/x is the state of containers", "mount:/run/nacre/x" },
	{ "\"source\":\"/run/user/1000/nacre\"", "source", "/run/user/1000/nacre is the state of containers", "mount:/run/user/1000/nacre" },
	{ "\"source\":\"/run/docker.sock\"", "source",
		"/run/docker.sock is an engine's socket, and whoever has it has the host", "engine-socket" },
	{ "\"source\":\"/var/./run//docker.sock\"", "source",
		"/run/docker.sock is an engine's socket, and whoever has it has the host", "engine-socket" },
	{ "\"source\":\"/home/me/.docker/docker.sock\"", "source",
		"/home/me/.docker/docker.sock is an engine's socket, and whoever has it has the host", "engine-socket" },
	{ "\"source\":\"/run/containerd/containerd.sock\"", "source",
		"/run/containerd/containerd.sock is an engine's socket, and whoever has it has the host", "engine-socket" },
	{ "\"source\":\"/var/run/crio/crio.sock\"", "source",
		"/run/crio/crio.sock is an engine's socket, and whoever has it has the host", "engine-socket" },
	{ "\"source\":\"/run/user/1000/podman/podman.sock\"", "source",
		"/run/user/1000/podman/podman.sock is an engine's socket, and whoever has it has the host", "engine-socket" },
	{ "\"source\":\"/var/run\"", "source", "/run is a directory with engine sockets", "engine-socket" },
	{ "\"source\":\"/var\"", "source", "/var is a directory with engine sockets", "engine-socket" },
	{ "\"source\":\"/run/user/1000/\"", "source", "/run/user/1000 is a directory with engine sockets", "engine-socket" },
	{ "\"source\":\"/run/containerd\"", "source", "/run/containerd is a directory with engine sockets", "engine-socket" },
	{ "\"type\":\"devtmpfs\"", "type", "devtmpfs is the host's /dev", "mount:/dev" },
	{ "\"type\":\"debugfs\"", "type", "debugfs is the host's /sys/kernel/debug", "mount:/sys/kernel/debug" },
	{ "\"type\":\"ext4\",\"source\":\"/dev/sda1\"", "source", "/dev/sda1 is a disk of the host", "mount:/dev/sda1" },
};

static const char *const accepted_mounts[] = {
	"\"source\":\"/home/me\"",
	"\"source\":\"/process\"",
	"\"source\":\"/var/lib/x\"",
	"\"source\":\"/run/nacred\"",
	"\"source\":\"/run/containerd/io.containerd.grpc.v1.cri/sandboxes/x/shm\"",
	"\"source\":\"/run/containers/storage/overlay-containers/x/userdata/hostname\"",
	"\"source\":\"/run/user/1000/x\"",
	"\"source\":\"/dev/log\"",
	"\"source\":\"/dev/sda\"",
	"\"source\":\"sub/../work\"",
	"\"type\":\"sysfs\",\"source\":\"sysfs\"",
	"\"type\":\"cgroup\",\"source\":\"cgroup\"",
};

static const struct {
	const char *option;
	const char *path;
} layers[] = {
	{ "lowerdir=/a:/", "/" },
	{ "lowerdir=/:/a", "/" },
	{ "upperdir=/var/run", "/run" },
	{ "workdir=/sys/x", "/sys/x" },
	{ "lowerdir+=/proc", "/proc" },
	{ "lowerdir=/a::/dev/../proc", "/proc" },
};
/* clang-format on */

static struct oci_config *with_mount(const char *mount)
{
	return tight(arena_printf(arena,
			     ",{\"destination\":\"/x\",%s,\"options\":[\"%s\",\"nosuid\","
			     "\"nodev\"]}",
			     mount, strstr(mount, "type") ? "relatime" : "bind"),
		"", "", LIMITED);
}

START_TEST(a_source_that_gives_the_host_away_is_refused)
{
	struct oci_config *config = with_mount(refused_mounts[_i].mount);
	struct result result = agent(config, "mount:/elsewhere device:/dev/sda1");

	ck_assert_refused(&result, arena_printf(arena,
					   "profile agent, rule mount-sources: mounts[1].%s: %s; "
					   "allow it with --allow %s",
					   refused_mounts[_i].place, refused_mounts[_i].reason,
					   refused_mounts[_i].grant));
	/* What the text names is what helps. */
	must(agent(config, refused_mounts[_i].grant));
}
END_TEST

START_TEST(a_source_of_its_own_is_accepted)
{
	struct result result = agent(with_mount(accepted_mounts[_i]), "");

	ck_assert_no_change(&result, "");
}
END_TEST

START_TEST(the_layers_of_an_overlay_are_sources)
{
	char *mount = arena_printf(arena,
		",{\"destination\":\"/x\",\"type\":\"overlay\",\"options\":[\"nosuid\",\"nodev\","
		"\"%s\"]}",
		layers[_i].option);
	struct result result = agent(tight(mount, "", "", LIMITED), "");
	char *begin = arena_printf(arena,
		"profile agent, rule mount-sources: mounts[1].options[2]: %s is ", layers[_i].path);

	ck_assert_int_eq(result.r, -EPERM);
	ck_assert_msg(!strncmp(result.err.text, begin, strlen(begin)), "%s", result.err.text);
}
END_TEST

START_TEST(a_relative_source_may_not_leave_the_bundle)
{
	struct result result = agent(with_mount("\"source\":\"a/../../run\""), "engine-socket");

	ck_assert_refused(&result,
		"profile agent, rule mount-sources: mounts[1].source: \"a/../../run\" leaves the "
		"bundle; give it as an absolute path");
}
END_TEST

START_TEST(a_source_is_granted_by_any_spelling)
{
	struct result result = agent(
		with_mount("\"source\":\"/var/run/docker.sock\""), "mount:/run/./docker.sock");

	ck_assert_no_change(&result, "mount:/run/./docker.sock");
	/* The socket alone: not the directory. */
	result = agent(with_mount("\"source\":\"/run\""), "mount:/run/docker.sock");
	ck_assert_int_eq(result.r, -EPERM);
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

/* clang-format off */
static const struct {
	const char *resources;
	const char *grants;
	int64_t pids;
	int64_t memory;
	int64_t swap;
	const char *unified_swap;
	uint32_t from_profile;
} limits[] = {
	{ "", "", 512, 4 * GIB, 4 * GIB, NULL, OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":0},\"memory\":{\"limit\":0,\"swap\":0}", "", 512, 4 * GIB, 4 * GIB, NULL,
		OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":-1},\"memory\":{\"limit\":-1,\"swap\":-1}", "", 512, 4 * GIB, 4 * GIB, NULL,
		OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":-1},\"memory\":{\"limit\":-1,\"swap\":-1}", "unlimited:pids", -1, 4 * GIB, 4 * GIB, NULL,
		OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":-1},\"memory\":{\"limit\":-1,\"swap\":-1}", "unlimited:memory", 512, -1, -1, "0",
		OCI_LIMIT_PIDS | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":-1},\"memory\":{\"limit\":-1,\"swap\":-1}", "unlimited:swap", 512, 4 * GIB, -1, NULL,
		OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY },
	/* A grant permits what was asked for; silence is not asking. */
	{ "", "unlimited:pids unlimited:memory unlimited:swap", 512, 4 * GIB, 4 * GIB, NULL,
		OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP },
	{ ",\"pids\":{\"limit\":99999},\"memory\":{\"limit\":99999999999,\"swap\":199999999999}", "",
		99999, 99999999999, 199999999999, NULL, 0 },
	{ ",\"memory\":{\"limit\":4096}", "", 512, 4096, 4096, NULL, OCI_LIMIT_PIDS | OCI_LIMIT_SWAP },
	{ ",\"memory\":{\"limit\":-1,\"swap\":4096}", "", 512, 4096, 4096, NULL, OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY },
};
/* clang-format on */

START_TEST(a_limit_is_added_where_the_config_is_silent)
{
	struct result result = must(
		agent(tight("", "", "", limits[_i].resources), limits[_i].grants));
	const struct oci_resources *r = result.config->linux_->resources;
	const char *swap = NULL;

	for (size_t i = 0; i < r->unified.n; i++) {
		if (!strcmp(r->unified.items[i].key, "memory.swap.max"))
			swap = r->unified.items[i].value;
	}
	ck_assert_int_eq(r->pids->limit, limits[_i].pids);
	ck_assert_int_eq(r->memory->limit.value, limits[_i].memory);
	ck_assert_int_eq(r->memory->swap.value, limits[_i].swap);
	ck_assert_pstr_eq(swap, limits[_i].unified_swap);
	ck_assert_uint_eq(result.config->from_profile, limits[_i].from_profile);
}
END_TEST

START_TEST(a_limit_in_unified_counts_as_asked_for)
{
	struct oci_config *config = tight("", "", "", "");
	struct oci_pair pairs[] = {{"pids.max", "7"}, {"memory.max", "8192"},
		{"memory.swap.max", "0"}, {"memory.oom.group", "0"}};
	struct result result;

	config->linux_->resources->unified = (struct oci_map){pairs, 4};
	result = agent(config, "");
	ck_assert_no_change(&result, "");
	pairs[0].value = " max\n";
	result = must(agent(config, ""));
	ck_assert_uint_eq(result.report->n_changes, 2);
	ck_assert_str_eq(result.report->changes[0].path, "linux.resources.unified.pids.max");
	ck_assert_uint_eq(result.config->linux_->resources->unified.n, 3);
	ck_assert_int_eq(result.config->linux_->resources->pids->limit, 512);
	result = agent(config, "unlimited:pids");
	ck_assert_no_change(&result, "unlimited:pids");
}
END_TEST

START_TEST(the_memory_default_is_a_share_of_a_small_host)
{
	static const struct {
		uint64_t host;
		int64_t limit;
	} hosts[] = {{0, 4 * GIB}, {8 * GIB, 4 * GIB}, {8 * GIB - 1, 4 * GIB - 4096},
		{2 * GIB, GIB}, {4097, 4 * GIB}};

	for (int i = 0; i < COUNT(hosts); i++) {
		struct harden_request request = {.profile = "agent", .memory_bytes = hosts[i].host};
		struct result result = {0};

		result.r = harden(arena, tight("", "", "", ""), &request, &result.config,
			&result.report, &result.err);
		must(result);
		ck_assert_int_eq(
			result.config->linux_->resources->memory->limit.value, hosts[i].limit);
	}
}
END_TEST

/* --- a process alone --- */

START_TEST(exec_has_the_same_ceiling)
{
	const char *names[] = {"CAP_SYS_ADMIN", "CAP_KILL"};
	struct oci_capabilities capabilities = {
		.bounding = {names, 2}, .inheritable = {names, 1}, .ambient = {names, 2}};
	struct oci_process process = {.cwd = "/",
		.args = {names, 1},
		.capabilities = &capabilities,
		.oom_score_adj = {true, -5}};
	struct harden_request request = {.profile = "agent"};
	struct harden_report *report = NULL, *second = NULL;
	struct oci_process *out = NULL, *again = NULL;
	struct nacre_error err;

	ck_assert_int_eq(harden_process(arena, &process, &request, &out, &report, &err), 0);
	ck_assert_ptr_null(process_looser(&process, out));
	ck_assert(out->no_new_privileges);
	ck_assert_uint_eq(out->capabilities->bounding.n, 1);
	ck_assert_str_eq(out->capabilities->bounding.items[0], "CAP_KILL");
	ck_assert_uint_eq(out->capabilities->inheritable.n, 0);
	ck_assert_uint_eq(out->capabilities->ambient.n, 1);
	ck_assert_uint_eq(out->n_rlimits, 1);
	ck_assert_int_eq(out->oom_score_adj.value, 0);
	ck_assert_uint_eq(report->rules.n, 4);
	ck_assert_uint_eq(report->n_changes, 6);
	ck_assert_uint_eq(capabilities.bounding.n, 2);
	ck_assert_int_eq(harden_process(arena, out, &request, &again, &second, &err), 0);
	ck_assert_uint_eq(second->n_changes, 0);
}
END_TEST

/* --- the report --- */

START_TEST(the_report_is_a_table_for_people)
{
	struct oci_config *config = tight(
		",{\"destination\":\"/a\\u001b[2J\",\"type\":\"proc\",\"options\":[\"dev\","
		"\"nosuid\"]}",
		",\"capabilities\":{\"bounding\":[\"CAP_NET_RAW\",\"CAP_MKNOD\"]}", "", LIMITED);
	struct result result;
	char *text = NULL, *end;

	config->process->no_new_privileges = false;
	result = must(agent(config, "cap:CAP_NET_RAW"));
	ck_assert_int_eq(harden_report_text(result.report, &text, &result.err), 0);
	end = strstr(text, "\n\nRULE                EFFECT   WHY\nhost-network        refuses  ");
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	ck_assert_str_eq(text,
		"profile agent: 13 rules, 3 changes\n"
		"allowed: cap:CAP_NET_RAW\n"
		"\n"
		"RULE                PATH                           CHANGE\n"
		"no-new-privileges   process.noNewPrivileges        false -> true\n"
		"capability-ceiling  process.capabilities.bounding  -CAP_MKNOD\n"
		"mount-flags         mounts[1].options              /a?[2J: -dev +nodev");
	free(text);
}
END_TEST

START_TEST(memory_that_runs_out_is_an_error)
{
	struct oci_config *config = decode("a", read_data("config/docker-26.json"));
	struct harden_request request = {.profile = "agent", .memory_bytes = GIB};
	struct harden_report *report = NULL;
	struct oci_config *out = NULL;
	struct nacre_error err;
	int r = -1;

	for (size_t limit = 64; r < 0; limit += 64) {
		struct arena *small = arena_new(limit);

		ck_assert_ptr_nonnull(small);
		r = harden(small, config, &request, &out, &report, &err);
		ck_assert(r == 0 || r == -E2BIG);
		ck_assert(r == 0 || !out);
		arena_free(small);
		ck_assert_uint_lt(limit, 1 << 20);
	}
}
END_TEST

static void add_laws(Suite *suite)
{
	TCase *tcase = tcase_create("laws");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, the_laws_hold_for_every_config_of_the_corpus);
	tcase_add_loop_test(tcase, the_laws_hold_for_random_configs, 0, 8);
	tcase_add_test(tcase, the_order_sees_what_is_looser);
	suite_add_tcase(suite, tcase);
}

static void add_rules(Suite *suite)
{
	TCase *tcase = tcase_create("rules");
	int n_rules = 0;

	while (harden_rules[n_rules].name)
		n_rules++;
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, a_rule_does_what_its_golden_file_says, 0, n_rules);
	tcase_add_test(tcase, the_host_network_by_path_is_refused_too);
	tcase_add_test(tcase, a_namespace_joined_by_path_is_marked_as_not_the_hosts);
	tcase_add_test(tcase, host_pid_and_host_ipc_leave_these_namespaces_away);
	tcase_add_test(tcase, a_config_without_a_linux_object_is_refused_or_filled);
	tcase_add_test(tcase, a_granted_capability_is_kept_but_not_added);
	tcase_add_test(tcase, new_privileges_keep_setuid_programs_of_the_root_alone);
	tcase_add_test(tcase, rootfs_write_leaves_the_root_and_tmp_alone);
	tcase_add_test(tcase, tmp_is_mounted_before_what_lies_below_it);
	tcase_add_test(tcase, tmp_exec_concerns_tmp_alone);
	tcase_add_test(tcase, a_bind_mount_in_the_clothes_of_a_tmpfs_gets_nodev);
	tcase_add_loop_test(
		tcase, a_source_that_gives_the_host_away_is_refused, 0, COUNT(refused_mounts));
	tcase_add_loop_test(tcase, a_source_of_its_own_is_accepted, 0, COUNT(accepted_mounts));
	tcase_add_loop_test(tcase, the_layers_of_an_overlay_are_sources, 0, COUNT(layers));
	tcase_add_test(tcase, a_relative_source_may_not_leave_the_bundle);
	tcase_add_test(tcase, a_source_is_granted_by_any_spelling);
	tcase_add_test(tcase, a_granted_device_that_is_mounted_can_be_opened);
	tcase_add_loop_test(tcase, a_limit_is_added_where_the_config_is_silent, 0, COUNT(limits));
	tcase_add_test(tcase, a_limit_in_unified_counts_as_asked_for);
	tcase_add_test(tcase, the_memory_default_is_a_share_of_a_small_host);
	suite_add_tcase(suite, tcase);
}

Suite *suite_harden(void)
{
	Suite *suite = suite_create("harden");
	TCase *tcase = tcase_create("harden");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, the_oci_profile_copies);
	tcase_add_test(tcase, the_given_config_is_not_touched);
	tcase_add_test(tcase, an_unknown_profile_is_an_error_with_the_valid_ones);
	tcase_add_loop_test(
		tcase, a_malformed_grant_is_an_error_with_the_valid_ones, 0, COUNT(bad_grants));
	tcase_add_test(tcase, a_well_formed_grant_is_accepted);
	tcase_add_test(tcase, an_unused_grant_is_not_in_the_report);
	tcase_add_test(tcase, exec_has_the_same_ceiling);
	tcase_add_test(tcase, the_report_is_a_table_for_people);
	tcase_add_test(tcase, memory_that_runs_out_is_an_error);
	suite_add_tcase(suite, tcase);
	add_laws(suite);
	add_rules(suite);
	return suite;
}
