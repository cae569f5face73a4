/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SYS_H
#define NACRE_SYS_H

/*
 * Wraps every raw system call of the project, but for Landlock's (sys_landlock.h). Each wrapper
 * returns the result or -errno and has no policy; none but sys_openat2 retries. `grep sys_` lists
 * the kernel interfaces that libc does not wrap everywhere; a lint test refuses syscall() in any
 * other file. The numbers are the asm-generic ones, the same on every architecture since 2019; they
 * are defined here because Ubuntu 22.04's headers lack the newest.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

#ifndef SYS_statmount
#define SYS_statmount 457
#endif

#ifndef SYS_listmount
#define SYS_listmount 458
#endif
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x00004000U /* Linux 6.8: a mount id that is never reused */
#endif

/* <linux/mount.h> and <sys/mount.h> cannot be included together before glibc 2.37, so the constants
 * of the mount API (Linux 5.2 to 5.12) are defined here, and neither header's newer part is used.
 */
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x00000004
#define MOVE_MOUNT_T_EMPTY_PATH 0x00000040
#endif
#ifndef FSOPEN_CLOEXEC
#define FSOPEN_CLOEXEC 0x00000001
#define FSMOUNT_CLOEXEC 0x00000001
#endif
#ifndef FSPICK_CLOEXEC
#define FSPICK_CLOEXEC 0x00000001
#define FSPICK_EMPTY_PATH 0x00000008
#endif
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY 0x00000001
#define MOUNT_ATTR_NOSUID 0x00000002
#define MOUNT_ATTR_NODEV 0x00000004
#define MOUNT_ATTR_NOEXEC 0x00000008
#define MOUNT_ATTR__ATIME 0x00000070
#define MOUNT_ATTR_RELATIME 0x00000000
#define MOUNT_ATTR_NOATIME 0x00000010
#define MOUNT_ATTR_STRICTATIME 0x00000020
#define MOUNT_ATTR_NODIRATIME 0x00000080
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

enum { /* enum fsconfig_command */
	SYS_FSCONFIG_SET_FLAG = 0,
	SYS_FSCONFIG_SET_STRING = 1,
	SYS_FSCONFIG_SET_FD = 5,
	SYS_FSCONFIG_CMD_CREATE = 6,
	SYS_FSCONFIG_CMD_RECONFIGURE = 7,
};

/* struct mount_attr of <linux/mount.h>. */
struct sys_mount_attr {
	uint64_t attr_set;
	uint64_t attr_clr;
	uint64_t propagation;
	uint64_t userns_fd;
};

/* struct sched_attr of <linux/sched/types.h>; glibc 2.41 has it in <sched.h> as well. */
struct sys_sched_attr {
	uint32_t size;
	uint32_t sched_policy;
	uint64_t sched_flags;
	int32_t sched_nice;
	uint32_t sched_priority;
	uint64_t sched_runtime;
	uint64_t sched_deadline;
	uint64_t sched_period;
	uint32_t sched_util_min;
	uint32_t sched_util_max;
};

static inline int sys_result(long result)
{
	return result < 0 ? -errno : (int)result;
}

/* Linux 5.6. A rename or mount anywhere on the host makes a walk with ".." below RESOLVE_BENEATH or
 * RESOLVE_IN_ROOT fail with EAGAIN. Each call retries up to 128 times: only an attack fails more
 * often. */
static inline int sys_openat2(
	int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve};
	int fd = -EAGAIN;

	for (int tries = 0; tries < 128 && fd == -EAGAIN; tries++)
		fd = sys_result(syscall(SYS_openat2, dirfd, path, &how, sizeof(how)));
	return fd;
}

/* Linux 5.3; CLONE_INTO_CGROUP 5.7. Returns twice, like fork(2). Never used with CLONE_VM. */
static inline int sys_clone3(struct clone_args *args)
{
	return sys_result(syscall(SYS_clone3, args, sizeof(*args)));
}

/* fork(2) by clone(2): seccomp filters that refuse clone3(2), whose flags are behind a pointer,
 * allow it. *PARENT_TID: the child's pid, for CLONE_PARENT_SETTID. */
