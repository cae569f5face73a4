/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/mounts_fixture.h"

#include "specs/arena.h"

#include <sys/socket.h>
#include <sys/un.h>

Suite *suite_mount_guard(void);

/* The rules of a profile on what was opened, on a host whose /run has what engines have there. */

static struct arena *arena;
static struct mount_guard guard;
static struct harden_request request;
static struct oci_config config;
static struct oci_root root = {.path = ROOTFS};
static struct oci_mount mounts[2];

static void listen_on(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	SYS(fd);
	SYS(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
}

static void make_directories(const char *path)
{
	char part[PATH_MAX];

	for (const char *p = path + 1; (p = strchr(p, '/')); p++) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		if (mkdir(part, 0755) < 0)
			ck_assert_int_eq(errno, EEXIST);
	}
}

static const char *const host[] = {"/run/docker.sock", "/run/buildkit/buildkitd.sock",
	"/run/dbus/system_bus_socket", "/run/systemd/private", "/run/libvirt/libvirt-sock",
	"/run/user/1000/bus", "/run/containerd/containerd.sock"};

#define TASK "/run/containerd/io.containerd.runtime.v2.task/moby/x/rootfs"

static void set_up_host(void)
{
	set_up_mounts();
	arena = arena_new(1 << 22);
	ck_assert_ptr_nonnull(arena);
	SYS(mount("tmpfs", "/run", "tmpfs", 0, "mode=755"));
	for (size_t i = 0; i < sizeof(host) / sizeof(host[0]); i++) {
		make_directories(host[i]);
		listen_on(host[i]);
	}
	make_directories(TASK "/");
	make_directories("/run/nacre/x/");
	make_directories("/run/containerd/io.containerd.grpc.v1.cri/sandboxes/x/shm/");
	put("/run/containerd/resolv.conf", "x");
	make_directories("/run/systemd/resolve/");
	make_directories(BASE "/ws/project/");
	make_directories(BASE "/state/");
}

static void tear_down_host(void)
{
	arena_free(arena);
}

/* GRANTS, up to a NULL. */
static void guard_for(const char *profile, const char *const *grants)
{
	int state_fd = open(BASE "/state", O_PATH | O_CLOEXEC);
	static struct oci_process process;

	SYS(state_fd);
	request = (struct harden_request){.profile = profile};
	request.grants.items = (const char **)(void *)grants;
	while (grants && grants[request.grants.n])
		request.grants.n++;
	config = (struct oci_config){
		.root = &root, .mounts = mounts, .n_mounts = 1, .process = &process};
	OK(mount_guard_init(&guard, arena, &request, &config, state_fd, &err));
	close(state_fd);
	context.guard = &guard;
}

