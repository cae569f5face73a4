/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include "specs/mount_words.h"

#include <errno.h>
#include <string.h>

Suite *suite_harden_mounts(void);

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

#define TMPFS(destination, words)          \
	",{\"destination\":\"" destination \
	"\",\"type\":\"tmpfs\",\"options\":[\"nosuid\",\"nodev\"" words "]}"

/* One tmpfs, by where the config has it. */
START_TEST(tmpfs_exec_gives_exec_back_on_one_tmpfs)
{
	struct oci_config *config = tight(TMPFS("/cache/", ",\"exec\"")
						  TMPFS("/cache/more", ",\"exec\""),
		"", "", LIMITED ",\"cpu\":{\"quota\":5000}");
	struct result result = must(agent(config, ""));

	ck_assert_uint_eq(result.report->n_changes, 2);
	ck_assert_str_eq(result.report->changes[0].summary, "/cache/: -exec +noexec");
	ck_assert_str_eq(
		result.report->taken.items[0], "programs in /cache/ (--allow tmpfs-exec:/cache)");
	result = agent(config, "tmpfs-exec:/var/../cache");
	ck_assert_one_change(
		&result, "mount-flags", "mounts[2].options", "/cache/more: -exec +noexec");
	ck_assert_uint_eq(result.report->granted.n, 1);
	result = must(apply(config, "strict", "tmpfs-exec:/cache tmpfs-exec:/cache/more"));
	ck_assert(oci_strings_have(&result.config->mounts[2].options, "exec"));
	ck_assert(!oci_strings_have(&result.config->mounts[2].options, "noexec"));
	/* No bind, whatever lies there. */
	config->mounts[1].type = "bind";
	config->mounts[1].source = "/srv";
	result = must(apply(config, "strict", "tmpfs-exec:/cache tmpfs-exec:/cache/more"));
	ck_assert(oci_strings_have(&result.config->mounts[1].options, "noexec") ||
		  oci_strings_have(&result.config->mounts[1].options, "ro"));
	ck_assert_uint_eq(result.report->granted.n, 1);
}
END_TEST

START_TEST(exec_that_is_asked_for_and_taken_names_the_grant)
{
	struct oci_config *config = tight(
		TMPFS("/tmp/x", ",\"exec\"") TMPFS("/dev/shm", ",\"exec\""), "", "", LIMITED);
	struct result result = must(agent(config, ""));

	ck_assert_uint_eq(result.report->n_changes, 2);
	ck_assert_uint_eq(result.report->taken.n, 2);
	ck_assert_str_eq(result.report->taken.items[0], "programs in /tmp/x (--allow tmp-exec)");
	ck_assert_str_eq(result.report->taken.items[1],
		"programs in /dev/shm (--allow tmpfs-exec:/dev/shm)");
	result = agent(config, "tmp-exec tmpfs-exec:/dev/shm");
	ck_assert_no_change(&result, "tmp-exec tmpfs-exec:/dev/shm");
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

START_TEST(a_remount_gets_the_flags_of_what_it_changes)
{
	struct result result = agent(
		tight(",{\"destination\":\"/run\",\"type\":\"tmpfs\",\"options\":[\"nosuid\","
		      "\"nodev\",\"noexec\"]},{\"destination\":\"run/\",\"options\":"
		      "[\"remount\",\"exec\",\"nosuid\",\"nodev\"]}",
			"", "", LIMITED),
		"");

	ck_assert_one_change(&result, "mount-flags", "mounts[2].options", "run/: -exec +noexec");
}
END_TEST

/* Each way to write a bind mount of a whole tree; the mount code makes one of each. */
static const char *const recursive_binds[] = {
	"\"type\":\"rbind\",\"options\":[\"rw\"",
	"\"type\":\"bind\",\"options\":[\"rbind\"",
	"\"type\":\"none\",\"options\":[\"rbind\"",
	"\"options\":[\"rbind\"",
};

static struct oci_config *with_recursive_bind(int i, const char *source)
{
	return tight(arena_printf(arena, ",{\"destination\":\"/data\",\"source\":\"%s\",%s]}",
			     source, recursive_binds[i]),
		"", "", LIMITED ",\"cpu\":{\"quota\":5000}");
}

START_TEST(a_bind_is_a_bind_however_it_is_written)
{
	const struct oci_mount *mount = &with_recursive_bind(_i, "/srv")->mounts[1];
	const struct oci_strings *words;
	struct mount_options options;
	struct nacre_error err;
	struct result result;

	ck_assert_int_eq(mount_options_parse(mount, 1, &options, &err), 0);
	ck_assert(options.bind && options.recursive);
	ck_assert(mount_is_bind(mount));
	words = &must(agent(with_recursive_bind(_i, "/srv"), "")).config->mounts[1].options;
	ck_assert(oci_strings_have(words, "rnosuid") && oci_strings_have(words, "rnodev"));
	words = &must(apply(with_recursive_bind(_i, "/srv"), "strict", ""))
			 .config->mounts[1]
			 .options;
	ck_assert(oci_strings_have(words, "rro") && !oci_strings_have(words, "rw"));
	result = agent(with_recursive_bind(_i, "/proc"), "");
	ck_assert_refused(&result,
		"profile agent, rule mount-sources: mounts[1].source: /proc is the host's /proc; "
		"allow it with --allow mount:/proc");
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
	{ "\"type\":\"ext4\",\"source\":\"/dev/sda1\"", "source", "/dev/sda1 is a disk of the host", "disk:/dev/sda1" },
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
	{ "lowerdir=/a\",\"upperdir=/proc", "/proc" },
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
			     mount, strstr(mount, "type") ? "ro" : "bind"),
		"", "", LIMITED);
}

