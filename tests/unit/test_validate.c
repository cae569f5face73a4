/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/validate_fixture.h"

Suite *suite_validate(void);

/* clang-format off */
static const struct {
	const char *check;
	const char *before;
	const char *after;
	const char *piece;
	const char *error; /* what follows "config.json:1: " */
} refused[] = {
	{ "oci-version", WHOLE, "{\"ociVersion\":\"1\"}", "ociVersion: \"1\" is not a version such as \"1.3.0\"" },
	{ "oci-version", WHOLE, "{\"ociVersion\":\"1.0\"}", "ociVersion: \"1.0\" is not a version such as \"1.3.0\"" },
	{ "oci-version", WHOLE, "{\"ociVersion\":\"1.0.01\"}", "ociVersion: \"1.0.01\" is not a version such as \"1.3.0\"" },
	{ "oci-version", WHOLE, "{\"ociVersion\":\"1.0.0-\"}", "ociVersion: \"1.0.0-\" is not a version such as \"1.3.0\"" },
	{ "oci-version", WHOLE, "{\"ociVersion\":\"1.0.0x\"}", "ociVersion: \"1.0.0x\" is not a version such as \"1.3.0\"" },
	{ "oci-version", WHOLE, "{\"ociVersion\":\"2.0.0\"}",
		"ociVersion: version 2.0.0 is not supported; this runtime supports 1.0.0 to 1.3.0" },
	{ "oci-version", WHOLE, "{\"ociVersion\":\"0.9.0\"}",
		"ociVersion: version 0.9.0 is not supported; this runtime supports 1.0.0 to 1.3.0" },
	{ "oci-version", WHOLE, "{\"ociVersion\":\"10.0.0\"}",
		"ociVersion: version 10.0.0 is not supported; this runtime supports 1.0.0 to 1.3.0" },
	{ "root", WHOLE, "{\"ociVersion\":\"1.0.0\"}", "root: is missing; a container needs a root filesystem" },
	{ "process", WHOLE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}}",
		"process: is missing; create needs the program to run" },
	{ "cwd", WHOLE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"tmp\",\"args\":[\"a\"]}}",
		"process.cwd: \"tmp\" is not an absolute path" },
	{ "args", WHOLE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\"}}",
		"process.args: must not be empty" },
	{ "env", PROCESS, "\"env\":[\"A=b\",\"PATH\"]", "process.env[1]: expected NAME=VALUE, found \"PATH\"" },
	{ "env", PROCESS, "\"env\":[\"=b\"]", "process.env[0]: \"=b\" has no name before '='" },
	{ "rlimits", PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_FOO\",\"soft\":1,\"hard\":1}]",
		"process.rlimits[0].type: unknown limit \"RLIMIT_FOO\"; see getrlimit(2)" },
	{ "rlimits", PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1}]",
		"process.rlimits[1].type: duplicate entry for RLIMIT_CPU" },
	{ "rlimits", PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":18446744073709551615,\"hard\":1024}]",
		"process.rlimits[0].soft: RLIMIT_NOFILE: 18446744073709551615 is above the hard limit 1024" },
	{ "oom-score", PROCESS, "\"oomScoreAdj\":-1001", "process.oomScoreAdj: -1001 is out of range, -1000 to 1000" },
	{ "oom-score", PROCESS, "\"oomScoreAdj\":1001", "process.oomScoreAdj: 1001 is out of range, -1000 to 1000" },
	{ "user", WHOLE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],"
		"\"user\":{\"uid\":4294967295,\"gid\":0}}}", "process.user.uid: 4294967295 is not a valid id" },
	{ "user", WHOLE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],"
		"\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[1,4294967295]}}}",
		"process.user.additionalGids[1]: 4294967295 is not a valid id" },
	{ "user", WHOLE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],"
		"\"user\":{\"uid\":0,\"gid\":0,\"umask\":512}}}", "process.user.umask: 512 is above 511 (octal 777)" },
	{ "console-size", PROCESS, "\"terminal\":true,\"consoleSize\":{\"height\":65536,\"width\":80}",
		"process.consoleSize: 80 x 65536 is above 65535 x 65535" },
	{ "scheduler", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}",
		"process.scheduler.nice: 20 is out of range, -20 to 19" },
	{ "scheduler", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}",
		"process.scheduler.priority: needs the policy SCHED_FIFO or SCHED_RR, not SCHED_OTHER" },
	{ "scheduler", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_FIFO\"}",
		"process.scheduler.priority: 0 is out of range, 1 to 99, for SCHED_FIFO" },
	{ "scheduler", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":1,\"runtime\":5}",
		"process.scheduler: runtime, deadline and period need the policy SCHED_DEADLINE, not SCHED_RR" },
	{ "scheduler", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":5,\"deadline\":4}",
		"process.scheduler: SCHED_DEADLINE needs 0 < runtime <= deadline <= period" },
	{ "io-priority", PROCESS, "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}",
		"process.ioPriority.priority: 8 is out of range, 0 to 7" },
	{ "host-names", TOP, "\"hostname\":\"a\"",
		"hostname: would change the host's name; add {\"type\": \"uts\"} to linux.namespaces" },
	{ "host-names", TOP, "\"domainname\":\"a\",\"linux\":{\"namespaces\":[{\"type\":\"ipc\"}]}",
		"domainname: would change the host's name; add {\"type\": \"uts\"} to linux.namespaces" },
	{ "mount-ends", MOUNT("{\"destination\":\"//./a/..\",\"type\":\"tmpfs\"}"),
		"mounts[0].destination: \"//./a/..\" is the container's root; use root.path for it" },
	{ "mount-ends", MOUNT("{\"destination\":\"/a\",\"type\":\"tmpfs\"},{\"destination\":\"/b\",\"options\":[\"rbind\"]}"),
		"mounts[1].source: is missing or empty; a bind mount needs one" },
	{ "mount-ends", MOUNT("{\"destination\":\"/a\",\"source\":\"/b\"}"),
		"mounts[0].type: is missing; give a filesystem type, or the option bind or rbind" },
	{ "mounts-on-proc", MOUNT("{\"destination\":\"/proc/self/attr\",\"source\":\"/b\",\"options\":[\"bind\"]}"),
		"mounts[0].destination: \"/proc/self/attr\" cannot be mounted because it is inside /proc" },
	{ "mounts-on-proc", MOUNT("{\"destination\":\"/tmp/../proc//sys\",\"source\":\"/b\",\"options\":[\"bind\"]}"),
		"mounts[0].destination: \"/tmp/../proc//sys\" cannot be mounted because it is inside /proc" },
	{ "mounts-on-proc", MOUNT("{\"destination\":\"proc/cpuinfo/x\",\"source\":\"/b\",\"options\":[\"bind\"]}"),
		"mounts[0].destination: \"proc/cpuinfo/x\" cannot be mounted because it is inside /proc" },
	{ "mounts-on-proc", MOUNT("{\"destination\":\"/proc/\",\"type\":\"tmpfs\"}"),
		"mounts[0].type: \"/proc/\" cannot be mounted because it is not of type proc" },
	{ "idmapped-mounts", MOUNT("{\"destination\":\"/a\",\"type\":\"tmpfs\",\"options\":[\"idmap\"]}"),
		"mounts[0]: id-mapped mounts are only supported for bind mounts; add the option bind" },
	{ "idmapped-mounts", MOUNT("{\"destination\":\"/a\",\"source\":\"/b\",\"options\":[\"bind\",\"ridmap\"]}"),
		"mounts[0].options: idmap needs uidMappings and gidMappings, or a user namespace to take them from" },
	{ "idmapped-mounts", MOUNT("{\"destination\":\"/a\",\"source\":\"/b\",\"options\":[\"bind\"],"
		"\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}"),
		"mounts[0]: uidMappings and gidMappings must be given together" },
	{ "idmapped-mounts", MOUNT("{\"destination\":\"/a\",\"source\":\"/b\",\"options\":[\"bind\"],"
		"\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":0}]}"),
		"mounts[0].gidMappings[0].size: 0 is not valid; a range has at least one id" },
	{ "hooks", TOP, "\"hooks\":{\"poststop\":[{\"path\":\"bin/x\"}]}", "hooks.poststop[0].path: \"bin/x\" is not an absolute path" },
	{ "hooks", TOP, "\"hooks\":{\"createRuntime\":[{\"path\":\"/x\"},{\"path\":\"/x\",\"timeout\":0}]}",
		"hooks.createRuntime[1].timeout: 0 is not greater than zero; leave it out to wait without limit" },
	{ "workspaces", TOP, "\"nacre\":{\"workspaces\":[{\"destination\":\"/w\",\"form\":\"cow\"}]}",
		"nacre.workspaces[0].destination: no bind mount with a source has the destination /w, or an earlier workspace has it too" },
	{ "workspaces", TOP, "\"mounts\":[{\"destination\":\"//\",\"source\":\"/a\",\"options\":[\"bind\"]}],"
		"\"nacre\":{\"rootTmpfs\":true,\"workspaces\":[{\"destination\":\"//\",\"form\":\"direct\"}]}",
		"nacre.workspaces[0].destination: the root of the container cannot be a workspace: name a directory in it" },
	{ "annotations", TOP, "\"annotations\":{\"\":\"a\"}", "annotations: has an empty key" },
	{ "namespaces", LINUX, "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]",
		"linux.namespaces[1].type: duplicate namespace \"pid\"" },
	{ "namespaces", LINUX, "\"namespaces\":[{\"type\":\"pid\",\"path\":\"proc/1/ns/pid\"}]",
		"linux.namespaces[0].path: \"proc/1/ns/pid\" is not an absolute path" },
	{ "user-namespace", LINUX, USER_NS,
		"linux.uidMappings: is missing; a new user namespace needs uidMappings and gidMappings" },
	{ "user-namespace", LINUX, "\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]",
		"linux.gidMappings: is given without a user namespace; add {\"type\": \"user\"} to linux.namespaces" },
	{ "user-namespace", LINUX, USER_NS ",\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":0}]",
		"linux.uidMappings[0].size: 0 is not valid; a range has at least one id" },
	{ "user-namespace", LINUX, USER_NS ",\"uidMappings\":[{\"containerID\":4294967290,\"hostID\":1,\"size\":10}]",
		"linux.uidMappings[0].size: 10 goes past the last id" },
	{ "user-namespace", LINUX, USER_NS ",\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":10},{\"containerID\":9,\"hostID\":90,\"size\":1}]",
		"linux.uidMappings[1]: overlaps with entry 0" },
	{ "user-namespace", LINUX, USER_NS ",\"uidMappings\":[{\"containerID\":1,\"hostID\":1,\"size\":10}]",
		"process.user.uid: 0 is not mapped by linux.uidMappings" },
	{ "user-namespace", LINUX, USER_NS ",\"gidMappings\":[{\"containerID\":1,\"hostID\":1,\"size\":10}]",
		"process.user.gid: 0 is not mapped by linux.gidMappings" },
	{ "time-offsets", LINUX, "\"timeOffsets\":{\"monotonic\":{\"secs\":1}}",
		"linux.timeOffsets: needs a time namespace of the container's own; add {\"type\": \"time\"} without a path to linux.namespaces" },
	{ "time-offsets", LINUX, "\"namespaces\":[{\"type\":\"time\",\"path\":\"/x\"}],\"timeOffsets\":{\"boottime\":{\"secs\":1}}",
		"linux.timeOffsets: needs a time namespace of the container's own; add {\"type\": \"time\"} without a path to linux.namespaces" },
	{ "time-offsets", LINUX, "\"namespaces\":[{\"type\":\"time\"}],\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}",
		"linux.timeOffsets.boottime.nanosecs: 1000000000 is not below one second" },
	{ "devices", LINUX, "\"devices\":[{\"path\":\"dev/x\",\"type\":\"c\",\"major\":1,\"minor\":3}]",
		"linux.devices[0].path: \"dev/x\" is not an absolute path" },
	{ "devices", LINUX, "\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1}]",
		"linux.devices[0]: /dev/x: major and minor are needed for type c" },
	{ "devices", LINUX, "\"devices\":[{\"path\":\"/dev/x\",\"type\":\"b\",\"major\":4096,\"minor\":0}]",
		"linux.devices[0]: /dev/x: 4096:0 is not a device number" },
	{ "net-devices", LINUX, "\"netDevices\":{\"eth0\":{}}",
		"linux.netDevices: needs a network namespace; add {\"type\": \"network\"} to linux.namespaces" },
	{ "net-devices", LINUX, "\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"eth0\":{\"name\":\"sixteen-letters-\"}}",
		"linux.netDevices.eth0: \"sixteen-letters-\" is not a valid name of a network device" },
	{ "net-devices", LINUX, "\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"a\":{\"name\":\"x%s\"}}",
		"linux.netDevices.a: \"x%s\" is not a valid name of a network device" },
	{ "net-devices", LINUX, "\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"a\":{\"name\":\"x%d%d\"}}",
		"linux.netDevices.a: \"x%d%d\" is not a valid name of a network device" },
	{ "net-devices", LINUX, "\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"..\":{\"name\":\"a\"}}",
		"linux.netDevices...: \"..\" is not a valid name of a network device" },
	{ "net-devices", LINUX, "\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"a/b\":{}}",
		"linux.netDevices.a/b: \"a/b\" is not a valid name of a network device" },
	{ "net-devices", LINUX, "\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"a\":{},\"b\":{\"name\":\"a\"}}",
		"linux.netDevices.b: another device is already named \"a\"" },
	{ "restricted-paths", LINUX, "\"readonlyPaths\":[\"/proc/sys\"]",
		"linux.readonlyPaths: needs a mount namespace; add {\"type\": \"mount\"} to linux.namespaces" },
	{ "sysctls", LINUX, "\"sysctl\":{\"net\":\"1\"}", "linux.sysctl: \"net\" is not a name such as net.ipv4.ip_forward" },
	{ "sysctls", LINUX, "\"sysctl\":{\"net/../kernel/x\":\"1\"}",
		"linux.sysctl: \"net/../kernel/x\" is not a name such as net.ipv4.ip_forward" },
	{ "sysctls", LINUX, "\"sysctl\":{\"net..x\":\"1\"}", "linux.sysctl: \"net..x\" is not a name such as net.ipv4.ip_forward" },
	{ "sysctls", LINUX, "\"sysctl\":{\"/net/x\":\"1\"}", "linux.sysctl: \"/net/x\" is not a name such as net.ipv4.ip_forward" },
	{ "sysctls", LINUX, "\"sysctl\":{\"net.a/.b\":\"1\"}", "linux.sysctl: \"net.a/.b\" is not a name such as net.ipv4.ip_forward" },
	{ "sysctls", LINUX, "\"sysctl\":{\"net./a\":\"1\"}", "linux.sysctl: \"net./a\" is not a name such as net.ipv4.ip_forward" },
	{ "sysctls", LINUX, "\"sysctl\":{\"a./../b\":\"1\"}", "linux.sysctl: \"a./../b\" is not a name such as net.ipv4.ip_forward" },
	{ "memory-policy", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}",
		"linux.memoryPolicy.nodes: MPOL_LOCAL mode requires 0 nodes but got 1" },
	{ "memory-policy", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\",\"nodes\":\"0-7,2\"}",
		"linux.memoryPolicy.nodes: MPOL_DEFAULT mode requires 0 nodes but got 8" },
	{ "memory-policy", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-1024\"}",
		"linux.memoryPolicy.nodes: invalid memory policy node list \"0-1024\": expected one such as 0-3,7, of numbers below 1024" },
	{ "memory-policy", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"3-1\"}",
		"linux.memoryPolicy.nodes: invalid memory policy node list \"3-1\": expected one such as 0-3,7, of numbers below 1024" },
	{ "memory-policy", LINUX, "\"memoryPolicy\":{\"nodes\":\"0\"}",
		"linux.memoryPolicy.mode: invalid memory policy mode \"\"; valid are MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, MPOL_WEIGHTED_INTERLEAVE, MPOL_PREFERRED, MPOL_PREFERRED_MANY, MPOL_LOCAL" },
	{ "memory-policy", LINUX, "\"memoryPolicy\":{\"mode\":\"bind\"}",
		"linux.memoryPolicy.mode: invalid memory policy mode \"bind\"; valid are MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, MPOL_WEIGHTED_INTERLEAVE, MPOL_PREFERRED, MPOL_PREFERRED_MANY, MPOL_LOCAL" },
	{ "memory-policy", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\",\"x\"]}",
		"linux.memoryPolicy.flags[1]: invalid memory policy flag \"x\"; valid are MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES" },
	{ "memory-policy", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"\"}",
		"linux.memoryPolicy.nodes: is missing; MPOL_BIND needs at least one node" },
	{ "intel-rdt", LINUX, "\"intelRdt\":{\"closID\":\"..\"}", "linux.intelRdt.closID: \"..\" is not the name of a directory" },
	{ "intel-rdt", LINUX, "\"intelRdt\":{\"closID\":\"a/b\"}", "linux.intelRdt.closID: \"a/b\" is not the name of a directory" },
	{ "intel-rdt", LINUX, "\"intelRdt\":{\"memBwSchema\":\"L3:0=1\"}",
		"linux.intelRdt.memBwSchema: must be one line that starts with \"MB:\"" },
	{ "intel-rdt", LINUX, "\"intelRdt\":{\"schemata\":[\"L3:0=1\",\"a\\nb\"]}", "linux.intelRdt.schemata[1]: must be one line" },
	{ "seccomp", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"/x\"}",
		"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as default action" },
	{ "seccomp", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1}",
		"linux.seccomp.defaultErrnoRet: needs the action SCMP_ACT_ERRNO or SCMP_ACT_TRACE, not SCMP_ACT_ALLOW" },
	{ "seccomp", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096}",
		"linux.seccomp.defaultErrnoRet: 4096 is above 4095" },
	{ "seccomp", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerMetadata\":\"x\"}",
		"linux.seccomp.listenerMetadata: needs linux.seccomp.listenerPath" },
	{ "seccomp", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_ERRNO\"}]}",
		"linux.seccomp.syscalls[0].names: must not be empty" },
	{ "seccomp", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"open\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
		"linux.seccomp.syscalls[0].action: SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath" },
	{ "seccomp", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/x\","
		"\"syscalls\":[{\"names\":[\"open\",\"write\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
		"linux.seccomp.syscalls[0].action: SCMP_ACT_NOTIFY cannot be used for the write syscall" },
	{ "seccomp", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"open\"],\"action\":\"SCMP_ACT_ERRNO\","
		"\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		"linux.seccomp.syscalls[0].args[0].index: 6 is above 5; a system call has six arguments" },
	{ "seccomp", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"open\"],\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":1}]}",
		"linux.seccomp.syscalls[0].errnoRet: needs the action SCMP_ACT_ERRNO or SCMP_ACT_TRACE, not SCMP_ACT_KILL" },
	{ "device-rules", LIMITS, "\"devices\":[{\"allow\":true,\"access\":\"rwx\"}]",
		"linux.resources.devices[0].access: \"rwx\" has letters other than r, w and m" },
	{ "device-rules", LIMITS, "\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":-2,\"minor\":0}]",
		"linux.resources.devices[0]: -2:0 is not a device number" },
	{ "device-rules", LIMITS, "\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":0,\"minor\":-2}]",
		"linux.resources.devices[0]: 0:-2 is not a device number" },
	{ "memory", LIMITS, "\"memory\":{\"limit\":-2}", "linux.resources.memory.limit: -2 is not valid; use -1 for no limit" },
	{ "memory", LIMITS, "\"memory\":{\"swap\":5}",
		"linux.resources.memory.swap: unable to set swap limit without memory limit; set linux.resources.memory.limit" },
	{ "memory", LIMITS, "\"memory\":{\"limit\":6,\"swap\":5}",
		"linux.resources.memory.swap: memory+swap limit 5 should be >= memory limit 6" },
	{ "cpu", LIMITS, "\"cpu\":{\"quota\":5,\"burst\":6}", "linux.resources.cpu.burst: 6 is above the quota 5" },
	{ "cpu", LIMITS, "\"cpu\":{\"idle\":2}", "linux.resources.cpu.idle: 2 is neither 0 nor 1" },
	{ "block-io", LIMITS, "\"blockIO\":{\"weight\":9}", "linux.resources.blockIO.weight: 9 is out of range, 10 to 1000" },
	{ "block-io", LIMITS, "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}",
		"linux.resources.blockIO.weightDevice[0]: needs a weight or a leafWeight" },
	{ "block-io", LIMITS, "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":1001}]}",
		"linux.resources.blockIO.weightDevice[0].weight: 1001 is out of range, 10 to 1000" },
	{ "hugepages", LIMITS, "\"hugepageLimits\":[{\"pageSize\":\"../2MB\",\"limit\":1}]",
		"linux.resources.hugepageLimits[0].pageSize: \"../2MB\" is not a size such as 64KB, 2MB or 1GB" },
	{ "rdma", LIMITS, "\"rdma\":{\"mlx5_0\":{}}", "linux.resources.rdma.mlx5_0: needs hcaHandles or hcaObjects" },
	{ "rdma", LIMITS, "\"rdma\":{\"a b\":{\"hcaHandles\":1}}", "linux.resources.rdma: \"a b\" is not the name of a device" },
	{ "unified", LIMITS, "\"unified\":{\"../x.y\":\"1\"}",
		"linux.resources.unified: \"../x.y\" is not the name of a cgroup file such as memory.high" },
	{ "unified", LIMITS, "\"unified\":{\"a/memory.max\":\"1\"}",
		"linux.resources.unified: \"a/memory.max\" is not the name of a cgroup file such as memory.high" },
};
/* clang-format on */