#define GUARD(profile, ...) \
	guard_for(profile, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* The first N mounts. */
static int perform_guarded(size_t n)
{
	config.n_mounts = n;
	ck_assert_int_eq(harden_leaves(arena, &config, &guard.left), 0);
	return mounts_perform(&context, mounts, 1, &err);
}

/* A bind of SOURCE, as a rule leaves it. */
static int bind_source(const char *source, const char *how)
{
	struct stat st;

	SYS(stat(source, &st));
	mounts[0] = (struct oci_mount){S_ISDIR(st.st_mode) ? "/data" : "/file", source, NULL,
		{arena_array(arena, 3, sizeof(char *)), 3}};
	mounts[0].options.items[0] = strcmp(how, "rw") ? "bind" : "rbind";
	mounts[0].options.items[1] = strcmp(how, "bind") ? how : "rro";
	mounts[0].options.items[2] = "rnodev";
	if (!strcmp(how, "rbind"))
		mounts[0].options.items[0] = mounts[0].options.items[1] = "rbind";
	return perform_guarded(1);
}

static void ck_assert_refused_by(int r, const char *rule, const char *reason)
{
	ck_assert_int_eq(r, -EPERM);
	ck_assert_msg(strstr(err.text, rule) && strstr(err.text, reason), "%s", err.text);
}

static const struct {
	const char *source;
	const char *reason;
} forbidden[] = {
	{BASE "/again", BASE "/again is /run, a directory with control sockets of the host"},
	{BASE "/again/docker.sock", "is the socket of a container engine"},
	{BASE "/again/buildkit", "/again/buildkit is /run/buildkit, a directory with sockets"},
	{BASE "/again/dbus/system_bus_socket", "is /run/dbus/system_bus_socket, a control socket"},
	{BASE "/again/systemd", "is /run/systemd, a directory with control sockets"},
	{BASE "/again/libvirt", "is /run/libvirt, a directory with control sockets"},
	{BASE "/again/user/1000/bus", "is /run/user/1000/bus, a control socket"},
	{BASE "/again/containerd/io.containerd.runtime.v2.task/moby",
		"part of the state of containers"},
	{BASE "/again/nacre/x", "lies in /run/nacre, part of the state of containers"},
	{BASE "/socket", BASE "/socket is /run/docker.sock, the socket of a container engine"},
	{BASE "/hard", "is /run/docker.sock, the socket of a container engine"},
	{BASE "/state", BASE "/state is part of the state of containers"},
	{BASE, BASE " contains " BASE "/state, part of the state of containers"},
	{"/run/user", "/run/user is a directory with control sockets"},
	{BASE "/top", "is /, the host's root directory"},
};

START_TEST(what_gives_the_host_away_is_known_by_whatever_name)
{
	const char *source = forbidden[_i].source;

	SYS(mkdir(BASE "/again", 0755));
	SYS(mount("/run", BASE "/again", NULL, MS_BIND, NULL));
	put(BASE "/socket", "");
	SYS(mount("/run/docker.sock", BASE "/socket", NULL, MS_BIND, NULL));
	SYS(mkdir(BASE "/top", 0755));
	SYS(mount("/", BASE "/top", NULL, MS_BIND, NULL));
	if (!strcmp(source, BASE "/hard")) {
		SYS(link("/run/docker.sock", "/run/hard"));
		source = "/run/hard";
	}
	GUARD("agent");
	ck_assert_refused_by(bind_source(source, "bind"),
		"rule mount-sources: mounts[0].source: ", forbidden[_i].reason);
	/* Which alone decides. */
	context.guard = NULL;
	OK(bind_source(source, "bind"));
}
END_TEST

static const char *const engines_bind[] = {
	"/run/containerd/resolv.conf",
	"/run/containerd/io.containerd.grpc.v1.cri/sandboxes/x/shm",
	"/run/systemd/resolve",
	TASK,
	BASE "/ws",
};

START_TEST(what_engines_bind_is_let_through)
{
	GUARD("agent");
	OK(bind_source(engines_bind[_i], "bind"));
	OK(mount_guard_root(&guard, TASK, open(TASK, O_PATH | O_CLOEXEC), &err));
}
END_TEST

START_TEST(a_grant_is_for_the_object_that_its_path_led_to)
{
	SYS(mkdir(BASE "/again", 0755));
	SYS(mount("/run", BASE "/again", NULL, MS_BIND, NULL));
	SYS(symlink("/run", BASE "/link"));
	GUARD("agent", "mount:/run");
	OK(bind_source(BASE "/again", "bind"));
	OK(bind_source(BASE "/link", "bind"));
	ck_assert_int_eq(bind_source(BASE "/again/docker.sock", "bind"), -EPERM);
	GUARD("agent", "engine-socket");
	OK(bind_source(BASE "/again/docker.sock", "bind"));
	OK(bind_source(BASE "/again/buildkit", "bind"));
	ck_assert_refused_by(bind_source(BASE "/again/dbus", "bind"), "mount-sources",
		"--allow mount:" BASE "/again/dbus");
	/* A name that leads there is none. */
	GUARD("agent", "mount:" BASE "/link");
	ck_assert_int_eq(bind_source(BASE "/link", "bind"), -EPERM);
	GUARD("agent", "mount:/run");
	request.require.items = (const char *[]){"mount-sources"};
	request.require.n = 1;
	ck_assert_refused_by(
		bind_source(BASE "/again", "bind"), "mount-sources", "no grant can allow it");
}
END_TEST

/* What lies in a source comes along with rbind alone. */
START_TEST(what_is_mounted_in_a_source_is_judged_with_it)
{
	make_directories(BASE "/volume/a/b/");
	GUARD("agent");
	OK(bind_source(BASE "/volume", "rbind"));
	SYS(mount("tmpfs", BASE "/volume/a", "tmpfs", 0, NULL));
	OK(bind_source(BASE "/volume", "rbind"));
	make_directories(BASE "/volume/a/b/");
	SYS(mount(_i ? "/run/libvirt" : "/proc", BASE "/volume/a/b", NULL, MS_BIND, NULL));
	ck_assert_refused_by(bind_source(BASE "/volume", "rbind"), "mount-sources",
		_i ? "/a/b, a directory with control sockets of the host"
		   : "/a/b, on a procfs of the host");
	ck_assert_ptr_nonnull(strstr(err.text, "has mounted inside: "));
	OK(bind_source(BASE "/volume", "bind"));
	GUARD("agent", "mount:" BASE "/volume");
	OK(bind_source(BASE "/volume", "rbind"));
}
END_TEST

START_TEST(a_writable_bind_lies_in_the_workspace)
{
	SYS(symlink(HOST, BASE "/ws/link"));
	SYS(symlink(BASE "/ws", BASE "/to-ws"));
	make_directories(BASE "/again/");
	SYS(mount(BASE "/ws", BASE "/again", NULL, MS_BIND, NULL));
	put(BASE "/ws/file", "x");
	GUARD("strict", "workspace:" BASE "/ws");
	OK(bind_source(BASE "/ws", "rw"));
	OK(bind_source(BASE "/ws/project", "rw"));
	OK(bind_source(BASE "/ws/../ws/file", "bind"));
	OK(bind_source(BASE "/again/project", "rw"));
	ck_assert_refused_by(
		bind_source(BASE "/ws/link", "bind"), "rule mount-sources", "leads to " HOST);
	GUARD("strict", "workspace:" BASE "/ws", "mount:" HOST);
	OK(bind_source(BASE "/ws/link", "bind"));
	ck_assert_refused_by(bind_source(BASE "/ws/link", "rw"), "rule writable-binds",
		HOST " is not in a workspace; allow it with --allow workspace:" HOST);
	/* Nor may a remount take it back. */
	mounts[1] = (struct oci_mount){"/data", NULL, NULL, WORDS("bind", "remount", "rw")};
	OK(bind_source(BASE "/ws/link", "bind"));
	ck_assert_refused_by(perform_guarded(2), "rule writable-binds", "not in a workspace");
	/* Its own path may have been exchanged as well. */
	GUARD("strict", "workspace:" BASE "/ws/link");
	ck_assert_refused_by(bind_source(BASE "/ws/link", "rw"), "rule writable-binds",
		"name the directory without symlinks");
	GUARD("agent");
	OK(bind_source(BASE "/ws/link", "rw"));
}
END_TEST

START_TEST(a_name_in_the_workspace_that_turns_into_a_symlink_opens_nothing_else)
{
	const char *text = getenv("NACRE_RACE_ROUNDS");
	const int rounds = text ? atoi(text) : 200;
	cleanup_close int host_fd = open(HOST, O_PATH | O_CLOEXEC);
	struct swapper swapper;
	int done = 0, wrong = 0;

	SYS(symlink(HOST, BASE "/ws/evil"));
	GUARD("strict", "workspace:" BASE "/ws");
	swapper = start_swapping(BASE "/ws/project", BASE "/ws/evil");
	/* On a busy machine the neighbour may sleep for long, and then always at the symlink. */
	for (int i = 0; i < rounds || (!done && i < 100 * rounds); i++) {
		if (bind_source(BASE "/ws/project", "rw") == 0)
			done++;
		else
			ck_assert_msg(err.code == EPERM || err.code == ESTALE, "%s", err.text);
		wrong += exists(ROOTFS "/data") && same_file(host_fd, ROOTFS "/data");
		(void)umount2(ROOTFS "/data", MNT_DETACH);
	}
	stop_swapping(&swapper);
	ck_assert_int_gt(done, 0);
	ck_assert_int_eq(wrong, 0);
}
END_TEST

START_TEST(device_nodes_are_those_that_a_grant_names)
{
	GUARD("agent", "device:/dev/null");
	mounts[0] = (struct oci_mount){"/null", "/dev/null", NULL, WORDS("bind", "rro")};
	OK(perform_guarded(1));
	SYS(symlink("/dev/zero", BASE "/null"));
	mounts[0] = (struct oci_mount){"/null", BASE "/null", NULL, WORDS("bind", "rro")};
	ck_assert_refused_by(perform_guarded(1), "rule mount-flags",
		"/dev/zero is not what a grant names; allow it with --allow device:/dev/zero");
}
END_TEST

START_TEST(an_overlay_lies_on_what_was_judged)
{
	const char *lower = "lowerdir=" BASE "/ws/project:" HOST;

	SYS(symlink("/", BASE "/ws/link"));
	SYS(symlink("/", BASE "/ws/project/link"));
	make_directories(BASE "/ws/upper/");
	make_directories(BASE "/ws/workdir/");
	make_directories(BASE "/upper/");
	make_directories(BASE "/a:b/");
	put(BASE "/a:b/colon", "x");
	put(BASE "/ws/project/file", "x");
	put(HOST "/below", "x");
	GUARD("strict", "workspace:" BASE "/ws");
	mounts[0] = (struct oci_mount){"/data", "overlay", "overlay",
		WORDS(lower, "upperdir=" BASE "/ws/upper", "workdir=" BASE "/ws/workdir", "nodev")};
	OK(perform_guarded(1));
	ck_assert(exists(ROOTFS "/data/file") && exists(ROOTFS "/data/below"));
	put(ROOTFS "/data/new", "x");
	ck_assert(exists(BASE "/ws/upper/new"));
	SYS(umount(ROOTFS "/data"));
	mounts[0].options = WORDS(lower, "upperdir=" BASE "/upper", "workdir=" BASE "/ws/workdir");
	ck_assert_refused_by(perform_guarded(1),
		"rule writable-binds: mounts[0].options[1]: ", BASE "/upper is not in a workspace");
	mounts[0].options = WORDS("lowerdir=" BASE "/ws/link:" HOST);
	ck_assert_refused_by(perform_guarded(1),
		"rule mount-sources: mounts[0].options[0]: ", "/ is the host's root directory");
	SYS(chdir(BASE "/ws"));
	mounts[0].options = WORDS("lowerdir=project:project/link", "ro");
	ck_assert_int_eq(perform_guarded(1), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "leads out of the directory"));
	mounts[0].options = WORDS("lowerdir=project:" BASE "/a\\:b", "ro");
	OK(perform_guarded(1));
	ck_assert(exists(ROOTFS "/data/file") && exists(ROOTFS "/data/colon"));
}
END_TEST

