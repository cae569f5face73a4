/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_SECCOMP_MACHINE_H
#define NACRE_TESTS_SECCOMP_MACHINE_H

#include "libcontainer/seccomp/seccomp.h" /* first: check.h has a macro fail */

#include <check.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the suites for seccomp share: a machine that runs the programs which would be loaded, and
 * profiles. */

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define DENIED(code) (SECCOMP_RET_ERRNO | (code))
#define X32 0x40000000u

/* --- a machine for classic BPF, as far as seccomp allows it --- */

static inline uint32_t run_jump(const struct sock_filter *f, uint32_t a)
{
	bool yes = false;

	switch (BPF_OP(f->code)) {
	case BPF_JA:
		return f->k;
	case BPF_JEQ:
		yes = a == f->k;
		break;
	case BPF_JGT:
		yes = a > f->k;
		break;
	case BPF_JGE:
		yes = a >= f->k;
		break;
	case BPF_JSET:
		yes = a & f->k;
		break;
	default:
		ck_abort_msg("jump 0x%x", f->code);
	}
	return yes ? f->jt : f->jf;
}

/* Fails the test on anything that the kernel's checker would refuse. Without check's assertions,
 * each of which is a system call: millions of verdicts are compared. */
static inline uint32_t run_filter(
	const struct sock_filter *filter, size_t n, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t at = 0; at < n; at++) {
		const struct sock_filter *f = &filter[at];

		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
			if (f->code != (BPF_LD | BPF_W | BPF_ABS) || f->k % 4 ||
				f->k >= sizeof(*data))
				ck_abort_msg("load 0x%x of 0x%x", f->code, f->k);
			memcpy(&a, (const char *)data + f->k, sizeof(a));
			break;
		case BPF_ALU:
			if (f->code != (BPF_ALU | BPF_AND | BPF_K))
				ck_abort_msg("arithmetic 0x%x", f->code);
			a &= f->k;
			break;
		case BPF_JMP:
			at += run_jump(f, a);
			break;
		case BPF_RET:
			if (f->code != (BPF_RET | BPF_K))
				ck_abort_msg("return 0x%x", f->code);
			return f->k;
		default:
			ck_abort_msg("instruction 0x%x", f->code);
		}
	}
	ck_abort_msg("ran past the end");
}

static inline uint32_t verdict(
	const struct seccomp_program *program, uint32_t arch, uint32_t nr, uint64_t a0, uint64_t a1)
{
	struct seccomp_data data = {.nr = (int)nr, .arch = arch, .args = {a0, a1}};

	return run_filter(program->filter, program->n, &data);
}

static inline uint32_t number(uint32_t token, const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(token, name);

	ck_assert_msg(nr >= 0, "%s", name);
	return (uint32_t)nr;
}

/* --- profiles --- */

static char warned[1024];
static int warnings;

static inline void keep_warning(void *data, const char *text)
{
	ck_assert_ptr_null(data);
	warnings++;
	(void)snprintf(warned, sizeof(warned), "%s", text);
}

static struct seccomp_program program;

static inline int compile(const struct oci_seccomp *profile, struct nacre_error *err)
{
	warnings = 0;
	return seccomp_compile(profile, -1, &program, keep_warning, NULL, err);
}

static inline void must_compile(const struct oci_seccomp *profile)
{
	struct nacre_error err = {0};

	ck_assert_msg(compile(profile, &err) == 0, "%s", err.text);
	ck_assert_uint_gt(program.n, 0);
}

static inline void must_fail(const struct oci_seccomp *profile, int code, const char *text)
{
	struct nacre_error err = {0};

	ck_assert_int_eq(compile(profile, &err), -code);
	ck_assert_int_eq(err.code, code);
	ck_assert_str_eq(err.text, text);
}

#define WORDS(...)                                                                \
	{                                                                         \
		(const char *[]){__VA_ARGS__}, N(((const char *[]){__VA_ARGS__})) \
	}

