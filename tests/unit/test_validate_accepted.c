/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/validate_fixture.h"

Suite *suite_validate_accepted(void);

/* clang-format off */
static const struct {
	const char *before;
	const char *after;
	const char *piece;
} accepted[] = {
	{ WHOLE, "{\"ociVersion\":\"1.0.2-dev\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"\"]}}" },
	{ WHOLE, "{\"ociVersion\":\"1.99.0-rc.1+build.7\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]}}" },
	{ PROCESS, "\"env\":[\"A=\",\"A==\",\"B=c=d\"]" },
	{ PROCESS, "\"consoleSize\":{\"height\":65536,\"width\":80}" },
	{ PROCESS, "\"oomScoreAdj\":-1000" },
	{ PROCESS, "\"oomScoreAdj\":1000" },
	{ PROCESS, "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\",\"priority\":0}" },
	{ PROCESS, "\"terminal\":true,\"consoleSize\":{\"height\":65535,\"width\":65535}" },
	{ LINUX, "\"personality\":{\"domain\":\"LINUX\"},\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\"}" },
	{ LINUX, "\"personality\":{\"domain\":\"LINUX32\"},\"sysctl\":{\"net.a.b\":\"1\",\"net/a/b\":\"1\"}" },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":-20}" },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":19}" },
	{ PROCESS, "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":7}" },
	{ WHOLE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],"
		"\"user\":{\"uid\":0,\"gid\":0,\"umask\":511}}}" },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":5,\"deadline\":5}" },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":99,\"nice\":30}" },
	{ PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":18446744073709551615,\"hard\":18446744073709551615}]" },
	{ TOP, "\"hostname\":\"a\",\"linux\":{\"namespaces\":[{\"type\":\"uts\",\"path\":\"/proc/9/ns/uts\"}]}" },
	{ MOUNT("{\"destination\":\"relative\",\"type\":\"tmpfs\"}") },
	{ MOUNT("{\"destination\":\"/proc\",\"type\":\"proc\"},{\"destination\":\"/proc/cpuinfo\",\"source\":\"/b\",\"options\":[\"bind\"]}") },
	{ MOUNT("{\"destination\":\"/proc\",\"source\":\"/proc\",\"options\":[\"rbind\"]}") },
	{ MOUNT("{\"destination\":\"/process\",\"type\":\"tmpfs\"}") },
	{ MOUNT("{\"destination\":\"/a\",\"source\":\"b\",\"type\":\"bind\"}") },
	{ MOUNT("{\"destination\":\"/a\",\"source\":\"/b\",\"options\":[\"bind\"],"
		"\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}") },
	{ TOP, "\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"timeout\":1}]}" },
	{ LINUX, USER_NS ",\"uidMappings\":[{\"containerID\":0,\"hostID\":4294967294,\"size\":1}]" },
	{ LINUX, "\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/9/ns/user\"}]" },
	{ LINUX, "\"namespaces\":[{\"type\":\"time\"}],\"timeOffsets\":{\"monotonic\":{\"secs\":-5,\"nanosecs\":999999999}}" },
	{ LINUX, "\"devices\":[{\"path\":\"/dev/pipe\",\"type\":\"p\"},{\"path\":\"/dev/x\",\"type\":\"u\",\"major\":0,\"minor\":1048575}]" },
	{ LINUX, "\"namespaces\":[{\"type\":\"network\",\"path\":\"/run/netns/x\"}],\"netDevices\":{\"a\":{\"name\":\"eth%d\"},\"b\":{\"name\":\"eth%d\"}}" },
	{ LINUX, "\"sysctl\":{\"net.ipv4.ip_forward\":\"1\",\"net/ipv4/conf/eno2.100.rp_filter\":\"1\",\"net.ipv4.conf.eno2/100.rp_filter\":\"1\"}" },
	{ LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED\",\"nodes\":\"\"}" },
	{ LINUX, "\"intelRdt\":{\"closID\":\"/\",\"memBwSchema\":\"MB:0=20\"}" },
	{ LINUX, "\"rootfsPropagation\":\"rslave\"" },
	{ LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":65535}" },
	{ LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"listenerPath\":\"/x\","
		"\"syscalls\":[{\"names\":[\"open\"],\"action\":\"SCMP_ACT_NOTIFY\",\"args\":[{\"index\":5,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}" },
	{ LIMITS, "\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":-1,\"minor\":-1,\"access\":\"m\"}]" },
	{ LIMITS, "\"memory\":{\"limit\":-1,\"swap\":-1}" },
	{ LIMITS, "\"memory\":{\"limit\":-1,\"swap\":5}" },
	{ LIMITS, "\"memory\":{\"limit\":0,\"swap\":0}" },
	{ LIMITS, "\"blockIO\":{\"weight\":0},\"cpu\":{\"quota\":-1,\"burst\":6},\"unified\":{\"memory.high\":\"max\",\"cgroup.type\":\"threaded\"}" },
	{ LIMITS, "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0}],\"rdma\":{\"mlx5_0\":{\"hcaHandles\":1}}" },
};
/* clang-format on */

START_TEST(what_runc_accepts_is_accepted)
{
	struct oci_config *config = decode(
		accepted[_i].before, accepted[_i].piece, accepted[_i].after);
	struct nacre_error err = {0};

	ck_assert_msg(
		oci_config_validate(config, &err) == 0, "%s: %s", accepted[_i].piece, err.text);
}
END_TEST

Suite *suite_validate_accepted(void)
{
	Suite *suite = suite_create("validate_accepted");
	TCase *tcase = tcase_create("validate_accepted");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, what_runc_accepts_is_accepted, 0, COUNT(accepted));
	suite_add_tcase(suite, tcase);
	return suite;
}
