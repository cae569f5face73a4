/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/fields.h"
#include "specs/spec.h"

/* The tables of config-linux.md of runtime-spec 1.3.0, in the order of its text. */

/* clang-format off */

/* --- Namespaces, Offset for Time Namespace --- */

static const char *const namespace_types[] = {
	"pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time", NULL,
};

static const struct field oci_namespace_fields[] = {
	FIELD_WORD("type", oci_namespace, type, FIELD_MUST, namespace_types),
	FIELD_STRING("path", oci_namespace, path, 0),
	{},
};
static STRUCT_TYPE(oci_namespace);

static const struct field oci_time_offset_fields[] = {
	FIELD_OPT_I64("secs", oci_time_offset, secs),
	FIELD_OPT_U32("nanosecs", oci_time_offset, nanosecs),
	{},
};
static STRUCT_TYPE(oci_time_offset);

static const struct field oci_time_offsets_fields[] = {
	FIELD_OBJECT("monotonic", oci_time_offsets, monotonic, 0, oci_time_offset),
	FIELD_OBJECT("boottime", oci_time_offsets, boottime, 0, oci_time_offset),
	{},
};
static STRUCT_TYPE(oci_time_offsets);

/* --- Devices, Network Devices --- */

static const char *const device_types[] = {"c", "b", "u", "p", NULL};

static const struct field oci_device_fields[] = {
	FIELD_WORD("type", oci_device, type, FIELD_MUST, device_types),
	FIELD_STRING("path", oci_device, path, FIELD_MUST),
	FIELD_OPT_I64("major", oci_device, major),
	FIELD_OPT_I64("minor", oci_device, minor),
	FIELD_OPT_U32("fileMode", oci_device, file_mode),
	FIELD_OPT_U32("uid", oci_device, uid),
	FIELD_OPT_U32("gid", oci_device, gid),
	{},
};
static STRUCT_TYPE(oci_device);

/* The key is the name on the host. */
static const struct field oci_net_device_fields[] = {
	FIELD_STRING("name", oci_net_device, name, 0),
	{},
};
static STRUCT_TYPE(oci_net_device);

/* --- Control groups --- */

static const char *const device_rule_types[] = {"a", "c", "b", NULL};

static const struct field oci_device_rule_fields[] = {
	FIELD_BOOL("allow", oci_device_rule, allow, FIELD_MUST),
	FIELD_WORD("type", oci_device_rule, type, 0, device_rule_types),
	FIELD_OPT_I64("major", oci_device_rule, major),
	FIELD_OPT_I64("minor", oci_device_rule, minor),
	FIELD_STRING("access", oci_device_rule, access, 0),
	{},
};
static STRUCT_TYPE(oci_device_rule);

static const struct field oci_memory_fields[] = {
	FIELD_OPT_I64("limit", oci_memory, limit),
	FIELD_OPT_I64("reservation", oci_memory, reservation),
	FIELD_OPT_I64("swap", oci_memory, swap),
	FIELD_OPT_I64("kernel", oci_memory, kernel),
	FIELD_OPT_I64("kernelTCP", oci_memory, kernel_tcp),
	FIELD_OPT_U64("swappiness", oci_memory, swappiness),
	FIELD_OPT_BOOL("disableOOMKiller", oci_memory, disable_oom_killer),
	FIELD_OPT_BOOL("useHierarchy", oci_memory, use_hierarchy),
	FIELD_OPT_BOOL("checkBeforeUpdate", oci_memory, check_before_update),
	{},
};
static STRUCT_TYPE(oci_memory);

static const struct field oci_cpu_fields[] = {
	FIELD_OPT_U64("shares", oci_cpu, shares),
	FIELD_OPT_I64("quota", oci_cpu, quota),
	FIELD_OPT_U64("burst", oci_cpu, burst),
	FIELD_OPT_U64("period", oci_cpu, period),
	FIELD_OPT_I64("realtimeRuntime", oci_cpu, realtime_runtime),
	FIELD_OPT_U64("realtimePeriod", oci_cpu, realtime_period),
	FIELD_STRING("cpus", oci_cpu, cpus, 0),
	FIELD_STRING("mems", oci_cpu, mems, 0),
	FIELD_OPT_I64("idle", oci_cpu, idle),
	{},
};
static STRUCT_TYPE(oci_cpu);

int64_t oci_pids_limit(const struct oci_pids *pids)
{
	return pids->limit == 0 ? 1 : pids->limit;
}

static const struct field oci_pids_fields[] = {
	FIELD_I64("limit", oci_pids, limit, FIELD_ALWAYS),
	{},
};
static STRUCT_TYPE(oci_pids);

