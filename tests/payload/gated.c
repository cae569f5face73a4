/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/mempolicy.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/payload/payload.h"

/*
 * Calls for which the kernel asks for a capability that counts for the whole machine. None changes
 * anything there: what it would do has a wrong argument that is looked at afterwards, is what holds
 * already, or is the process's own.
 */

static const char *dir; /* of root's, to make a node in */
static pid_t victim; /* a process of root's */

static long try_acct(void)
{
	return acct("/nonexistent/file");
}

static long try_adjtimex(void)
{
	struct timex wrong = {.modes = ADJ_TICK, .tick = 0};

	return adjtimex(&wrong);
}

static long try_alarm(void)
{
	return timerfd_create(CLOCK_REALTIME_ALARM, TFD_CLOEXEC);
}

static long try_bpf(void)
{
	union bpf_attr next = {.start_id = 0};

	return syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &next, sizeof(next));
}

/* A number of the kernel's choosing is everybody's; this one is taken. */
static long try_clone(void)
{
	const pid_t one = 1;
	const struct clone_args args = {
		.exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&one, .set_tid_size = 1};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid;
}

static long try_delete_module(void)
{
	return syscall(SYS_delete_module, "no_such_module", O_NONBLOCK);
}

static long try_fanotify(void)
{
	return fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
}

static long try_handle(void)
{
	struct {
		struct file_handle handle;
		unsigned char room[MAX_HANDLE_SZ];
	} file = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), mount_id;

	if (dir_fd < 0 || name_to_handle_at(dir_fd, "", &file.handle, &mount_id, AT_EMPTY_PATH) < 0)
		return -1;
	return open_by_handle_at(dir_fd, &file.handle, O_RDONLY | O_CLOEXEC);
}

static long try_hostname(void)
{
	return syscall(SYS_sethostname, "", -1);
}

static long try_init_module(void)
{
	return syscall(SYS_init_module, NULL, 0UL, "");
}

static long try_interface(void)
{
	struct ifreq lo = {.ifr_name = "lo"};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (ioctl(sock, SIOCGIFFLAGS, &lo) < 0)
		return -1;
	return ioctl(sock, SIOCSIFFLAGS, &lo);
}

static long try_kexec(void)
{
	return syscall(SYS_kexec_load, 0UL, 0UL, NULL, ~0UL);
}

static long try_lease(void)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : fcntl(fd, F_SETLEASE, F_RDLCK);
}

static long try_lock(void)
{
	static const struct rlimit none;
	static char page[4096];

	if (setrlimit(RLIMIT_MEMLOCK, &none) < 0)
		return -1;
	return mlock(page, sizeof(page));
}

static long try_mbind(void)
{
	return syscall(SYS_mbind, 0UL, 0UL, MPOL_DEFAULT, NULL, 0UL, MPOL_MF_MOVE_ALL);
}

static long try_memory(void)
{
	char byte;
	const struct iovec here = {&byte, 1}, there = {NULL, 1};

	return process_vm_readv(victim, &here, 1, &there, 1, 0);
}

static long try_mknod(void)
{
	char path[4096];
	int r;

	(void)snprintf(path, sizeof(path), "%s/node-of-%d", dir, (int)getpid());
	r = mknod(path, S_IFCHR | 0600, makedev(1, 3));
	if (r == 0)
		(void)unlink(path);
	return r;
}

static long try_mount(void)
{
	return mount("none", "/", "no-such-type", 0, NULL);
}

static long try_nice(void)
{
	return setpriority(PRIO_PROCESS, 0, -1);
}

