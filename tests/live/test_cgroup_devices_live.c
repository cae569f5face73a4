/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "tests/live/cgroup_fixture.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "libcontainer/base/sys.h"
#include "libcontainer/cgroup/cgroup_devices.h"

Suite *suite_cgroup_devices_live(void);

static const struct oci_device_rule deny_all = {.allow = false, .access = "rwm"};
static const struct oci_device_rule allow_all = {.allow = true, .access = "rwm"};
static const struct oci_device_rule read_kmsg = {true, "c", {true, 1}, {true, 11}, "r"};

static void apply(const struct cgroup *cgroup, const struct oci_device_rule *rules, size_t n)
{
	int r = cgroup_devices_apply(cgroup->fd, rules, n, &err);

	ck_assert_msg(r == 0, "%s", err.text);
}

static unsigned attached(const struct cgroup *cgroup)
{
	uint32_t ids[8];
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup->fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = 8;
	ck_assert_int_eq(sys_bpf(BPF_PROG_QUERY, &attr), 0);
	return attr.query.prog_cnt;
}

/* What a process in the cgroup gets: 0 or the errno of open(2). */
static int try_open(const struct cgroup *cgroup, const char *path, int flags)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (cgroup_attach(cgroup, getpid(), &err) < 0)
			_exit(255);
		_exit(open(path, flags | O_CLOEXEC) < 0 ? errno : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(what_no_rule_allows_is_denied)
{
	struct cgroup cgroup = make("devices");

	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_RDONLY), 0);
	apply(&cgroup, &deny_all, 1);
	ck_assert_uint_eq(attached(&cgroup), 1);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_RDONLY), EPERM);
	ck_assert_int_eq(try_open(&cgroup, "/dev/null", O_RDWR), 0);
	ck_assert_int_eq(try_open(&cgroup, "/dev/urandom", O_RDONLY), 0);
	destroy(&cgroup);
}
END_TEST

START_TEST(a_rule_allows_what_it_names)
{
	const struct oci_device_rule rules[] = {deny_all, read_kmsg};
	struct cgroup cgroup = make("rule");

	apply(&cgroup, rules, 2);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_RDONLY), 0);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_WRONLY), EPERM);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_RDWR), EPERM);
	destroy(&cgroup);
}
END_TEST

START_TEST(mknod_of_anything_is_allowed_and_its_use_is_not)
{
	struct cgroup cgroup = make("mknod");
	char place[] = "/tmp/nacre-test-mknod-XXXXXX", path[64];
	pid_t pid;
	int status;

	ck_assert_ptr_nonnull(mkdtemp(place));
	(void)snprintf(path, sizeof(path), "%s/disk", place);
	apply(&cgroup, &deny_all, 1);
	pid = fork();
	if (pid == 0) {
		if (cgroup_attach(&cgroup, getpid(), &err) < 0)
			_exit(255);
		_exit(mknod(path, S_IFBLK | 0600, makedev(7, 0)) < 0 ? errno : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	status = try_open(&cgroup, path, O_RDONLY);
	(void)unlink(path);
	(void)rmdir(place);
	ck_assert_int_eq(status, EPERM);
	destroy(&cgroup);
}
END_TEST

START_TEST(what_is_denied_is_counted_also_by_the_next_filter)
{
	const struct oci_device_rule rules[] = {deny_all, read_kmsg};
	struct cgroup cgroup = make("count");
	uint64_t count = 99;

	ck_assert_int_eq(cgroup_devices_denied(cgroup.fd, &count, &err), -ENOENT);
	apply(&cgroup, &deny_all, 1);
	ck_assert_int_eq(cgroup_devices_denied(cgroup.fd, &count, &err), 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(try_open(&cgroup, "/dev/null", O_RDWR), 0);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_RDONLY), EPERM);
	ck_assert_int_eq(cgroup_devices_denied(cgroup.fd, &count, &err), 0);
	ck_assert_uint_eq(count, 1);
	apply(&cgroup, rules, 2);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_RDONLY), 0);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_WRONLY), EPERM);
	ck_assert_int_eq(cgroup_devices_denied(cgroup.fd, &count, &err), 0);
	ck_assert_uint_eq(count, 2);
	destroy(&cgroup);
}
END_TEST

