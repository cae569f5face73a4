/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

/*
 * Does the work of self_protect() before libc starts.
 *
 * The seal costs a second exec of the same program. In a virtual machine most of an exec of a
 * static program is the start of libc: it executes CPUID about 70 times, each an exit to the
 * hypervisor (6 us each on the machine where this was measured, 450 us in all, against 130 us for
 * the exec itself). So the binary's entry point is here. It handles the usual case, a read-only
 * clone of the mount and execveat. Then it goes on to libc's _start: in the protected program, or
 * if nothing is to be done, or if it failed; self_protect then looks again and reports.
 *
 * Nothing is relocated yet and there is no thread pointer. So this file must not call a function of
 * another file, use a global, a stack protector or a sanitizer, or have a loop that the compiler
 * may turn into a call of memcpy or strlen (meson.build has the flags).
 */

#if defined(__x86_64__)

/* System V ABI, Process Initialization: only the stack pointer is given; rdx is for atexit. */
__asm__(".text\n"
	".globl self_protect_entry\n"
	".type self_protect_entry, @function\n"
	"self_protect_entry:\n"
	"	xorl %ebp, %ebp\n"
	"	movq %rsp, %rdi\n"
	"	call self_protect_before_libc\n"
	"	xorl %edx, %edx\n"
	"	jmp _start\n"
	".size self_protect_entry, . - self_protect_entry\n");

static long raw_syscall(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

#elif defined(__aarch64__)

__asm__(".text\n"
	".globl self_protect_entry\n"
	".type self_protect_entry, %function\n"
	"self_protect_entry:\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x0, sp\n"
	"	bl self_protect_before_libc\n"
	"	mov x0, #0\n"
	"	b _start\n"
	".size self_protect_entry, . - self_protect_entry\n");

static long raw_syscall(long number, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
			 : "memory");
	return x0;
}

#endif

/* Values of <linux/mount.h>, which cannot be included together with <sys/mount.h>; see sys.h. */
enum {
	CLONE_MOUNT = 1, /* OPEN_TREE_CLONE */
	ATTR_RDONLY = 1, /* MOUNT_ATTR_RDONLY */
	NR_MOUNT_SETATTR = 442,
};

/* EROFS_SUPER_MAGIC_V1 and SQUASHFS_MAGIC: file systems that nobody can write. */
#define EROFS_MAGIC 0xE0F5E1E2L
#define SQUASHFS 0x73717368L

struct mount_attributes { /* struct mount_attr */
	uint64_t set;
	uint64_t clear;
	uint64_t propagation;
	uint64_t userns_fd;
};

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Returns whether a word of ARGV is a command that runs code in a container. Another argument that
 * equals one costs only an unnecessary exec. */
static bool is_sealed_command(char *const *argv)
{
	for (; *argv; argv++)
		if (equal(*argv, "create") || equal(*argv, "run") || equal(*argv, "exec"))
			return true;
	return false;
}

/* An exec by fd gives the name /dev/fd/N: this is the second time, or the caller executed it so. */
static bool is_executed_by_fd(const Elf64_auxv_t *aux)
{
	for (; aux->a_type != AT_NULL; aux++) {
		const char *name = (const char *)aux->a_un.a_val;

		if (aux->a_type == AT_EXECFN)
			return name[0] == '/' && name[1] == 'd' && name[2] == 'e' &&
			       name[3] == 'v' && name[4] == '/' && name[5] == 'f';
	}
	return false;
}

/* As is_sealed() of self_protect.c, of a file that was executed by its path. */
static bool can_be_written(int exe)
{
	struct statfs fs;
	struct statx stx;

	if (raw_syscall(SYS_fstatfs, exe, (long)&fs, 0, 0, 0) < 0 || fs.f_type == EROFS_MAGIC ||
		fs.f_type == SQUASHFS)
		return false;
	return raw_syscall(SYS_statx, exe, (long)"", AT_EMPTY_PATH, 0, (long)&stx) < 0 ||
	       !(stx.stx_attributes & STATX_ATTR_VERITY);
}

static void execute_read_only(int exe, char *const *argv, char *const *envp)
{
	const struct mount_attributes attributes = {ATTR_RDONLY, 0, 0, 0};
	long tree = raw_syscall(
		SYS_open_tree, exe, (long)"", AT_EMPTY_PATH | CLONE_MOUNT | O_CLOEXEC, 0, 0);

	if (tree < 0)
		return;
	if (raw_syscall(NR_MOUNT_SETATTR, tree, (long)"", AT_EMPTY_PATH, (long)&attributes,
		    sizeof(attributes)) == 0)
		(void)raw_syscall(
			SYS_execveat, tree, (long)"", (long)argv, (long)envp, AT_EMPTY_PATH);
	(void)raw_syscall(SYS_close, tree, 0, 0, 0, 0);
}

/* STACK: argc, argv, NULL, envp, NULL, auxv. */
void self_protect_before_libc(uintptr_t *stack);
void self_protect_before_libc(uintptr_t *stack)
{
	char *const *argv = (char *const *)(stack + 1);
	char *const *envp = argv + stack[0] + 1;
	char *const *end = envp;
	long exe;

	while (*end)
		end++;
	if (!is_sealed_command(argv) || is_executed_by_fd((const Elf64_auxv_t *)(end + 1)))
		return;
	exe = raw_syscall(SYS_openat, AT_FDCWD, (long)"/proc/self/exe", O_RDONLY | O_CLOEXEC, 0, 0);
	if (exe < 0)
		return;
	if (can_be_written((int)exe))
		execute_read_only((int)exe, argv, envp);
	(void)raw_syscall(SYS_close, exe, 0, 0, 0, 0);
}
