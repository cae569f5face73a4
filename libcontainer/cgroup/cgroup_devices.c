/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/cgroup_devices.h"

#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"

/* Loading and attaching; the program is made in cgroup_devices_compile.c. RLIMIT_MEMLOCK is not
 * touched: since Linux 5.11 BPF programs count as memory of the cgroup. */

/* The most instructions of a program before Linux 5.2; with 7 a rule far more than any config has.
 */
#define PROGRAM_MAX 4096
#define LOG_SIZE 16384
#define ATTACHED_MAX 64
#define LOAD_ATTEMPTS 10
#define MAP_NAME "nacre_denied"

/* The kernel refuses an attr with anything but zeros behind what a command uses; a braced
 * initialiser need not clear all of a union. */
static void clear(union bpf_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
}

static int load_program(const struct bpf_insn *program, int n, struct nacre_error *err)
{
	cleanup_free char *log = NULL;
	union bpf_attr attr;
	int attempt, r = -EAGAIN;

	clear(&attr);
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.expected_attach_type = BPF_CGROUP_DEVICE;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = (uint32_t)n;
	/* Only a program that calls functions of the kernel needs a licence to. */
	attr.license = (uintptr_t) "Apache-2.0";
	memcpy(attr.prog_name, "nacre_devices", sizeof("nacre_devices"));
	/* EAGAIN: a signal came while the verifier ran. */
	for (attempt = 0; r == -EAGAIN && attempt < LOAD_ATTEMPTS; attempt++)
		r = sys_bpf(BPF_PROG_LOAD, &attr);
	if (r >= 0)
		return r;
	if (r != -EACCES && r != -EINVAL)
		return fail_errno(err, r, "load the device filter");
	/* The verifier is asked for its reasons only now: to write them down takes it time. */
	log = calloc(1, LOG_SIZE);
	if (log) {
		attr.log_buf = (uintptr_t)log;
		attr.log_size = LOG_SIZE;
		attr.log_level = 1;
		(void)close(sys_bpf(BPF_PROG_LOAD, &attr));
	}
	return fail_errno(err, r, "load the device filter: %.700s", log ? log : "");
}

/* --- the count of what was denied: an array of one number --- */

static int make_map(struct nacre_error *err)
{
	union bpf_attr attr;
	int r;

	clear(&attr);
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = sizeof(uint64_t);
	attr.max_entries = 1;
	memcpy(attr.map_name, MAP_NAME, sizeof(MAP_NAME));
	r = sys_bpf(BPF_MAP_CREATE, &attr);
	return r < 0 ? fail_errno(err, r, "make the map of the device filter") : r;
}

/* INFO: bpf_prog_info or bpf_map_info, as FD is. */
static int object_info(int fd, void *info, size_t size)
{
	union bpf_attr attr;

	clear(&attr);
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = (uint32_t)size;
	attr.info.info = (uintptr_t)info;
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

/* Of a program that nacre has loaded; -ENOENT: of another. */
static int open_map(int program_fd)
{
	uint32_t id = 0;
	struct bpf_prog_info info = {.nr_map_ids = 1, .map_ids = (uintptr_t)&id};
	struct bpf_map_info map = {.type = 0};
	cleanup_close int fd = -1;
	union bpf_attr attr;
	int r = object_info(program_fd, &info, sizeof(info));

	if (r < 0)
		return r;
	if (info.nr_map_ids != 1)
		return -ENOENT;
	clear(&attr);
	attr.map_id = id;
	fd = r = sys_bpf(BPF_MAP_GET_FD_BY_ID, &attr);
	if (r >= 0)
		r = object_info(fd, &map, sizeof(map));
	if (r < 0)
		return r;
	return strncmp(map.name, MAP_NAME, sizeof(map.name)) == 0 ? fd_steal(&fd) : -ENOENT;
}

static int read_map(int map_fd, uint64_t *ret_count)
{
	const uint32_t key = 0;
	union bpf_attr attr;

	clear(&attr);
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)ret_count;
	return sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

/* --- what hangs at the cgroup --- */

static int query_programs(
	int cgroup_fd, uint32_t ids[ATTACHED_MAX], size_t *ret_n, struct nacre_error *err)
{
	union bpf_attr attr;
	int r;

	clear(&attr);
	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = ATTACHED_MAX;
	r = sys_bpf(BPF_PROG_QUERY, &attr);
	if (r < 0)
		return fail_errno(err, r, "list the device filters of the cgroup");
	*ret_n = attr.query.prog_cnt;
	return 0;
}

static int open_program(uint32_t id)
{
	union bpf_attr attr;

	clear(&attr);
	attr.prog_id = id;
	return sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

/* REPLACE_FD: -1 or the program whose place it takes, at once. */
static int attach_program(int cgroup_fd, int program_fd, int replace_fd)
{
	union bpf_attr attr;

	clear(&attr);
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	/* A cgroup below, of a nested container, may then have its own as well. */
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replace_fd >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replace_fd;
	}
	return sys_bpf(BPF_PROG_ATTACH, &attr);
}

static int detach_program(int cgroup_fd, uint32_t id)
{
	cleanup_close int fd = open_program(id);
	union bpf_attr attr;

	if (fd < 0)
		return fd;
	clear(&attr);
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return sys_bpf(BPF_PROG_DETACH, &attr);
}

/* A program that is not ours to open (somebody else's, EPERM) or gone already stays: it can only
 * deny more. */
static int detach_programs(int cgroup_fd, const uint32_t *ids, size_t n, struct nacre_error *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		int r = detach_program(cgroup_fd, ids[i]);

		if (r < 0 && r != -ENOENT && r != -EPERM && r != -EACCES)
			return fail_errno(err, r, "detach the old device filter %u", ids[i]);
	}
	return 0;
}