START_TEST(a_second_filter_takes_the_place_of_the_first)
{
	const struct oci_device_rule rules[] = {deny_all, read_kmsg};
	struct cgroup cgroup = make("replace");

	apply(&cgroup, &deny_all, 1);
	apply(&cgroup, rules, 2);
	ck_assert_uint_eq(attached(&cgroup), 1);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_RDONLY), 0);
	apply(&cgroup, &deny_all, 1);
	ck_assert_uint_eq(attached(&cgroup), 1);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_RDONLY), EPERM);
	apply(&cgroup, &allow_all, 1);
	ck_assert_uint_eq(attached(&cgroup), 0);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_RDONLY), 0);
	destroy(&cgroup);
}
END_TEST

/* Loads "return 0" and hangs it at the cgroup beside what is there. */
static void attach_another(const struct cgroup *cgroup)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)nothing;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t) "";
	fd = sys_bpf(BPF_PROG_LOAD, &attr);
	ck_assert_int_ge(fd, 0);
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup->fd;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	ck_assert_int_eq(sys_bpf(BPF_PROG_ATTACH, &attr), 0);
	(void)close(fd);
}

START_TEST(several_filters_make_way_for_one)
{
	const struct oci_device_rule rules[] = {deny_all, read_kmsg};
	struct cgroup cgroup = make("several");

	apply(&cgroup, &deny_all, 1);
	attach_another(&cgroup);
	attach_another(&cgroup);
	ck_assert_uint_eq(attached(&cgroup), 3);
	ck_assert_int_eq(try_open(&cgroup, "/dev/null", O_RDONLY), EPERM);
	apply(&cgroup, rules, 2);
	ck_assert_uint_eq(attached(&cgroup), 1);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_RDONLY), 0);
	destroy(&cgroup);
}
END_TEST

/* The verifier takes the program whatever shape the rules have. */
START_TEST(every_shape_of_rule_passes_the_verifier)
{
	static const char *const types[] = {"a", "b", "c"};
	static const char *const accesses[] = {"r", "w", "m", "rwm"};
	struct cgroup cgroup = make("shapes");
	int i;

	for (i = 0; i < 3 * 4 * 8; i++) {
		struct oci_device_rule rules[] = {
			deny_all, {.allow = i & 1,
					  .type = types[i / 32],
					  .major = {(i & 2) != 0, 4294967295},
					  .minor = {(i & 4) != 0, 4},
					  .access = accesses[i / 8 % 4]}};

		apply(&cgroup, rules, 2);
	}
	destroy(&cgroup);
}
END_TEST

START_TEST(hundreds_of_rules_are_loaded)
{
	struct oci_device_rule rules[500];
	struct cgroup cgroup = make("hundreds");
	size_t i;

	for (i = 0; i < 500; i++)
		rules[i] = (struct oci_device_rule){
			true, "c", {true, (int64_t)i + 1000}, {true, 1}, "rw"};
	rules[0] = read_kmsg;
	apply(&cgroup, rules, 500);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_RDONLY), 0);
	ck_assert_int_eq(try_open(&cgroup, "/dev/kmsg", O_WRONLY), EPERM);
	destroy(&cgroup);
}
END_TEST

START_TEST(where_bpf_is_refused_the_error_says_so)
{
	struct cgroup cgroup = make("refused");
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		/* Without CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN. */
		if (setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		if (cgroup_devices_apply(cgroup.fd, &deny_all, 1, &err) != -EPERM)
			_exit(3);
		_exit(strstr(err.text, "linux.resources.devices: ") ? 0 : 4);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	destroy(&cgroup);
}
END_TEST

Suite *suite_cgroup_devices_live(void)
{
	Suite *suite = suite_create("cgroup_devices_live");
	TCase *t = tcase_create("cgroup_devices_live");

	tcase_add_unchecked_fixture(t, name_base, sweep);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_no_rule_allows_is_denied);
	tcase_add_test(t, a_rule_allows_what_it_names);
	tcase_add_test(t, mknod_of_anything_is_allowed_and_its_use_is_not);
	tcase_add_test(t, what_is_denied_is_counted_also_by_the_next_filter);
	tcase_add_test(t, a_second_filter_takes_the_place_of_the_first);
	tcase_add_test(t, several_filters_make_way_for_one);
	tcase_add_test(t, every_shape_of_rule_passes_the_verifier);
	tcase_add_test(t, hundreds_of_rules_are_loaded);
	tcase_add_test(t, where_bpf_is_refused_the_error_says_so);
	suite_add_tcase(suite, t);
	return suite;
}