START_TEST(a_breach_of_a_rule_is_refused_with_place_and_remedy)
{
	struct oci_config *config = decode(
		refused[_i].before, refused[_i].piece, refused[_i].after);
	char *expected = arena_printf(arena, "config.json:1: %s", refused[_i].error);
	struct nacre_error err = {0};

	ck_assert_int_eq(oci_config_validate(config, &err), -EINVAL);
	ck_assert_str_eq(err.text, expected);
	ck_assert_int_eq(err.code, EINVAL);
}
END_TEST

START_TEST(every_check_has_a_document_that_it_refuses)
{
	const char *name;

	for (size_t i = 0; (name = oci_check_name(i)); i++) {
		bool found = false;

		/* Decoding lets only valid words through: the check is for configs made in memory.
		 */
		if (!strcmp(name, "rootfs-propagation") || !strcmp(name, "personality"))
			continue;
		for (int k = 0; k < COUNT(refused) && !found; k++)
			found = !strcmp(refused[k].check, name);
		ck_assert_msg(found, "%s", name);
	}
}
END_TEST

START_TEST(words_that_decoding_would_refuse_are_refused_in_memory_too)
{
	struct oci_config *config = decode(LINUX_BEFORE, "\"cgroupsPath\":\"/a\"", LINUX_AFTER);
	struct oci_personality personality = {.domain = "SOLARIS"};
	struct nacre_error err = {0};

	config->linux_->rootfs_propagation = "mostly";
	ck_assert_int_eq(oci_config_validate(config, &err), -EINVAL);
	ck_assert_str_eq(err.text,
		"config.json:1: linux.rootfsPropagation: \"mostly\" is not valid; "
		"private, shared, slave and unbindable are");
	config->linux_->rootfs_propagation = NULL;
	config->linux_->personality = &personality;
	ck_assert_int_eq(oci_config_validate(config, &err), -EINVAL);
	ck_assert_str_eq(err.text,
		"config.json:1: linux.personality.domain: \"SOLARIS\" is not valid; "
		"LINUX and LINUX32 are");
}
END_TEST