START_TEST(the_root_is_a_source)
{
	int fd;

	GUARD("agent");
	SYS(fd = open("/run", O_PATH | O_CLOEXEC));
	ck_assert_refused_by(mount_guard_root(&guard, "/run", fd, &err),
		"mount-sources: root.path: ",
		"/run is a directory with control sockets of the host");
	close(fd);
	GUARD("agent", "mount:/run");
	SYS(fd = open("/run", O_PATH | O_CLOEXEC));
	OK(mount_guard_root(&guard, "/run", fd, &err));
	close(fd);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *suite_mount_guard(void)
{
	Suite *suite = suite_create("mount_guard");
	TCase *t = tcase_create("mount_guard");

	tcase_add_checked_fixture(t, set_up_host, tear_down_host);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(
		t, what_gives_the_host_away_is_known_by_whatever_name, 0, COUNT(forbidden));
	tcase_add_loop_test(t, what_engines_bind_is_let_through, 0, COUNT(engines_bind));
	tcase_add_test(t, a_grant_is_for_the_object_that_its_path_led_to);
	tcase_add_loop_test(t, what_is_mounted_in_a_source_is_judged_with_it, 0, 2);
	tcase_add_test(t, a_writable_bind_lies_in_the_workspace);
	tcase_add_test(t, a_name_in_the_workspace_that_turns_into_a_symlink_opens_nothing_else);
	tcase_add_test(t, device_nodes_are_those_that_a_grant_names);
	tcase_add_test(t, an_overlay_lies_on_what_was_judged);
	tcase_add_test(t, the_root_is_a_source);
	suite_add_tcase(suite, t);
	return suite;
}
