/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include "specs/host_objects.h"

#include <errno.h>
#include <string.h>

Suite *suite_harden_sources(void);

/* The rule mount-sources, and where a source may be written to. */

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
	{ "\"source\":\"/dev/fd/7\"", "source", "/proc/self/fd/7 is the host's /proc", "mount:/proc/self/fd/7" },
	{ "\"source\":\"/var/run/nacre/x\"", "source", "/run/nacre/x is part of the state of containers", "mount:/run/nacre/x" },
	{ "\"source\":\"/var/lib/nacre/workspaces/x\"", "source", "/var/lib/nacre/workspaces/x is part of the state of containers", "mount:/var/lib/nacre/workspaces/x" },
	{ "\"source\":\"/run/user/1000/nacre\"", "source", "/run/user/1000/nacre is part of the state of containers", "mount:/run/user/1000/nacre" },
	{ "\"source\":\"/run/nacre-bwrap/x\"", "source", "/run/nacre-bwrap/x is part of the state of containers", "mount:/run/nacre-bwrap/x" },
	{ "\"source\":\"/run/user/1000/nacre-bwrap\"", "source", "/run/user/1000/nacre-bwrap is part of the state of containers", "mount:/run/user/1000/nacre-bwrap" },
	{ "\"source\":\"/run/docker.sock\"", "source",
		"/run/docker.sock is the socket of a container engine, which gives control of the host", "engine-socket" },
	{ "\"source\":\"/var/./run//docker.sock\"", "source",
		"/run/docker.sock is the socket of a container engine, which gives control of the host", "engine-socket" },
	{ "\"source\":\"/home/me/.docker/docker.sock\"", "source",
		"/home/me/.docker/docker.sock is the socket of a container engine, which gives control of the host", "engine-socket" },
	{ "\"source\":\"/run/containerd/containerd.sock\"", "source",
		"/run/containerd/containerd.sock is the socket of a container engine, which gives control of the host", "engine-socket" },
	{ "\"source\":\"/var/run/crio/crio.sock\"", "source",
		"/run/crio/crio.sock is the socket of a container engine, which gives control of the host", "engine-socket" },
	{ "\"source\":\"/run/user/1000/podman/podman.sock\"", "source",
		"/run/user/1000/podman/podman.sock is the socket of a container engine, which gives control of the host", "engine-socket" },
	{ "\"source\":\"/var/run\"", "source", "/run is a directory with control sockets of the host", "mount:/run" },
	{ "\"source\":\"/var\"", "source", "/var is a directory with the state of container engines", "mount:/var" },
	{ "\"source\":\"/run/user/1000/\"", "source", "/run/user/1000 is a directory with control sockets of the host", "mount:/run/user/1000" },
	{ "\"source\":\"/run/containerd\"", "source", "/run/containerd is a directory with sockets of container engines", "engine-socket" },
	{ "\"source\":\"/run/buildkit\"", "source", "/run/buildkit is a directory with sockets of container engines", "engine-socket" },
	{ "\"source\":\"/var/run/dbus\"", "source", "/run/dbus is a directory with control sockets of the host", "mount:/run/dbus" },
	{ "\"source\":\"/run/systemd/private\"", "source",
		"/run/systemd/private is a control socket of the host", "mount:/run/systemd/private" },
	{ "\"source\":\"/run/libvirt\"", "source", "/run/libvirt is a directory with control sockets of the host", "mount:/run/libvirt" },
	{ "\"source\":\"/var/lib/docker\"", "source", "/var/lib/docker is part of the state of containers", "mount:/var/lib/docker" },
	{ "\"type\":\"devtmpfs\"", "type", "devtmpfs is the host's /dev", "mount:/dev" },
	{ "\"type\":\"debugfs\"", "type", "debugfs is the host's /sys/kernel/debug", "mount:/sys/kernel/debug" },
	{ "\"type\":\"ext4\",\"source\":\"/dev/sda1\"", "source", "/dev/sda1 is a disk of the host", "disk:/dev/sda1" },
};

