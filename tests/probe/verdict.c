/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/probe/verdict.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define REACHED 4093 /* an errno that nothing else gives */
#define WAIT_MS 10000

struct shared {
	volatile int listener; /* -1: not there yet; -errno: it cannot be had */
	volatile size_t next; /* the attempt that is made */
};

static void *share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

struct attempt *attempts_new(size_t n)
{
	return share(n * sizeof(struct attempt));
}

static int load(void)
{
	struct sock_filter ask = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	struct sock_fprog program = {1, &ask};
	long fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	fd = syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return fd < 0 ? -errno : (int)fd;
}

static int call_i386(const struct attempt *a)
{
	int result = -ENOSYS;

#ifdef __x86_64__
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(a->nr), "b"(a->args[0]), "c"(a->args[1]), "d"(a->args[2])
			 : "memory");
#else
	(void)a;
#endif
	return result < 0 ? -result : 0;
}

static int call(const struct attempt *a)
{
	long result;

	if (a->i386)
		return call_i386(a);
	result = syscall((long)a->nr, a->args[0], a->args[1], a->args[2], a->args[3], a->args[4],
		a->args[5]);
	return result < 0 ? errno : 0;
}

/* From the filter on nothing but the attempts may be called. */
static void attempt_all(struct shared *shared, struct attempt *attempts, size_t n)
{
	int listener = load();

	shared->listener = listener;
	for (; listener >= 0 && shared->next < n; shared->next++) {
		struct attempt *a = &attempts[shared->next];
		int error = call(a);

		a->error = error == REACHED ? 0 : error;
	}
	_exit(0); /* is asked for as well, and the parent kills */
}

/* Answers until the child has made all attempts. Returns false if it died. */
static bool answer(struct shared *shared, size_t n)
{
	struct pollfd ready = {.fd = shared->listener, .events = POLLIN};

	for (;;) {
		struct seccomp_notif ask;
		struct seccomp_notif_resp reply;

		if (poll(&ready, 1, WAIT_MS) != 1 || !(ready.revents & POLLIN))
			return false;
		if (shared->next == n)
			return true;
		memset(&ask, 0, sizeof(ask));
		if (ioctl(shared->listener, SECCOMP_IOCTL_NOTIF_RECV, &ask) < 0)
			return false;
		reply = (struct seccomp_notif_resp){.id = ask.id, .error = -REACHED};
		if (ioctl(shared->listener, SECCOMP_IOCTL_NOTIF_SEND, &reply) < 0)
			return false;
	}
}

static bool has_listener(const struct shared *shared, pid_t child)
{
	for (int i = 0; i < WAIT_MS && shared->listener == -1; i++) {
		siginfo_t info = {.si_pid = 0};

		if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
			info.si_pid)
			break;
		(void)usleep(1000);
	}
	if (shared->listener < 0)
		printf("probe: no listener: %s\n", strerror(-shared->listener));
	return shared->listener >= 0;
}

int verdicts(struct attempt *attempts, size_t n)
{
	struct shared *shared = share(sizeof(*shared));
	bool there = shared != NULL;

	for (size_t start = 0; there && start < n; start = shared->next + 1) {
		pid_t child;

		*shared = (struct shared){-1, start};
		/* One table of files, so that the listener need not be handed over. */
		child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
		if (child == 0)
			attempt_all(shared, attempts, n);
		there = child > 0 && has_listener(shared, child);
		/* A call that kills its caller, as uretprobe(2) does from outside a trampoline. */
		if (there && !answer(shared, n) && shared->next < n)
			attempts[shared->next].error = DIED;
		if (child > 0) {
			(void)kill(child, SIGKILL);
			(void)waitpid(child, NULL, 0);
		}
		if (there)
			(void)close(shared->listener);
	}
	return there ? 0 : -1;
}