static const struct field oci_weight_device_fields[] = {
	FIELD_I64("major", oci_weight_device, major, FIELD_MUST | FIELD_KEY),
	FIELD_I64("minor", oci_weight_device, minor, FIELD_MUST | FIELD_KEY),
	FIELD_OPT_U16("weight", oci_weight_device, weight),
	FIELD_OPT_U16("leafWeight", oci_weight_device, leaf_weight),
	{},
};
static STRUCT_TYPE(oci_weight_device);

static const struct field oci_throttle_device_fields[] = {
	FIELD_I64("major", oci_throttle_device, major, FIELD_MUST | FIELD_KEY),
	FIELD_I64("minor", oci_throttle_device, minor, FIELD_MUST | FIELD_KEY),
	FIELD_OPT_U64("rate", oci_throttle_device, rate),
	{},
};
static STRUCT_TYPE(oci_throttle_device);

#define THROTTLE(name, member) FIELD_ARRAY(name, oci_block_io, member, 0, oci_throttle_device)

static const struct field oci_block_io_fields[] = {
	FIELD_OPT_U16("weight", oci_block_io, weight),
	FIELD_OPT_U16("leafWeight", oci_block_io, leaf_weight),
	FIELD_ARRAY("weightDevice", oci_block_io, weight_device, 0, oci_weight_device),
	THROTTLE("throttleReadBpsDevice", throttle_read_bps_device),
	THROTTLE("throttleWriteBpsDevice", throttle_write_bps_device),
	THROTTLE("throttleReadIOPSDevice", throttle_read_iops_device),
	THROTTLE("throttleWriteIOPSDevice", throttle_write_iops_device),
	{},
};
static STRUCT_TYPE(oci_block_io);

static const struct field oci_hugepage_limit_fields[] = {
	FIELD_STRING("pageSize", oci_hugepage_limit, page_size, FIELD_MUST | FIELD_KEY),
	FIELD_U64("limit", oci_hugepage_limit, limit, FIELD_MUST),
	{},
};
static STRUCT_TYPE(oci_hugepage_limit);

static const struct field oci_network_priority_fields[] = {
	FIELD_STRING("name", oci_network_priority, name, FIELD_MUST | FIELD_KEY),
	FIELD_U32("priority", oci_network_priority, priority, FIELD_MUST),
	{},
};
static STRUCT_TYPE(oci_network_priority);

static const struct field oci_network_fields[] = {
	FIELD_OPT_U32("classID", oci_network, class_id),
	FIELD_ARRAY("priorities", oci_network, priorities, 0, oci_network_priority),
	{},
};
static STRUCT_TYPE(oci_network);

/* The key is the name of the device. */
static const struct field oci_rdma_fields[] = {
	FIELD_OPT_U32("hcaHandles", oci_rdma, hca_handles),
	FIELD_OPT_U32("hcaObjects", oci_rdma, hca_objects),
	{},
};
static STRUCT_TYPE(oci_rdma);

static const struct field oci_resources_fields[] = {
	FIELD_ARRAY("devices", oci_resources, devices, 0, oci_device_rule),
	FIELD_OBJECT("memory", oci_resources, memory, 0, oci_memory),
	FIELD_OBJECT("cpu", oci_resources, cpu, 0, oci_cpu),
	/* 0 is a limit, a missing one is none: since 1.3.0 Go's writers may write "pids": {}. */
	FIELD_OBJECT("pids", oci_resources, pids, FIELD_UNLESS_BARE, oci_pids),
	FIELD_OBJECT("blockIO", oci_resources, block_io, 0, oci_block_io),
	FIELD_ARRAY("hugepageLimits", oci_resources, hugepage_limits, 0, oci_hugepage_limit),
	FIELD_OBJECT("network", oci_resources, network, 0, oci_network),
	FIELD_KEYED("rdma", oci_resources, rdma, oci_rdma),
	FIELD_MAP("unified", oci_resources, unified),
	{},
};
STRUCT_TYPE(oci_resources);

/* --- IntelRdt, Memory Policy, Personality --- */

static const char *const personality_domains[] = {"LINUX", "LINUX32", NULL};

static const struct field oci_intel_rdt_fields[] = {
	FIELD_STRING("closID", oci_intel_rdt, clos_id, 0),
	FIELD_STRINGS("schemata", oci_intel_rdt, schemata, 0),
	FIELD_STRING("l3CacheSchema", oci_intel_rdt, l3_cache_schema, 0),
	FIELD_STRING("memBwSchema", oci_intel_rdt, mem_bw_schema, 0),
	FIELD_OPT_BOOL("enableMonitoring", oci_intel_rdt, enable_monitoring),
	{},
};
static STRUCT_TYPE(oci_intel_rdt);