START_TEST(what_decoding_requires_is_required_in_memory_too)
{
	struct oci_mount mount = {.type = "tmpfs"};
	struct oci_root root = {0};
	struct oci_config config = {.mounts = &mount, .n_mounts = 1};
	struct oci_process process = {.cwd = "/", .args = {(const char *[]){"a"}, 1}};
	struct nacre_error err = {0};

	ck_assert_int_eq(oci_config_validate(&config, &err), -EINVAL);
	ck_assert_str_eq(err.text, "ociVersion: is missing; this runtime supports 1.0.0 to 1.3.0");
	config.oci_version = "1.0.0";
	config.root = &root;
	config.process = &process;
	ck_assert_int_eq(oci_config_validate(&config, &err), -EINVAL);
	ck_assert_str_eq(err.text, "root.path: is missing or empty");
	root.path = "rootfs";
	ck_assert_int_eq(oci_config_validate(&config, &err), -EINVAL);
	ck_assert_str_eq(err.text, "mounts[0].destination: is missing or empty");
	mount.destination = "/a";
	ck_assert_int_eq(oci_config_validate(&config, &err), 0);
}
END_TEST

START_TEST(an_error_names_the_line_of_the_value)
{
	struct oci_config *config = decode(
		"{\"ociVersion\":\"1.0.0\",\n\"root\":{\"path\":\"r\"},\n",
		"\"process\":{\"args\":[\"a\"],\n\"cwd\":\"here\"}", "}");
	struct nacre_error err = {0};

	ck_assert_int_eq(oci_config_validate(config, &err), -EINVAL);
	ck_assert_str_eq(err.text, "config.json:4: process.cwd: \"here\" is not an absolute path");
}
END_TEST

