/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/faults.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define BIT(fault) (1u << FAULT_##fault)

static const struct {
	const char *name;
	int error;
} faults[N_FAULTS] = {
	[FAULT_NONE] = {"none", 0},
	[FAULT_EINTR] = {"EINTR", EINTR},
	[FAULT_ENOMEM] = {"ENOMEM", ENOMEM},
	[FAULT_EIO] = {"EIO", EIO},
	[FAULT_EMFILE] = {"EMFILE", EMFILE},
	[FAULT_ENOSPC] = {"ENOSPC", ENOSPC},
	[FAULT_EAGAIN] = {"EAGAIN", EAGAIN},
	[FAULT_SHORT] = {"short", 0},
	[FAULT_KILL] = {"KILL", 0},
};

/*
 * Which calls fail how. A call that is not here cannot fail when its arguments are right (getpid,
 * rt_sigaction), or is libc's
 * own at its start or in malloc, which goes another way (mprotect, brk). What a call with a path
 * can give is as well what a network file system, a FUSE or a disk behind it gives.
 */
/* clang-format off */
static const struct {
	const char *calls;
	unsigned faults;
} table[] = {
	{"open openat openat2 creat", BIT(EINTR) | BIT(ENOMEM) | BIT(EIO) | BIT(EMFILE) | BIT(ENOSPC)},
	{"openat2", BIT(EAGAIN)}, /* a component was renamed meanwhile */
	{"close", BIT(EINTR) | BIT(EIO) | BIT(ENOSPC)},
	{"read pread64 readv", BIT(EINTR) | BIT(ENOMEM) | BIT(EIO)},
	{"write pwrite64 writev copy_file_range sendfile",
		BIT(EINTR) | BIT(ENOMEM) | BIT(EIO) | BIT(ENOSPC)},
	{"fsync fdatasync", BIT(EINTR) | BIT(EIO) | BIT(ENOSPC)},
	{"ftruncate fallocate", BIT(EINTR) | BIT(ENOMEM) | BIT(EIO) | BIT(ENOSPC)},
	{"getdents64 readlink readlinkat stat lstat fstat newfstatat statx statfs fstatfs access faccessat "
	 "faccessat2 getcwd chdir fchdir chroot unlink unlinkat rmdir chmod fchmod fchmodat chown fchown "
	 "lchown fchownat utimensat getxattr lgetxattr fgetxattr ioctl", BIT(ENOMEM) | BIT(EIO)},
	{"statfs fstatfs", BIT(EINTR)},
	{"mkdir mkdirat mknod mknodat symlink symlinkat link linkat rename renameat renameat2 setxattr "
	 "lsetxattr fsetxattr", BIT(ENOMEM) | BIT(EIO) | BIT(ENOSPC)},
	{"mount fsconfig listmount statmount", BIT(ENOMEM) | BIT(EIO) | BIT(ENOSPC)},
	{"umount2 mount_setattr pivot_root", BIT(ENOMEM)},
	{"move_mount", BIT(ENOMEM) | BIT(ENOSPC)}, /* more mounts than fs.mount-max */
	{"open_tree fsopen fsmount fspick", BIT(ENOMEM) | BIT(EMFILE) | BIT(ENOSPC)},
	{"mmap mremap munmap", BIT(ENOMEM)},
	{"clone clone3 fork vfork", BIT(ENOMEM) | BIT(EAGAIN) | BIT(ENOSPC)}, /* user.max_*_namespaces */
	{"unshare", BIT(ENOMEM) | BIT(ENOSPC)},
	{"setns", BIT(ENOMEM)},
	{"execve execveat", BIT(ENOMEM) | BIT(EIO) | BIT(EMFILE) | BIT(EAGAIN)},
	{"socket socketpair accept accept4 signalfd4 eventfd2 epoll_create1 timerfd_create memfd_create "
	 "pidfd_open pidfd_getfd inotify_init1 dup dup2 dup3 landlock_create_ruleset pipe2",
		BIT(ENOMEM) | BIT(EMFILE)},
	{"accept accept4 connect sendto sendmsg recvfrom recvmsg", BIT(EINTR) | BIT(ENOMEM) | BIT(EAGAIN)},
	{"recvmsg", BIT(EMFILE)}, /* of an fd that comes along */
	{"bind listen getsockopt setsockopt landlock_add_rule landlock_restrict_self inotify_add_watch "
	 "keyctl add_key timerfd_settime close_range sched_setaffinity sched_setattr ioprio_set capset "
	 "setuid setgid setresuid setresgid setgroups set_mempolicy epoll_ctl", BIT(ENOMEM)},
	{"bind", BIT(EIO) | BIT(ENOSPC)}, /* it makes a file */
	{"bpf", BIT(ENOMEM) | BIT(EMFILE) | BIT(ENOSPC) | BIT(EAGAIN)},
	{"seccomp", BIT(ENOMEM) | BIT(EMFILE)},
	{"poll ppoll select pselect6", BIT(EINTR) | BIT(ENOMEM) | BIT(EAGAIN)},
	{"epoll_wait epoll_pwait wait4 waitid nanosleep clock_nanosleep futex flock", BIT(EINTR)},
	{"getrandom", BIT(EINTR) | BIT(EAGAIN)},
	{NULL, 0},
};
/* clang-format on */

const char *fault_name(enum fault fault)
{
	return faults[fault].name;
}

enum fault fault_by_name(const char *name)
{
	for (int fault = FAULT_EINTR; fault < N_FAULTS; fault++)
		if (!strcmp(name, faults[fault].name))
			return (enum fault)fault;
	return FAULT_NONE;
}

int fault_errno(enum fault fault)
{
	return faults[fault].error;
}

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += length)
		if ((at == words || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

int fault_length_argument(const char *name)
{
	if (has_word("read write pread64 pwrite64", name))
		return 2;
	return !strcmp(name, "sendfile") ? 3 : !strcmp(name, "copy_file_range") ? 4 : -1;
}

bool fault_comes_after(const char *name)
{
	return !strcmp(name, "close");
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A pipe takes and gives up to PIPE_BUF bytes whole. So does the kernel with a write to its own
 * files (half of a pid is another pid) and with a sysctl, of which a second read finds the end. */
static bool can_be_short(const struct call *call)
{
	bool reads = begins(call->name, "read") || begins(call->name, "pread");

	if (fault_length_argument(call->name) < 0 || call->result < 2)
		return false;
	if (begins(call->object, "pipe:"))
		return call->result > PIPE_BUF;
	if (call->object[0] != '/' || begins(call->object, "/dev/") ||
		begins(call->object, "/proc/sys/"))
		return false;
	return reads || (!begins(call->object, "/proc/") && !begins(call->object, "/sys/"));
}

/* fcntl(2) and prctl(2) are several calls. */
static unsigned faults_of_option(const struct call *call)
{
	if (!strcmp(call->name, "fcntl"))
		switch (call->args[1]) {
		case F_DUPFD:
		case F_DUPFD_CLOEXEC:
			return BIT(EMFILE) | BIT(ENOMEM);
		case F_SETLK:
		case F_OFD_SETLK:
			return BIT(EAGAIN) | BIT(ENOMEM);
		case F_SETLKW:
		case F_OFD_SETLKW:
			return BIT(EINTR) | BIT(ENOMEM);
		default:
			return 0;
		}
	if (!strcmp(call->name, "prctl"))
		switch (call->args[0]) {
		case PR_CAPBSET_DROP: /* each makes new credentials */
		case PR_SET_SECUREBITS:
		case PR_CAP_AMBIENT:
		case PR_SET_KEEPCAPS:
			return BIT(ENOMEM);
		default:
			return 0;
		}
	return 0;
}

/* pipe(7): there is no device behind it, and only a write needs memory. */
static unsigned faults_of_pipe(const struct call *call)
{
	return BIT(EINTR) | (begins(call->name, "write") ? BIT(ENOMEM) : 0u);
}

bool fault_applies(enum fault fault, const struct call *call)
{
	unsigned all = faults_of_option(call);

	if (fault == FAULT_KILL)
		return true;
	if (fault == FAULT_SHORT)
		return can_be_short(call);
	for (size_t i = 0; table[i].calls; i++)
		if (has_word(table[i].calls, call->name))
			all |= table[i].faults;
	if (begins(call->object, "pipe:"))
		all &= faults_of_pipe(call);
	return all & 1u << fault;
}
