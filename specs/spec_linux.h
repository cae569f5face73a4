/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPEC_LINUX_H
#define NACRE_SPEC_LINUX_H

#include "specs/spec_types.h"

/* config-linux.md as structs, by the rules of spec.h, which includes this. */

struct oci_namespace {
	const char *type; /* pid network mount ipc uts user cgroup time */
	const char *path; /* NULL: a new one */
};

struct oci_time_offset {
	struct oci_i64 secs;
	struct oci_u32 nanosecs;
};

struct oci_time_offsets {
	struct oci_time_offset *monotonic;
	struct oci_time_offset *boottime;
};

struct oci_device {
	const char *path;
	const char *type; /* c b u p */
	struct oci_i64 major;
	struct oci_i64 minor;
	struct oci_u32 file_mode;
	struct oci_u32 uid;
	struct oci_u32 gid;
};

struct oci_net_device {
	const char *host_name; /* the key in linux.netDevices */
	const char *name; /* its name in the container; NULL: the same */
};

struct oci_device_rule {
	bool allow;
	const char *type; /* a c b; NULL: a */
	struct oci_i64 major;
	struct oci_i64 minor;
	const char *access; /* of r w m; NULL: rwm */
};

struct oci_memory {
	struct oci_i64 limit;
	struct oci_i64 reservation;
	struct oci_i64 swap;
	struct oci_i64 kernel;
	struct oci_i64 kernel_tcp;
	struct oci_u64 swappiness;
	struct oci_bool disable_oom_killer;
	struct oci_bool use_hierarchy;
	struct oci_bool check_before_update;
};

struct oci_cpu {
	struct oci_u64 shares;
	struct oci_i64 quota;
	struct oci_u64 burst;
	struct oci_u64 period;
	struct oci_i64 realtime_runtime;
	struct oci_u64 realtime_period;
	const char *cpus;
	const char *mems;
	struct oci_i64 idle;
};

struct oci_pids {
	int64_t limit; /* 0 is a limit; "pids": {} is decoded as no pids at all */
};

/* The limit to set: 1 for 0, which is as good, since nothing can be started, and which systemd
 * takes too. */
int64_t oci_pids_limit(const struct oci_pids *pids);

struct oci_weight_device {
	int64_t major;
	int64_t minor;
	struct oci_u32 weight; /* uint16 in the spec */
	struct oci_u32 leaf_weight;
};

struct oci_throttle_device {
	int64_t major;
	int64_t minor;
	struct oci_u64 rate;
};

struct oci_block_io {
	struct oci_u32 weight; /* uint16 in the spec */
	struct oci_u32 leaf_weight;
	struct oci_weight_device *weight_device;
	size_t n_weight_device;
	struct oci_throttle_device *throttle_read_bps_device;
	size_t n_throttle_read_bps_device;
	struct oci_throttle_device *throttle_write_bps_device;
	size_t n_throttle_write_bps_device;
	struct oci_throttle_device *throttle_read_iops_device;
	size_t n_throttle_read_iops_device;
	struct oci_throttle_device *throttle_write_iops_device;
	size_t n_throttle_write_iops_device;
};

struct oci_hugepage_limit {
	const char *page_size;
	uint64_t limit;
};

struct oci_network_priority {
	const char *name;
	uint32_t priority;
};

struct oci_network {
	struct oci_u32 class_id;
	struct oci_network_priority *priorities;
	size_t n_priorities;
};

struct oci_rdma {
	const char *device; /* the key in linux.resources.rdma */
	struct oci_u32 hca_handles;
	struct oci_u32 hca_objects;
};

struct oci_resources {
	struct oci_device_rule *devices;
	size_t n_devices;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
	struct oci_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	struct oci_network *network;
	struct oci_rdma *rdma;
	size_t n_rdma;
	struct oci_map unified;
};

struct oci_intel_rdt {
	const char *clos_id;
	struct oci_strings schemata;
	const char *l3_cache_schema;
	const char *mem_bw_schema;
	struct oci_bool enable_monitoring;
};

struct oci_memory_policy {
	const char *mode;
	const char *nodes;
	struct oci_strings flags;
};

struct oci_personality {
	const char *domain;
	struct oci_strings flags;
};

struct oci_syscall_arg {
	uint32_t index;
	uint64_t value;
	uint64_t value_two;
	const char *op;
};

struct oci_syscall {
	struct oci_strings names;
	const char *action;
	struct oci_u32 errno_ret;
	struct oci_syscall_arg *args;
	size_t n_args;
};

struct oci_seccomp {
	const char *default_action;
	struct oci_u32 default_errno_ret;
	struct oci_strings architectures;
	bool has_flags; /* an empty list and an absent one differ: absent means SPEC_ALLOW */
	struct oci_strings flags;
	const char *listener_path;
	const char *listener_metadata;
	struct oci_syscall *syscalls;
	size_t n_syscalls;
};

struct oci_linux {
	struct oci_namespace *namespaces;
	size_t n_namespaces;
	struct oci_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct oci_id_mapping *gid_mappings;
	size_t n_gid_mappings;
	struct oci_time_offsets *time_offsets;
	struct oci_device *devices;
	size_t n_devices;
	struct oci_net_device *net_devices;
	size_t n_net_devices;
	const char *cgroups_path;
	struct oci_resources *resources;
	struct oci_intel_rdt *intel_rdt;
	struct oci_memory_policy *memory_policy;
	struct oci_map sysctl;
	struct oci_seccomp *seccomp;
	const char *rootfs_propagation; /* private shared slave unbindable, or r and one of them */
	struct oci_strings masked_paths;
	struct oci_strings readonly_paths;
	const char *mount_label;
	struct oci_personality *personality;
};

#endif