/* A profile on x86_64, x86 and x32 with SYSCALLS. */
#define PROFILE(action, calls)                                                                \
	{                                                                                     \
		.default_action = (action),                                                   \
		.architectures = WORDS("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"), \
		.syscalls = (calls), .n_syscalls = N(calls),                                  \
	}

static const struct {
	const char *name;
	uint32_t token; /* of libseccomp */
	uint32_t audit;
} machines[] = {
	{"x86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
	{"x86", SCMP_ARCH_X86, AUDIT_ARCH_I386},
	{"x32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64},
};

/* Names such as an engine's default profile has: all that this libseccomp knows by number, without
 * what takes privileges, and the families of socket(2) and some values of personality(2). */
static const char *const never[] = {"acct", "add_key", "bpf", "clone", "clone3", "fsopen",
	"fsmount", "init_module", "finit_module", "io_uring_enter", "io_uring_register",
	"io_uring_setup", "kexec_load", "keyctl", "mount", "move_mount", "open_by_handle_at",
	"open_tree", "perf_event_open", "personality", "pivot_root", "reboot", "request_key",
	"setns", "socket", "swapon", "swapoff", "umount2", "unshare", "userfaultfd"};

struct engine_profile {
	struct oci_seccomp seccomp;
	struct oci_syscall calls[8];
	struct oci_syscall_arg args[8];
	const char *names[800];
	char text[800][40];
};

static inline bool in_list(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], name))
			return true;
	return false;
}

static inline void add_names(struct engine_profile *p, uint32_t token, int end)
{
	struct oci_strings *names = &p->calls[0].names;

	for (int nr = 0; nr < end; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(token, nr);

		if (name && !in_list(never, N(never), name) && !in_list(p->names, names->n, name)) {
			ck_assert_uint_lt(names->n, N(p->names));
			(void)snprintf(p->text[names->n], sizeof(p->text[0]), "%s", name);
			p->names[names->n] = p->text[names->n];
			names->n++;
		}
		free(name);
	}
}

static inline struct engine_profile *engine_profile(void)
{
	struct engine_profile *p = calloc(1, sizeof(*p));
	static const char *archs[] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
	static const char *rest[] = {"socket", "personality", "clone", "clone3"};

	ck_assert_ptr_nonnull(p);
	p->args[0] = (struct oci_syscall_arg){0, 38, 0, "SCMP_CMP_LT"};
	p->args[1] = (struct oci_syscall_arg){0, 39, 0, "SCMP_CMP_EQ"};
	p->args[2] = (struct oci_syscall_arg){0, 0, 0, "SCMP_CMP_EQ"};
	p->args[3] = (struct oci_syscall_arg){0, 8, 0, "SCMP_CMP_EQ"};
	p->args[4] = (struct oci_syscall_arg){0, 0x7e020000, 0, "SCMP_CMP_MASKED_EQ"};
	p->calls[0] = (struct oci_syscall){{p->names, 0}, "SCMP_ACT_ALLOW", {0}, NULL, 0};
	p->calls[1] = (struct oci_syscall){{&rest[0], 1}, "SCMP_ACT_ALLOW", {0}, &p->args[0], 1};
	p->calls[2] = (struct oci_syscall){{&rest[0], 1}, "SCMP_ACT_ALLOW", {0}, &p->args[1], 1};
	p->calls[3] = (struct oci_syscall){{&rest[1], 1}, "SCMP_ACT_ALLOW", {0}, &p->args[2], 2};
	p->calls[4] = (struct oci_syscall){{&rest[2], 1}, "SCMP_ACT_ALLOW", {0}, &p->args[4], 1};
	p->calls[5] = (struct oci_syscall){
		{&rest[3], 1}, "SCMP_ACT_ERRNO", {true, ENOSYS}, NULL, 0};
	add_names(p, SCMP_ARCH_X86_64, 449);
	add_names(p, SCMP_ARCH_X86, 449);
	p->seccomp.default_action = "SCMP_ACT_ERRNO";
	p->seccomp.architectures = (struct oci_strings){archs, N(archs)};
	p->seccomp.syscalls = p->calls;
	p->seccomp.n_syscalls = 6;
	return p;
}

#endif