static const struct field oci_memory_policy_fields[] = {
	FIELD_STRING("mode", oci_memory_policy, mode, 0),
	FIELD_STRING("nodes", oci_memory_policy, nodes, 0),
	FIELD_STRINGS("flags", oci_memory_policy, flags, 0),
	{},
};
static STRUCT_TYPE(oci_memory_policy);

static const struct field oci_personality_fields[] = {
	FIELD_WORD("domain", oci_personality, domain, FIELD_MUST, personality_domains),
	FIELD_STRINGS("flags", oci_personality, flags, 0),
	{},
};
static STRUCT_TYPE(oci_personality);

/* --- Seccomp --- */

static const char *const seccomp_actions[] = {
	"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
	"SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY",
	NULL,
};

static const char *const seccomp_operators[] = {
	"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
	"SCMP_CMP_MASKED_EQ", NULL,
};

static const char *const seccomp_architectures[] = {
	"SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_ARM",
	"SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_MIPS",
	"SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64",
	"SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE",
	"SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB",
	"SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64", NULL,
};

static const char *const seccomp_flags[] = {
	"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL,
};

static const struct field oci_syscall_arg_fields[] = {
	FIELD_U32("index", oci_syscall_arg, index, FIELD_MUST),
	FIELD_U64("value", oci_syscall_arg, value, FIELD_MUST),
	FIELD_U64("valueTwo", oci_syscall_arg, value_two, 0),
	FIELD_WORD("op", oci_syscall_arg, op, FIELD_MUST, seccomp_operators),
	{},
};
static STRUCT_TYPE(oci_syscall_arg);

static const struct field oci_syscall_fields[] = {
	FIELD_STRINGS("names", oci_syscall, names, FIELD_MUST),
	FIELD_WORD("action", oci_syscall, action, FIELD_MUST, seccomp_actions),
	FIELD_OPT_U32("errnoRet", oci_syscall, errno_ret),
	FIELD_ARRAY("args", oci_syscall, args, 0, oci_syscall_arg),
	{},
};
static STRUCT_TYPE(oci_syscall);

static const struct field oci_seccomp_fields[] = {
	FIELD_WORD("defaultAction", oci_seccomp, default_action, FIELD_MUST, seccomp_actions),
	FIELD_OPT_U32("defaultErrnoRet", oci_seccomp, default_errno_ret),
	FIELD_WORDS("architectures", oci_seccomp, architectures, seccomp_architectures),
	FIELD_WORDS_PRESENT("flags", oci_seccomp, flags, seccomp_flags),
	FIELD_STRING("listenerPath", oci_seccomp, listener_path, 0),
	FIELD_STRING("listenerMetadata", oci_seccomp, listener_metadata, 0),
	FIELD_ARRAY("syscalls", oci_seccomp, syscalls, 0, oci_syscall),
	{},
};
static STRUCT_TYPE(oci_seccomp);

/* --- the whole --- */

/* The spec's four, and the recursive ones that dockerd and containerd write and runc accepts. */
static const char *const propagations[] = {
	"private", "shared", "slave", "unbindable", "rprivate", "rshared", "rslave",
	"runbindable", NULL,
};

static const struct field oci_linux_fields[] = {
	FIELD_ARRAY("uidMappings", oci_linux, uid_mappings, 0, oci_id_mapping),
	FIELD_ARRAY("gidMappings", oci_linux, gid_mappings, 0, oci_id_mapping),
	FIELD_MAP("sysctl", oci_linux, sysctl),
	FIELD_OBJECT("resources", oci_linux, resources, 0, oci_resources),
	FIELD_STRING("cgroupsPath", oci_linux, cgroups_path, 0),
	FIELD_ARRAY("namespaces", oci_linux, namespaces, 0, oci_namespace),
	FIELD_ARRAY("devices", oci_linux, devices, 0, oci_device),
	FIELD_KEYED("netDevices", oci_linux, net_devices, oci_net_device),
	FIELD_OBJECT("seccomp", oci_linux, seccomp, 0, oci_seccomp),
	FIELD_WORD("rootfsPropagation", oci_linux, rootfs_propagation, 0, propagations),
	FIELD_STRINGS("maskedPaths", oci_linux, masked_paths, 0),
	FIELD_STRINGS("readonlyPaths", oci_linux, readonly_paths, 0),
	FIELD_STRING("mountLabel", oci_linux, mount_label, 0),
	FIELD_OBJECT("intelRdt", oci_linux, intel_rdt, 0, oci_intel_rdt),
	FIELD_OBJECT("memoryPolicy", oci_linux, memory_policy, 0, oci_memory_policy),
	FIELD_OBJECT("personality", oci_linux, personality, 0, oci_personality),
	FIELD_OBJECT("timeOffsets", oci_linux, time_offsets, 0, oci_time_offsets),
	{},
};
STRUCT_TYPE(oci_linux);

/* clang-format on */
