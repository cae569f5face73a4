/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/net/egress_bpf.h"

#include <errno.h>
#include <string.h>

#include "libcontainer/base/bpf.h"
#include "libcontainer/base/cleanup.h"

/* Loads and attaches the programs. They are made in egress_bpf_compile.c, what they counted is read
 * in egress_bpf_denied.c, and the listeners that they lead to are in egress_bpf_ports.c. */

/* Instructions: 256 rules of the longest kind take 12,000. */
#define PROGRAM_MAX 16384

static const struct {
	enum bpf_prog_type type;
	enum bpf_attach_type kind;
	const char *name;
} hooks[EGRESS_N_HOOKS] = {
	/* clang-format off */
	[EGRESS_SOCK_CREATE]  = {BPF_PROG_TYPE_CGROUP_SOCK,      BPF_CGROUP_INET_SOCK_CREATE,  "nacre_socket"},
	[EGRESS_CONNECT4]     = {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT,     "nacre_connect4"},
	[EGRESS_CONNECT6]     = {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT,     "nacre_connect6"},
	[EGRESS_SENDMSG4]     = {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG,      "nacre_sendmsg4"},
	[EGRESS_SENDMSG6]     = {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG,      "nacre_sendmsg6"},
	[EGRESS_GETPEERNAME4] = {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_GETPEERNAME, "nacre_peer4"},
	[EGRESS_GETPEERNAME6] = {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_GETPEERNAME, "nacre_peer6"},
	[EGRESS_RECVMSG4]     = {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_RECVMSG,      "nacre_recvmsg4"},
	[EGRESS_RECVMSG6]     = {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_RECVMSG,      "nacre_recvmsg6"},
	[EGRESS_PACKETS]      = {BPF_PROG_TYPE_CGROUP_SKB,       BPF_CGROUP_INET_EGRESS,       "nacre_packets"},
	[EGRESS_INGRESS]      = {BPF_PROG_TYPE_CGROUP_SKB,       BPF_CGROUP_INET_INGRESS,      "nacre_ingress"},
	[EGRESS_SETSOCKOPT]   = {BPF_PROG_TYPE_CGROUP_SOCKOPT,   BPF_CGROUP_SETSOCKOPT,        "nacre_sockopt"},
	/* clang-format on */
};

/* --- what hangs at the cgroup --- */

/* Opens nacre's program of one hook, after SKIP others of it. Returns an fd; -ENOENT: there is
 * none, -errno. */
static int open_program(int cgroup_fd, enum egress_hook hook, int skip)
{
	uint32_t ids[BPF_ATTACHED_MAX];
	size_t n;
	int r = bpf_attached(cgroup_fd, hooks[hook].kind, ids, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		cleanup_close int fd = bpf_open(ids[i]);

		r = fd < 0 ? fd : bpf_is_called(fd, hooks[hook].name);
		if (r > 0 && skip-- == 0)
			return fd_steal(&fd);
		if (r > 0 || r == -ENOENT) /* detached meanwhile */
			r = 0;
	}
	return r < 0 ? r : -ENOENT;
}