/* OLD_FD: a program whose count goes on in this one; -1: none. */
static int load_counting(struct bpf_insn *program, int n, int old_fd, struct nacre_error *err)
{
	cleanup_close int map_fd = old_fd < 0 ? -1 : open_map(old_fd);

	if (map_fd < 0)
		map_fd = make_map(err);
	if (map_fd < 0)
		return map_fd;
	program[n - CGROUP_DEVICES_MAP].imm = map_fd;
	return load_program(program, n, err);
}

static int apply(int cgroup_fd, struct bpf_insn *program, int n, struct nacre_error *err)
{
	uint32_t ids[ATTACHED_MAX];
	cleanup_close int program_fd = -1, old_fd = -1;
	size_t n_ids = 0;
	int r;

	r = query_programs(cgroup_fd, ids, &n_ids, err);
	if (r < 0)
		return r;
	if (n == 0)
		return detach_programs(cgroup_fd, ids, n_ids, err);
	if (n_ids == 1)
		old_fd = open_program(ids[0]);
	program_fd = load_counting(program, n, old_fd, err);
	if (program_fd < 0)
		return program_fd;
	r = attach_program(cgroup_fd, program_fd, old_fd);
	if (r < 0)
		return fail_errno(err, r, "attach the device filter to the cgroup");
	/* Both hang there for a moment, which denies more, never less. */
	return old_fd >= 0 ? 0 : detach_programs(cgroup_fd, ids, n_ids, err);
}

int cgroup_devices_apply(
	int cgroup_fd, const struct oci_device_rule *rules, size_t n_rules, struct nacre_error *err)
{
	cleanup_free struct bpf_insn *program = calloc(PROGRAM_MAX, sizeof(*program));
	struct nacre_error refused;
	int n, r;

	if (!program)
		return fail_errno(err, ENOMEM, "linux.resources.devices");
	n = cgroup_devices_compile(rules, n_rules, program, PROGRAM_MAX, err);
	if (n < 0)
		return n;
	r = apply(cgroup_fd, program, n, &refused);
	if (r == 0)
		return 0;
	*err = refused;
	return fail_prefix(err, "linux.resources.devices");
}

int cgroup_devices_denied(int cgroup_fd, uint64_t *ret_count, struct nacre_error *err)
{
	uint32_t ids[ATTACHED_MAX];
	size_t n = 0;
	int r = query_programs(cgroup_fd, ids, &n, err);

	if (r < 0)
		return r;
	r = -ENOENT;
	for (size_t i = 0; r == -ENOENT && i < n; i++) {
		cleanup_close int program_fd = open_program(ids[i]);
		cleanup_close int map_fd = program_fd < 0 ? program_fd : open_map(program_fd);

		r = map_fd < 0 ? map_fd : read_map(map_fd, ret_count);
	}
	return r < 0 ? fail_errno(err, r, "count of the device filter") : 0;
}

int cgroup_devices_probe(struct nacre_error *err)
{
	/* r0 = 1; exit */
	static const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1}, {.code = BPF_JMP | BPF_EXIT}};
	cleanup_close int fd = load_program(program, 2, err);

	return fd < 0 ? fd : 0;
}
