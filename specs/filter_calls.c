/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/filter.h"

#include <stddef.h>

/*
 * The calls that are allowed unless a row of filter_rules refuses them. This is a list of allowed
 * calls, so that a call of the next kernel is not reachable before somebody has reviewed it. Names
 * that an architecture does not have are ignored there.
 */

/* clang-format off */
const char *const filter_calls[] = {
	/* files */
	"read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek",
	"open openat openat2 creat close close_range dup dup2 dup3 pipe pipe2 fcntl flock ioctl",
	"stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2",
	"getdents getdents64 getcwd chdir fchdir umask readlink readlinkat",
	"mkdir mkdirat mknod mknodat rmdir unlink unlinkat link linkat symlink symlinkat",
	"rename renameat renameat2 truncate ftruncate fallocate",
	"chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat",
	"utime utimes futimesat utimensat",
	"setxattr lsetxattr fsetxattr setxattrat getxattr lgetxattr fgetxattr getxattrat",
	"listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat",
	"sync syncfs fsync fdatasync sync_file_range readahead fadvise64 cachestat",
	"sendfile splice copy_file_range listmount statmount name_to_handle_at",

	/* waiting for files */
	"poll ppoll select pselect6 eventfd eventfd2 signalfd signalfd4",
	"epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2",
	"inotify_init inotify_init1 inotify_add_watch inotify_rm_watch",
	"timerfd_create timerfd_settime timerfd_gettime",
	"io_setup io_destroy io_getevents io_pgetevents io_submit io_cancel",

	/* memory */
	"mmap munmap mremap mprotect brk madvise mincore msync mlock mlock2 munlock mlockall munlockall",
	"pkey_alloc pkey_free pkey_mprotect memfd_create mseal map_shadow_stack membarrier",
	"shmget shmat shmdt shmctl semget semop semtimedop semctl ipc",
	"msgget msgsnd msgrcv msgctl",
	"mq_open mq_unlink mq_notify mq_getsetattr",
	"mq_timedsend mq_timedsend_time64 mq_timedreceive mq_timedreceive_time64",

	/* processes */
	"clone fork vfork execve execveat exit exit_group wait4 waitid",
	"getpid getppid gettid getpgid setpgid getpgrp getsid setsid",
	"kill tkill tgkill pidfd_open pidfd_send_signal",
	"ptrace process_vm_readv process_vm_writev",
	"prctl arch_prctl personality seccomp",
	"landlock_create_ruleset landlock_add_rule landlock_restrict_self",
	"set_tid_address set_robust_list get_robust_list rseq restart_syscall",
	"futex futex_waitv futex_wait futex_wake futex_requeue",

	/* signals */
	"rt_sigaction rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigreturn",
	"rt_sigqueueinfo rt_tgsigqueueinfo sigaltstack pause alarm",

	/* users and privileges */
	"getuid geteuid getgid getegid getresuid getresgid getgroups capget capset",
	"setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups",

	/* time */
	"time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep times",
	"getitimer setitimer timer_create timer_settime timer_gettime timer_getoverrun timer_delete",
	"adjtimex clock_adjtime clock_adjtime64",

	/* scheduling and limits */
	"sched_yield sched_getaffinity sched_setaffinity sched_getscheduler sched_setscheduler",
	"sched_getparam sched_setparam sched_getattr sched_setattr sched_rr_get_interval",
	"sched_get_priority_max sched_get_priority_min getpriority setpriority ioprio_get ioprio_set",
	"getrlimit setrlimit prlimit64 getrusage getcpu",

	/* sockets */
	"socket socketpair bind listen accept accept4 connect shutdown getsockname getpeername",
	"getsockopt setsockopt sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg",

	/* the system */
	"uname sysinfo getrandom",

	/* profiles may refuse these: all except chroot are allowed only by nested */
	"unshare setns mount umount2 pivot_root chroot sethostname setdomainname",
	"move_mount open_tree mount_setattr",
	NULL,
};

const char *const filter_calls_x86[] = {
	"set_thread_area get_thread_area",
	"_llseek _newselect waitpid mmap2 sigprocmask sigreturn ugetrlimit",
	"stat64 lstat64 fstat64 fstatat64 statfs64 fstatfs64 fcntl64 truncate64 ftruncate64 sendfile64",
	"fadvise64_64 chown32 fchown32 lchown32",
	"getuid32 geteuid32 getgid32 getegid32 getresuid32 getresgid32 getgroups32",
	"setuid32 setgid32 setreuid32 setregid32 setresuid32 setresgid32 setfsuid32 setfsgid32",
	"setgroups32",
	"clock_gettime64 clock_getres_time64 clock_nanosleep_time64 timer_gettime64 timer_settime64",
	"timerfd_gettime64 timerfd_settime64 utimensat_time64 pselect6_time64 ppoll_time64",
	"recvmmsg_time64 rt_sigtimedwait_time64 futex_time64 sched_rr_get_interval_time64",
	"semtimedop_time64 io_pgetevents_time64",
	NULL,
};
/* clang-format on */
