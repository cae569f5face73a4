/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/cgroup_devices.h"

#include <errno.h>

#include "libcontainer/base/bpf.h"
#include "libcontainer/base/cleanup.h"

/* Loads and attaches the program, which is made in cgroup_devices_compile.c. */

/* The most instructions of a program before Linux 5.2; with 7 per rule far more than any config
 * has. */
#define PROGRAM_MAX 4096
#define MAP_NAME "nacre_denied"

static int load_program(const struct bpf_insn *program, int n, struct nacre_error *err)
{
	return bpf_load(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, "nacre_devices", program,
		(size_t)n, "the device filter", err);
}

/* Makes the counter of denials: an array of one number. */
static int make_map(struct nacre_error *err)
{
	int fd = bpf_map_make(
		BPF_MAP_TYPE_ARRAY, MAP_NAME, sizeof(uint32_t), sizeof(uint64_t), 1, 0);

	return fd < 0 ? fail_errno(err, fd, "make the map of the device filter") : fd;
}

static int query_programs(
	int cgroup_fd, uint32_t ids[BPF_ATTACHED_MAX], size_t *ret_n, struct nacre_error *err)
{
	int r = bpf_attached(cgroup_fd, BPF_CGROUP_DEVICE, ids, ret_n);

	return r < 0 ? fail_errno(err, r, "list the device filters of the cgroup") : 0;
}

static int detach_program(int cgroup_fd, uint32_t id)
{
	cleanup_close int fd = bpf_open(id);

	return fd < 0 ? fd : bpf_detach(cgroup_fd, BPF_CGROUP_DEVICE, fd);
}

/* A program that cannot be opened (somebody else's, EPERM) or is gone already stays: it can only
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

/* OLD_FD: a program whose count the new one continues; -1: none. */
static int load_counting(struct bpf_insn *program, int n, int old_fd, struct nacre_error *err)
{
	cleanup_close int map_fd = old_fd < 0 ? -1 : bpf_map_of(old_fd, MAP_NAME);

	if (map_fd < 0)
		map_fd = make_map(err);
	if (map_fd < 0)
		return map_fd;
	program[n - CGROUP_DEVICES_MAP].imm = map_fd;
	return load_program(program, n, err);
}

static int apply(int cgroup_fd, struct bpf_insn *program, int n, struct nacre_error *err)
{
	uint32_t ids[BPF_ATTACHED_MAX];
	cleanup_close int program_fd = -1, old_fd = -1;
	size_t n_ids = 0;
	int r;

	r = query_programs(cgroup_fd, ids, &n_ids, err);
	if (r < 0)
		return r;
	if (n == 0)
		return detach_programs(cgroup_fd, ids, n_ids, err);
	if (n_ids == 1)
		old_fd = bpf_open(ids[0]);
	program_fd = load_counting(program, n, old_fd, err);
	if (program_fd < 0)
		return program_fd;
	r = bpf_attach(cgroup_fd, BPF_CGROUP_DEVICE, program_fd, old_fd);
	if (r < 0)
		return fail_errno(err, r, "attach the device filter to the cgroup");
	/* Both are attached for a moment, which denies more, never less. */
	return old_fd >= 0 ? 0 : detach_programs(cgroup_fd, ids, n_ids, err);
}

int cgroup_devices_apply(
	int cgroup_fd, const struct oci_device_rule *rules, size_t n_rules, struct nacre_error *err)
{
	/* Not cleared: the rules of most configs fill one page of eight. */
	cleanup_free struct bpf_insn *program = malloc(PROGRAM_MAX * sizeof(*program));
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
	uint32_t ids[BPF_ATTACHED_MAX];
	size_t n = 0;
	int r = query_programs(cgroup_fd, ids, &n, err);

	if (r < 0)
		return r;
	r = -ENOENT;
	for (size_t i = 0; r == -ENOENT && i < n; i++) {
		const uint32_t key = 0;
		cleanup_close int program_fd = bpf_open(ids[i]);
		cleanup_close int map_fd = program_fd < 0 ? program_fd
							  : bpf_map_of(program_fd, MAP_NAME);

		r = map_fd < 0 ? map_fd : bpf_map_read(map_fd, &key, ret_count);
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