static long try_packets(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static long try_perf(void)
{
	struct perf_event_attr none = {
		.type = UINT32_MAX, .size = sizeof(none), .exclude_kernel = 1, .namespaces = 1};

	return syscall(SYS_perf_event_open, &none, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static long try_pidfd_getfd(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, victim, 0);

	return pidfd < 0 ? -1 : syscall(SYS_pidfd_getfd, pidfd, 0, 0);
}

static long try_pivot_root(void)
{
	return syscall(SYS_pivot_root, NULL, NULL);
}

#ifdef __x86_64__
static long try_ports(void)
{
	return ioperm(0x80, 1, 1);
}
#endif

static long try_prctl(void)
{
	return prctl(PR_SET_MM, PR_SET_MM_START_CODE, 0, 0, 0);
}

static long try_reboot(void)
{
	return syscall(SYS_reboot, 0, 0, 0, NULL);
}

static long try_limit(void)
{
	static const struct rlimit none, more = {1, 1};

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return -1;
	return setrlimit(RLIMIT_CORE, &more);
}

/* To the one that it has. */
static long try_scheduler(void)
{
	const struct sched_param param = {0};

	return sched_setscheduler(victim, SCHED_OTHER, &param);
}

static long try_setns(void)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : setns(fd, CLONE_NEWUTS);
}

static long try_swap(void)
{
	return swapoff("/nonexistent/file");
}

static long try_syslog(void)
{
	return klogctl(8, NULL, 0); /* SYSLOG_ACTION_CONSOLE_LEVEL, of no level */
}

static long try_xattr(void)
{
	return removexattr(dir, "trusted.not-there");
}

static const struct {
	const char *name;
	long (*call)(void);
} calls[] = {{"acct", try_acct}, {"adjtimex", try_adjtimex}, {"timerfd_create", try_alarm},
	{"bpf", try_bpf}, {"clone3", try_clone}, {"delete_module", try_delete_module},
	{"fanotify_init", try_fanotify}, {"open_by_handle_at", try_handle},
	{"sethostname", try_hostname}, {"init_module", try_init_module}, {"ioctl", try_interface},
	{"kexec_load", try_kexec}, {"fcntl", try_lease}, {"mlock", try_lock}, {"mbind", try_mbind},
	{"process_vm_readv", try_memory}, {"mknod", try_mknod}, {"mount", try_mount},
	{"setpriority", try_nice}, {"socket", try_packets}, {"perf_event_open", try_perf},
	{"pidfd_getfd", try_pidfd_getfd}, {"pivot_root", try_pivot_root},
#ifdef __x86_64__
	{"ioperm", try_ports},
#endif
	{"prctl", try_prctl}, {"reboot", try_reboot}, {"setrlimit", try_limit},
	{"sched_setscheduler", try_scheduler}, {"setns", try_setns}, {"swapoff", try_swap},
	{"syslog", try_syslog}, {"removexattr", try_xattr}};

/* gated DIR PID: prints those that are not refused for want of a capability. */
static int verb_gated(int argc, char **argv)
{
	(void)argc;
	dir = argv[0];
	victim = atoi(argv[1]);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		errno = 0;
		if (calls[i].call() >= 0 || (errno != EPERM && errno != EACCES && errno != ENOSYS))
			printf("%s\n", calls[i].name);
	}
	return 0;
}

static int open_socket(const char *path, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	(void)snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "%s", path);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* admit PATH: a service that answers root alone, and is open to everybody otherwise. */
static int verb_admit(int argc, char **argv)
{
	struct sockaddr_un address;
	int sock = open_socket(argv[0], &address), peer;

	(void)argc;
	(void)umask(0);
	if (bind(sock, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(sock, 8) < 0)
		return answer("admit", -1);
	while ((peer = accept4(sock, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct ucred who = {.uid = (uid_t)-1};
		socklen_t size = sizeof(who);

		if (getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == 0)
			(void)send(peer, "x", 1, MSG_NOSIGNAL);
		(void)close(peer);
	}
	return answer("admit", -1);
}

/* knock PATH: whether the service there answers. */
static int verb_knock(int argc, char **argv)
{
	struct sockaddr_un address;
	int sock = open_socket(argv[0], &address);
	char byte;

	(void)argc;
	if (connect(sock, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return answer("knock", -1);
	if (recv(sock, &byte, 1, 0) == 1)
		return answer("knock", 0);
	errno = EPERM;
	return answer("knock", -1);
}

const struct verb gated_verbs[] = {
	{"admit", 1, verb_admit},
	{"gated", 2, verb_gated},
	{"knock", 1, verb_knock},
	{NULL, 0, NULL},
};