static const char *const accepted_mounts[] = {
	"\"source\":\"/home/me\"",
	"\"source\":\"/process\"",
	"\"source\":\"/var/lib/x\"",
	"\"source\":\"/var/lib\"",
	"\"source\":\"/var/lib/docker/overlay2/x/merged\"",
	"\"source\":\"/var/lib/kubelet/pods/x/volumes/kubernetes.io~projected/token\"",
	"\"source\":\"/run/systemd/resolve/resolv.conf\"",
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

START_TEST(each_object_of_the_host_has_its_directory_before_it)
{
	const struct host_object *before = host_objects;

	ck_assert_str_eq(before->path, "/");
	for (const struct host_object *object = before + 1; object->path; object++) {
		const size_t length = (size_t)(strrchr(object->path, '/') - object->path);

		ck_assert_msg(
			object->what || !strcmp(object->path, "/var/lib"), "%s", object->path);
		while (before < object && length > 0 &&
			(strlen(before->path) != length ||
				strncmp(before->path, object->path, length) != 0))
			before++;
		ck_assert_msg(before < object, "%s has no directory", object->path);
		before = host_objects;
	}
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
	{ "\"type\":\"cpuset\"", "mounts[1].type: only profile oci mounts \"cpuset\"; mount it on the host "
		"and bind mount it into the container" },
	{ "\"type\":\"fuse.sshfs\"", "mounts[1].type: only profile oci mounts \"fuse.sshfs\"; mount it on the host "
		"and bind mount it into the container" },
	{ "\"type\":\"proc \"", "mounts[1].type: only profile oci mounts \"proc \"; mount it on the host "
		"and bind mount it into the container" },
	{ "\"type\":\"ext4\",\"source\":\"sda1\"", "mounts[1].source: ext4 needs the absolute path of a disk" },
	{ "\"type\":\"xfs\"", "mounts[1].source: xfs needs the absolute path of a disk" },
	{ "\"type\":\"xfs\",\"source\":\"/dev/sda1\",\"x\":[\"logdev=/dev/sdb\"]",
		"mounts[1].options[1]: the profile does not know the option \"logdev=/dev/sdb\" of a disk; leave it out" },
	{ "\"type\":\"erofs\",\"source\":\"/dev/sda1\",\"x\":[\"errors\"]",
		"mounts[1].options[1]: the profile does not know the option \"errors\" of a disk; leave it out" },
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

static const char *overlay_upper(const char *upper)
{
	return arena_printf(arena,
		",{\"destination\":\"/x\",\"type\":\"overlay\",\"options\":[\"nosuid\",\"nodev\","
		"\"noexec\",\"lowerdir=/a:/b\",\"upperdir=%s\",\"workdir=/ws/work\"]}",
		upper);
}

START_TEST(an_overlay_is_written_in_the_workspace_alone)
{
	static const char limited[] = LIMITED ",\"cpu\":{\"quota\":5000}";
	const struct oci_strings *words;
	struct result result;

	result = must(
		apply(tight(overlay_upper("/srv"), "", "", limited), "strict", "workspace:/ws"));
	words = &result.config->mounts[1].options;
	ck_assert(oci_strings_have(words, "ro"));
	result = must(apply(
		tight(overlay_upper("/ws/upper"), "", "", limited), "strict", "workspace:/ws"));
	words = &result.config->mounts[1].options;
	ck_assert(!oci_strings_have(words, "ro"));
	result = must(apply(
		tight(overlay_upper("ws/upper"), "", "", limited), "strict", "workspace:/ws"));
	words = &result.config->mounts[1].options;
	ck_assert(oci_strings_have(words, "ro"));
	result = must(agent(tight(overlay_upper("/srv"), "", "", LIMITED), ""));
	words = &result.config->mounts[1].options;
	ck_assert(!oci_strings_have(words, "ro"));
}
END_TEST

START_TEST(a_relative_source_may_not_leave_the_bundle)
{
	struct result result = agent(with_mount("\"source\":\"a/../../run\""), "engine-socket");

	ck_assert_refused(&result,
		"profile agent, rule mount-sources: mounts[1].source: the relative path "
		"\"a/../../run\" leads out of the bundle; give an absolute path");
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

Suite *suite_harden_sources(void)
{
	Suite *suite = suite_create("harden_sources");
	TCase *tcase = tcase_create("harden_sources");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_loop_test(
		tcase, a_source_that_gives_the_host_away_is_refused, 0, COUNT(refused_mounts));
	tcase_add_test(tcase, each_object_of_the_host_has_its_directory_before_it);
	tcase_add_loop_test(tcase, a_source_of_its_own_is_accepted, 0, COUNT(accepted_mounts));
	tcase_add_loop_test(
		tcase, what_is_not_in_the_table_is_not_mounted, 0, COUNT(never_mounted));
	tcase_add_test(tcase, a_disk_that_is_granted_is_accepted);
	tcase_add_loop_test(tcase, the_layers_of_an_overlay_are_sources, 0, COUNT(layers));
	tcase_add_test(tcase, an_overlay_is_written_in_the_workspace_alone);
	tcase_add_test(tcase, a_relative_source_may_not_leave_the_bundle);
	tcase_add_test(tcase, a_source_is_granted_by_any_spelling);
	suite_add_tcase(suite, tcase);
	return suite;
}