START_TEST(a_source_that_gives_the_host_away_is_refused)
{
	struct oci_config *config = with_mount(refused_mounts[_i].mount);
	struct result result = agent(config, "mount:/elsewhere mount:/dev/sda1 device:/dev/sda1");

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

/* clang-format off */
static const struct {
	const char *mount;
	const char *text;
} never_mounted[] = {
	{ "\"type\":\"cpuset\"", "mounts[1].type: no profile but oci mounts \"cpuset\"; mount it on the host "
		"and give it to the container as a bind" },
	{ "\"type\":\"fuse.sshfs\"", "mounts[1].type: no profile but oci mounts \"fuse.sshfs\"; mount it on the host "
		"and give it to the container as a bind" },
	{ "\"type\":\"proc \"", "mounts[1].type: no profile but oci mounts \"proc \"; mount it on the host "
		"and give it to the container as a bind" },
	{ "\"type\":\"ext4\",\"source\":\"sda1\"", "mounts[1].source: ext4 needs the absolute path of a disk" },
	{ "\"type\":\"xfs\"", "mounts[1].source: xfs needs the absolute path of a disk" },
	{ "\"type\":\"xfs\",\"source\":\"/dev/sda1\",\"x\":[\"logdev=/dev/sdb\"]",
		"mounts[1].options[1]: \"logdev=/dev/sdb\" is none of the options of disks that a profile knows; leave it out" },
	{ "\"type\":\"erofs\",\"source\":\"/dev/sda1\",\"x\":[\"errors\"]",
		"mounts[1].options[1]: \"errors\" is none of the options of disks that a profile knows; leave it out" },
};
/* clang-format on */

/* An allow-list: no grant is for what nobody has judged. */
START_TEST(what_is_not_in_the_table_is_not_mounted)
{
	static const char *const profile_names[] = {"nested", "agent", "strict"};
	const char *mount = never_mounted[_i].mount, *words = strstr(mount, ",\"x\":[");
	struct oci_config *config = tight(
		arena_printf(arena,
			",{\"destination\":\"/x\",%.*s,\"options\":[\"nosuid\",%s\"nodev\"]}",
			(int)(words ? words - mount : (ptrdiff_t)strlen(mount)), mount,
			words ? arena_printf(arena, "%.*s,", (int)strlen(words + 6) - 1, words + 6)
			      : ""),
		"", "", LIMITED);

	for (size_t i = 0; i < 3; i++) {
		struct result result = apply(config, profile_names[i], "disk:/dev/sda1 mount:/x");

		ck_assert_refused(&result, arena_printf(arena, "profile %s, rule mount-sources: %s",
						   profile_names[i], never_mounted[_i].text));
	}
	must(apply(config, "oci", ""));
}
END_TEST

/* By what name the config has it does not matter here: its numbers decide where it is opened. */
START_TEST(a_disk_that_is_granted_is_accepted)
{
	struct oci_config *config = tight(
		",{\"destination\":\"/x\",\"type\":\"ext4\",\"source\":\"/dev/disk/by-id/x\","
		"\"options\":[\"nosuid\",\"nodev\",\"noload\",\"errors=remount-ro\"]}",
		"", "", LIMITED);
	struct result result = agent(config, "disk:/dev/sda1");

	ck_assert_no_change(&result, "disk:/dev/sda1");
	result = agent(config, "disk:/dev/disk/./by-id/x disk:/dev/sda1");
	ck_assert_no_change(&result, "disk:/dev/disk/./by-id/x");
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
		"profile agent, rule mount-sources: mounts[1].options[%d]: %s is ",
		strchr(layers[_i].option, '"') ? 3 : 2, layers[_i].path);

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

Suite *suite_harden_mounts(void)
{
	Suite *suite = suite_create("harden_mounts");
	TCase *tcase = tcase_create("harden_mounts");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, rootfs_write_leaves_the_root_and_tmp_alone);
	tcase_add_test(tcase, tmp_is_mounted_before_what_lies_below_it);
	tcase_add_test(tcase, tmp_exec_concerns_tmp_alone);
	tcase_add_test(tcase, a_remount_gets_the_flags_of_what_it_changes);
	tcase_add_test(tcase, tmpfs_exec_gives_exec_back_on_one_tmpfs);
	tcase_add_test(tcase, exec_that_is_asked_for_and_taken_names_the_grant);
	tcase_add_test(tcase, a_bind_mount_in_the_clothes_of_a_tmpfs_gets_nodev);
	tcase_add_loop_test(
		tcase, a_bind_is_a_bind_however_it_is_written, 0, COUNT(recursive_binds));
	tcase_add_loop_test(
		tcase, a_source_that_gives_the_host_away_is_refused, 0, COUNT(refused_mounts));
	tcase_add_loop_test(tcase, a_source_of_its_own_is_accepted, 0, COUNT(accepted_mounts));
	tcase_add_loop_test(
		tcase, what_is_not_in_the_table_is_not_mounted, 0, COUNT(never_mounted));
	tcase_add_test(tcase, a_disk_that_is_granted_is_accepted);
	tcase_add_loop_test(tcase, the_layers_of_an_overlay_are_sources, 0, COUNT(layers));
	tcase_add_test(tcase, a_relative_source_may_not_leave_the_bundle);
	tcase_add_test(tcase, a_source_is_granted_by_any_spelling);
	suite_add_tcase(suite, tcase);
	return suite;
}