int egress_bpf_open_map(int cgroup_fd, const char *name)
{
	for (int hook = 0; hook < EGRESS_N_HOOKS; hook++) {
		cleanup_close int program_fd = open_program(cgroup_fd, (enum egress_hook)hook, 0);
		int r = program_fd < 0 ? program_fd : bpf_map_of(program_fd, name);

		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

/* Opens all that are attached, each an fd or -1. */
static int open_programs(int cgroup_fd, int ret_fds[EGRESS_N_HOOKS])
{
	for (int hook = 0; hook < EGRESS_N_HOOKS; hook++) {
		int r = open_program(cgroup_fd, (enum egress_hook)hook, 0);

		if (r < 0 && r != -ENOENT)
			return r;
		ret_fds[hook] = r < 0 ? -1 : r;
	}
	return 0;
}

static int make_denials(void)
{
	const struct egress_denial_key others = {.kind = EGRESS_DENIED_OTHERS};
	const struct egress_denial_value none = {.count = 0};
	cleanup_close int fd = bpf_map_make(BPF_MAP_TYPE_HASH, EGRESS_DENIALS_NAME, sizeof(others),
		sizeof(none), EGRESS_DENIALS_MAX - 1, BPF_F_NO_PREALLOC);
	int r = fd < 0 ? fd : bpf_map_write(fd, &others, &none);

	return r < 0 ? r : fd_steal(&fd);
}

static int make_ports(void)
{
	return bpf_map_make(BPF_MAP_TYPE_HASH, EGRESS_PORTS_NAME, sizeof(uint32_t),
		sizeof(uint32_t), EGRESS_PORTS_MAX, BPF_F_NO_PREALLOC);
}

static int make_metadata(void)
{
	return bpf_map_make(BPF_MAP_TYPE_ARRAY, EGRESS_METADATA_NAME, sizeof(uint32_t),
		sizeof(struct egress_denial_value), 1, 0);
}

/* Opens the map of the older programs, or makes a new one. */
static int find_map(const int old_fds[EGRESS_N_HOOKS], const char *name, int (*make)(void))
{
	int r = -ENOENT;

	for (int hook = 0; hook < EGRESS_N_HOOKS && r == -ENOENT; hook++)
		r = old_fds[hook] < 0 ? -ENOENT : bpf_map_of(old_fds[hook], name);
	return r == -ENOENT ? make() : r;
}

static int find_maps(const int old_fds[EGRESS_N_HOOKS], const struct egress_bpf_policy *policy,
	struct egress_bpf_maps *ret_maps, struct nacre_error *err)
{
	int r = 0;

	if (policy->rules)
		r = ret_maps->denials = find_map(old_fds, EGRESS_DENIALS_NAME, make_denials);
	if (r >= 0 && policy->no_metadata && !egress_bpf_has_rules(policy))
		r = ret_maps->metadata = find_map(old_fds, EGRESS_METADATA_NAME, make_metadata);
	if (r >= 0 && egress_bpf_has_names(policy))
		r = ret_maps->ports = find_map(old_fds, EGRESS_PORTS_NAME, make_ports);
	return r < 0 ? fail_errno(err, r, "maps of the egress filter") : 0;
}

/* --- loading and attaching --- */

/* *RET_FD is not changed if no program is needed. */
static int load(const struct egress_bpf_policy *policy, enum egress_hook hook,
	struct egress_bpf_maps *maps, struct bpf_insn *program, int *ret_fd,
	struct nacre_error *err)
{
	for (;;) {
		struct nacre_error why;
		int n = egress_bpf_compile(policy, hook, maps, program, PROGRAM_MAX, err);

		if (n <= 0)
			return n;
		*ret_fd = bpf_load(hooks[hook].type, hooks[hook].kind, hooks[hook].name, program,
			(size_t)n, "the egress filter", &why);
		if (*ret_fd >= 0)
			return 0;
		if (*ret_fd != -EINVAL || !maps->comm) {
			*err = why;
			return -why.code;
		}
		maps->comm = false; /* before Linux 6.1 */
	}
}

/* Loads all of them before the first is attached: what the kernel refuses changes nothing. */
static int load_all(const struct egress_bpf_policy *policy, struct egress_bpf_maps *maps,
	int fds[EGRESS_N_HOOKS], struct nacre_error *err)
{
	cleanup_free struct bpf_insn *program = calloc(PROGRAM_MAX, sizeof(*program));
	int r = program ? 0 : fail_errno(err, ENOMEM, "egress");

	for (int hook = 0; hook < EGRESS_N_HOOKS && r == 0; hook++)
		r = load(policy, (enum egress_hook)hook, maps, program, &fds[hook], err);
	return r;
}

/* Detaches those of the first N hooks. */
static void detach_new(int cgroup_fd, const struct egress_bpf_swap *swap, int n)
{
	while (n-- > 0)
		if (swap->fds[n] >= 0)
			(void)bpf_detach(cgroup_fd, hooks[n].kind, swap->fds[n]);
}

void egress_bpf_detach_new(int cgroup_fd, const struct egress_bpf_swap *swap)
{
	detach_new(cgroup_fd, swap, EGRESS_N_HOOKS);
}

/* REPLACED: the programs whose place they take. NULL: none, and a failure detaches those that were
 * attached, but no other: where somebody else's is the only one that the kernel takes, that would
 * be detached instead. */
static int attach_all(int cgroup_fd, const struct egress_bpf_swap *swap, const int *replaced,
	struct nacre_error *err)
{
	int r = 0;

	for (int hook = 0; hook < EGRESS_N_HOOKS; hook++) {
		if (swap->fds[hook] >= 0)
			r = bpf_attach(cgroup_fd, hooks[hook].kind, swap->fds[hook],
				replaced ? replaced[hook] : -1);
		if (r < 0 && !replaced)
			detach_new(cgroup_fd, swap, hook);
		if (r < 0)
			return fail_errno(err, r, "attach the egress filter (%s) to the cgroup",
				hooks[hook].name);
	}
	return 0;
}

static int load_and_attach(int cgroup_fd, const struct egress_bpf_policy *policy, bool replaces,
	struct egress_bpf_swap *ret_swap, struct nacre_error *err)
{
	struct egress_bpf_swap swap = {.old = false};
	struct egress_bpf_maps maps = {-1, -1, -1, true};
	int old_fds[EGRESS_N_HOOKS];
	int r;

	for (int hook = 0; hook < EGRESS_N_HOOKS; hook++)
		swap.fds[hook] = old_fds[hook] = -1;
	r = open_programs(cgroup_fd, old_fds);
	r = r < 0 ? fail_errno(err, r, "look for the egress filter at the cgroup")
		  : find_maps(old_fds, policy, &maps, err);
	if (r == 0)
		r = load_all(policy, &maps, swap.fds, err);
	if (r == 0)
		r = attach_all(cgroup_fd, &swap, replaces ? old_fds : NULL, err);
	for (int hook = 0; hook < EGRESS_N_HOOKS; hook++) {
		swap.old = swap.old || old_fds[hook] >= 0;
		fd_close(&old_fds[hook]);
	}
	fd_close(&maps.denials);
	fd_close(&maps.metadata);
	fd_close(&maps.ports);
	if (r < 0)
		egress_bpf_swap_done(&swap);
	else
		*ret_swap = swap;
	return r;
}

int egress_bpf_attach(int cgroup_fd, const struct egress_bpf_policy *policy,
	struct egress_bpf_swap *ret_swap, struct nacre_error *err)
{
	return load_and_attach(cgroup_fd, policy, false, ret_swap, err);
}

/* PROGRAM_FD: the one that stays, or -1. */
static int detach_others(int cgroup_fd, enum egress_hook hook, int program_fd)
{
	uint32_t ids[BPF_ATTACHED_MAX];
	size_t n;
	int own = program_fd < 0 ? 0 : bpf_id(program_fd);
	int r = own < 0 ? own : bpf_attached(cgroup_fd, hooks[hook].kind, ids, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		cleanup_close int fd = ids[i] == (uint32_t)own ? -1 : bpf_open(ids[i]);

		if (ids[i] == (uint32_t)own || fd == -ENOENT)
			continue;
		r = fd < 0 ? fd : bpf_is_called(fd, hooks[hook].name);
		if (r > 0)
			r = bpf_detach(cgroup_fd, hooks[hook].kind, fd);
	}
	return r;
}

int egress_bpf_detach_old(
	int cgroup_fd, const struct egress_bpf_swap *swap, struct nacre_error *err)
{
	int r = 0;

	for (int hook = 0; swap->old && hook < EGRESS_N_HOOKS && r == 0; hook++) {
		r = detach_others(cgroup_fd, (enum egress_hook)hook, swap->fds[hook]);
		if (r < 0)
			return fail_errno(err, r,
				"detach the egress filter of before (%s) from the cgroup",
				hooks[hook].name);
	}
	return r;
}

void egress_bpf_swap_done(struct egress_bpf_swap *swap)
{
	for (int hook = 0; hook < EGRESS_N_HOOKS; hook++)
		fd_close(&swap->fds[hook]);
}

static int apply(int cgroup_fd, const struct egress_bpf_policy *policy, bool replaces,
	struct nacre_error *err)
{
	struct egress_bpf_swap swap;
	int r = load_and_attach(cgroup_fd, policy, replaces, &swap, err);

	if (r < 0)
		return r;
	r = egress_bpf_detach_old(cgroup_fd, &swap, err);
	egress_bpf_swap_done(&swap);
	return r;
}

int egress_bpf_apply(int cgroup_fd, const struct egress_bpf_policy *policy, struct nacre_error *err)
{
	return apply(cgroup_fd, policy, false, err);
}

int egress_bpf_settle(
	int cgroup_fd, const struct egress_bpf_policy *policy, struct nacre_error *err)
{
	cleanup_close int second = -ENOENT;

	for (int hook = 0; hook < EGRESS_N_HOOKS && second == -ENOENT; hook++)
		second = open_program(cgroup_fd, (enum egress_hook)hook, 1);
	if (second == -ENOENT)
		return 0;
	return second < 0 ? fail_errno(err, second, "look for the egress filter at the cgroup")
			  : apply(cgroup_fd, policy, true, err);
}

int egress_bpf_probe(struct nacre_error *err)
{
	/* r0 = 1; exit */
	static const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1}, {.code = BPF_JMP | BPF_EXIT}};
	cleanup_close int fd = bpf_load(hooks[EGRESS_GETPEERNAME4].type,
		hooks[EGRESS_GETPEERNAME4].kind, "nacre_probe", program, 2, "the egress filter",
		err);

	return fd < 0 ? fd : 0;
}