START_TEST(a_process_alone_is_checked_without_a_file)
{
	struct oci_process process = {.cwd = "here", .args = {(const char *[]){"a"}, 1}};
	struct nacre_error err = {0};

	ck_assert_int_eq(oci_process_validate(&process, &err), -EINVAL);
	ck_assert_str_eq(err.text, "process.cwd: \"here\" is not an absolute path");
	process.cwd = "/here";
	ck_assert_int_eq(oci_process_validate(&process, &err), 0);
}
END_TEST

START_TEST(more_lines_of_a_map_than_the_kernel_takes_are_refused)
{
	struct oci_config *config = decode(LINUX_BEFORE, USER_NS, LINUX_AFTER);
	struct oci_id_mapping lines[341];
	struct nacre_error err = {0};

	for (uint32_t i = 0; i < 341; i++)
		lines[i] = (struct oci_id_mapping){.container_id = i, .host_id = i, .size = 1};
	config->linux_->uid_mappings = lines;
	config->linux_->n_uid_mappings = 340;
	ck_assert_int_eq(oci_config_validate(config, &err), 0);
	config->linux_->n_uid_mappings = 341;
	ck_assert_int_eq(oci_config_validate(config, &err), -EINVAL);
	ck_assert_str_eq(err.text, "config.json:1: linux.uidMappings: has 341 entries; the kernel "
				   "accepts at most 340");
}
END_TEST

Suite *suite_validate(void)
{
	Suite *suite = suite_create("validate");
	TCase *tcase = tcase_create("validate");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(
		tcase, a_breach_of_a_rule_is_refused_with_place_and_remedy, 0, COUNT(refused));
	tcase_add_test(tcase, every_check_has_a_document_that_it_refuses);
	tcase_add_test(tcase, words_that_decoding_would_refuse_are_refused_in_memory_too);
	tcase_add_test(tcase, what_decoding_requires_is_required_in_memory_too);
	tcase_add_test(tcase, an_error_names_the_line_of_the_value);
	tcase_add_test(tcase, a_process_alone_is_checked_without_a_file);
	tcase_add_test(tcase, more_lines_of_a_map_than_the_kernel_takes_are_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