static inline int sys_clone(unsigned long flags, pid_t *parent_tid)
{
#if defined(__s390__) /* its first two arguments are swapped */
	return sys_result(syscall(SYS_clone, NULL, flags, parent_tid, NULL, 0));
#else
	return sys_result(syscall(SYS_clone, flags, NULL, parent_tid, NULL, 0));
#endif
}

/* Linux 5.3. The fd is O_CLOEXEC. */
static inline int sys_pidfd_open(pid_t pid)
{
	return sys_result(syscall(SYS_pidfd_open, pid, 0));
}

/* Linux 5.1. */
static inline int sys_pidfd_send_signal(int pidfd, int sig)
{
	return sys_result(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

/* Linux 5.4. WAITID_FLAGS: options of waitid(2). glibc defines P_PIDFD since 2.36. */
static inline int sys_pidfd_wait(int pidfd, siginfo_t *ret_info, int waitid_flags)
{
	return sys_result(waitid((idtype_t)3, (id_t)pidfd, ret_info, waitid_flags));
}

/* Linux 5.6. */
static inline int sys_pidfd_getfd(int pidfd, int fd)
{
	return sys_result(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}

/* Linux 5.2. The fd is O_CLOEXEC; FLAGS: OPEN_TREE_CLONE, AT_EMPTY_PATH, AT_RECURSIVE ... */
static inline int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
	return sys_result(syscall(SYS_open_tree, dirfd, path, flags | O_CLOEXEC));
}

/* Linux 5.2. Moves from fd to fd, without a path walk. */
static inline int sys_move_mount(int from_fd, int to_fd)
{
	return sys_result(syscall(SYS_move_mount, from_fd, "", to_fd, "",
		MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

/* Linux 5.2. Moves from an fd to a path. */
static inline int sys_move_mount_to(int from_fd, const char *path)
{
	return sys_result(
		syscall(SYS_move_mount, from_fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH));
}

/* Linux 5.2. */
static inline int sys_fsopen(const char *fs_name)
{
	return sys_result(syscall(SYS_fsopen, fs_name, FSOPEN_CLOEXEC));
}

static inline int sys_fsconfig(
	int fs_fd, unsigned command, const char *key, const void *value, int aux)
{
	return sys_result(syscall(SYS_fsconfig, fs_fd, command, key, value, aux));
}

static inline int sys_fsmount(int fs_fd, unsigned mount_attrs)
{
	return sys_result(syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, mount_attrs));
}

/* Linux 5.2. Returns a context for the superblock of the mount with the root FD. */
static inline int sys_fspick(int fd)
{
	return sys_result(syscall(SYS_fspick, fd, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH));
}

/* Linux 5.12. FLAGS: AT_EMPTY_PATH, AT_RECURSIVE. */
static inline int sys_mount_setattr(
	int fd, const char *path, unsigned flags, const struct sys_mount_attr *attr)
{
	return sys_result(syscall(SYS_mount_setattr, fd, path, flags, attr, sizeof(*attr)));
}

/* Linux 6.8. Returns 1 if any mount is below the one with the unique id MOUNT, otherwise 0. */
static inline int sys_listmount_any(uint64_t mount)
{
	const struct {
		uint32_t size;
		uint32_t spare;
		uint64_t mount;
		uint64_t after;
	} request = {.size = 24, .mount = mount};
	uint64_t found;

	return sys_result(syscall(SYS_listmount, &request, &found, (size_t)1, 0u));
}

/* struct statmount of <linux/mount.h>, which glibc's headers may lack. Strings are offsets in TEXT.
 */
struct sys_statmount {
	uint32_t size;
	uint32_t options; /* of the filesystem, with their escapes; Linux 6.11 */
	uint64_t mask; /* SYS_STATMOUNT_*: what is there */
	uint32_t device[2];
	uint64_t magic;
	uint32_t more[18];
	uint32_t root; /* in the filesystem */
	uint32_t point;
	uint64_t spare[50];
	char text[];
};
_Static_assert(sizeof(struct sys_statmount) == 512, "struct statmount");

enum {
	SYS_STATMOUNT_MAGIC = 0x01,
	SYS_STATMOUNT_ROOT = 0x08,
	SYS_STATMOUNT_POINT = 0x10,
	SYS_STATMOUNT_OPTIONS = 0x80,
};

/* Linux 6.8. MOUNT: a unique id. -EOVERFLOW: the text is longer than SIZE has room for. */
static inline int sys_statmount(
	uint64_t mount, uint64_t mask, struct sys_statmount *ret, size_t size)
{
	const struct {
		uint32_t size;
		uint32_t spare;
		uint64_t mount;
		uint64_t mask;
	} request = {.size = 24, .mount = mount, .mask = mask};

	return sys_result(syscall(SYS_statmount, &request, ret, size, 0u));
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return sys_result(syscall(SYS_pivot_root, new_root, put_old));
}

/* Linux 5.14. COMMAND: QCMD() of quotactl(2). */
static inline int sys_quotactl_fd(int fd, unsigned command, uint32_t id, void *address)
{
	return sys_result(syscall(SYS_quotactl_fd, fd, command, id, address));
}

/* Linux 5.9; CLOSE_RANGE_CLOEXEC 5.11. */
static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return sys_result(syscall(SYS_close_range, first, last, flags));
}

/* Linux 3.19. */
static inline int sys_execveat(
	int fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return sys_result(syscall(SYS_execveat, fd, path, argv, envp, flags));
}

/* The whole union is always passed: Linux 6.17 to 7.1 write the revision field of BPF_PROG_QUERY
 * even past the end of a shorter one. */
static inline int sys_bpf(int command, union bpf_attr *attr)
{
	return sys_result(syscall(SYS_bpf, command, attr, sizeof(*attr)));
}

/* Linux 3.17. */
static inline int sys_seccomp(unsigned operation, unsigned flags, void *args)
{
	return sys_result(syscall(SYS_seccomp, operation, flags, args));
}

/* capabilities(7), of the calling thread. DATA has _LINUX_CAPABILITY_U32S_3 elements. */
static inline int sys_capget(struct __user_cap_data_struct *data)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return sys_result(syscall(SYS_capget, &header, data));
}

static inline int sys_capset(const struct __user_cap_data_struct *data)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return sys_result(syscall(SYS_capset, &header, data));
}

/* Sets SIG_DFL for SIG. Unlike libc's sigaction it accepts the two signals that libc reserves. A
 * struct sigaction of the kernel has at most 32 bytes, and the default is all zeros. */
static inline int sys_default_signal(int sig)
{
	const uint64_t action[4] = {0};

	return sys_result(syscall(SYS_rt_sigaction, sig, action, NULL, sizeof(uint64_t)));
}

/* Returns the length including the NUL. Returns the "(unreachable)" of a directory outside the root
 * unchanged, where libc's getcwd(3) walks "..". */
static inline int sys_getcwd(char *buffer, size_t size)
{
	return sys_result(syscall(SYS_getcwd, buffer, size));
}

/* Linux 3.14. On the caller. */
static inline int sys_sched_setattr(pid_t pid, const struct sys_sched_attr *attr)
{
	return sys_result(syscall(SYS_sched_setattr, pid, attr, 0));
}

static inline int sys_ioprio_get(int which, int who)
{
	return sys_result(syscall(SYS_ioprio_get, which, who));
}

static inline int sys_ioprio_set(int which, int who, int priority)
{
	return sys_result(syscall(SYS_ioprio_set, which, who, priority));
}

static inline int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long max_node)
{
	return sys_result(syscall(SYS_set_mempolicy, mode, nodes, max_node));
}

static inline int sys_keyctl(int operation, unsigned long arg2, unsigned long arg3,
	unsigned long arg4, unsigned long arg5)
{
	return sys_result(syscall(SYS_keyctl, operation, arg2, arg3, arg4, arg5));
}

/* exit(2), for a process with one thread: seccomp's strict mode allows it, and not the
 * exit_group(2) of libc's _exit. It is not declared _Noreturn, since sanitizers make system calls
 * before a call of such a function. */
static inline void sys_exit(int status)
{
	for (;;)
		(void)syscall(SYS_exit, status);
}

#endif
