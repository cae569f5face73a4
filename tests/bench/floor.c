/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/floor.h"

#include <err.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "libcontainer/base/sys.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

/* Dies on a negative result of libc or of a sys_ wrapper: both leave errno. */
static int must(int result, const char *what)
{
	if (result < 0)
		err(125, "floor: %s", what);
	return result;
}

/* --- cgroup --- */

#define LOAD(register_, offset)                                            \
	{                                                                  \
		BPF_LDX | BPF_W | BPF_MEM, register_, BPF_REG_1, offset, 0 \
	}
#define IF_EQUAL(register_, value, skip)                             \
	{                                                            \
		BPF_JMP | BPF_JEQ | BPF_K, register_, 0, skip, value \
	}
#define SKIP(n)                              \
	{                                    \
		BPF_JMP | BPF_JA, 0, 0, n, 0 \
	}
#define ALU(op, register_, value)                                \
	{                                                        \
		BPF_ALU64 | (op) | BPF_K, register_, 0, 0, value \
	}
#define RETURN(value)                                          \
	{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, value}, \
	{                                                      \
		BPF_JMP | BPF_EXIT, 0, 0, 0, 0                 \
	}

/* mknod of anything; use of null, zero, full, random, urandom, tty, ptmx and terminals. */
static const struct bpf_insn device_rules[] = {
	LOAD(BPF_REG_2, 0), /* access << 16 | type */
	LOAD(BPF_REG_3, 4), /* major */
	LOAD(BPF_REG_4, 8), /* minor */
	{BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_5, BPF_REG_2, 0, 0},
	ALU(BPF_RSH, BPF_REG_5, 16),
	IF_EQUAL(BPF_REG_5, BPF_DEVCG_ACC_MKNOD, 19),
	ALU(BPF_AND, BPF_REG_2, 0xffff),
	IF_EQUAL(BPF_REG_2, BPF_DEVCG_DEV_CHAR, 2),
	RETURN(0),
	IF_EQUAL(BPF_REG_3, 136, 14),
	IF_EQUAL(BPF_REG_3, 5, 8),
	IF_EQUAL(BPF_REG_3, 1, 1),
	SKIP(9),
	IF_EQUAL(BPF_REG_4, 3, 10),
	IF_EQUAL(BPF_REG_4, 5, 9),
	IF_EQUAL(BPF_REG_4, 7, 8),
	IF_EQUAL(BPF_REG_4, 8, 7),
	IF_EQUAL(BPF_REG_4, 9, 6),
	SKIP(3),
	IF_EQUAL(BPF_REG_4, 0, 4),
	IF_EQUAL(BPF_REG_4, 1, 3),
	IF_EQUAL(BPF_REG_4, 2, 2),
	RETURN(0),
	RETURN(1),
};

static int make_cgroup(int parent_fd, char name[FLOOR_NAME])
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uint64_t)(uintptr_t)device_rules,
		.insn_cnt = N(device_rules),
		.license = (uint64_t)(uintptr_t) "Apache-2.0",
	};
	static unsigned number;
	int cgroup, program;

	(void)snprintf(name, FLOOR_NAME, "floor-%d-%u", getpid(), number++);
	must(mkdirat(parent_fd, name, 0755), "mkdir cgroup");
	cgroup = must(openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open cgroup");
	program = must(sys_bpf(BPF_PROG_LOAD, &attr), "BPF_PROG_LOAD");
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	must(sys_bpf(BPF_PROG_ATTACH, &attr), "BPF_PROG_ATTACH");
	(void)close(program);
	return cgroup;
}

/* --- mounts --- */

#define OPTIONS 6

static const struct {
	const char *target; /* below the rootfs */
	const char *type;
	unsigned attributes;
	const char *options[OPTIONS]; /* key, value; a value of NULL: a flag */
} mounts[] = {
	{"proc", "proc", 0, {0}},
	{"dev", "tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME,
		{"mode", "755", "size", "65536k"}},
	{"dev/pts", "devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		{"ptmxmode", "0666", "mode", "0620", "gid", "5"}},
	{"dev/shm", "tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV,
		{"mode", "1777", "size", "65536k"}},
	{"dev/mqueue", "mqueue", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV, {0}},
	{"sys", "sysfs",
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY, {0}},
	{"sys/fs/cgroup", "cgroup2",
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY, {0}},
};

static int detached(const char *type, unsigned attributes, const char *const options[OPTIONS])
{
	int fs = must(sys_fsopen(type), "fsopen"), mount_fd;

	for (size_t i = 0; i < OPTIONS && options[i]; i += 2)
		must(sys_fsconfig(fs, SYS_FSCONFIG_SET_STRING, options[i], options[i + 1], 0),
			options[i]);
	must(sys_fsconfig(fs, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0), type);
	mount_fd = must(sys_fsmount(fs, attributes), "fsmount");
	(void)close(fs);
	return mount_fd;
}

static int open_below(int root, const char *path)
{
	return sys_openat2(root, path, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

static void attach(int mount_fd, int root, const char *path)
{
	int target = must(open_below(root, path), path);

	must(sys_move_mount(mount_fd, target), path);
	(void)close(target);
}

static int mount_all(const char *rootfs)
{
	int root = must(sys_open_tree(AT_FDCWD, rootfs, OPEN_TREE_CLONE | AT_RECURSIVE), rootfs);
	int target = must(open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC), rootfs);

	must(sys_move_mount(root, target), "attach the rootfs");
	(void)close(target);
	for (size_t i = 0; i < N(mounts); i++) {
		int fd = detached(mounts[i].type, mounts[i].attributes, mounts[i].options);

		if (i > 1)
			(void)mkdirat(root, mounts[i].target, 0755);
		attach(fd, root, mounts[i].target);
		(void)close(fd);
	}
	return root;
}

static void make_devices(int root)
{
	static const struct {
		const char *name;
		int major, minor;
	} nodes[] = {
		{"null", 1, 3},
		{"zero", 1, 5},
		{"full", 1, 7},
		{"random", 1, 8},
		{"urandom", 1, 9},
		{"tty", 5, 0},
	};
	static const char *const links[][2] = {
		{"/proc/self/fd", "fd"},
		{"/proc/self/fd/0", "stdin"},
		{"/proc/self/fd/1", "stdout"},
		{"/proc/self/fd/2", "stderr"},
		{"/proc/kcore", "core"},
		{"pts/ptmx", "ptmx"},
	};
	int dev = must(open_below(root, "dev"), "dev");

	for (size_t i = 0; i < N(nodes); i++)
		must(mknodat(dev, nodes[i].name, S_IFCHR | 0666,
			     makedev((unsigned)nodes[i].major, (unsigned)nodes[i].minor)),
			nodes[i].name);
	for (size_t i = 0; i < N(links); i++)
		must(symlinkat(links[i][0], dev, links[i][1]), links[i][1]);
	(void)close(dev);
}

static void hide(int root)
{
	static const char *const masked[] = {"proc/acpi", "proc/asound", "proc/kcore", "proc/keys",
		"proc/latency_stats", "proc/timer_list", "proc/timer_stats", "proc/sched_debug",
		"sys/firmware", "sys/devices/virtual/powercap", "proc/scsi"};
	static const char *const readonly[] = {
		"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
	static const char *const no_options[OPTIONS] = {NULL};
	const struct sys_mount_attr rdonly = {.attr_set = MOUNT_ATTR_RDONLY};
	int empty = -1;

	for (size_t i = 0; i < N(masked); i++) {
		int target = open_below(root, masked[i]), cover;
		struct stat st;

		if (target < 0)
			continue;
		must(fstat(target, &st), masked[i]);
		if (!S_ISDIR(st.st_mode)) {
			cover = must(sys_open_tree(root, "dev/null", OPEN_TREE_CLONE), "dev/null");
		} else if (empty < 0) {
			empty = detached("tmpfs", MOUNT_ATTR_RDONLY, no_options);
			cover = empty;
		} else {
			cover = must(
				sys_open_tree(empty, "", OPEN_TREE_CLONE | AT_EMPTY_PATH), "clone");
		}
		must(sys_move_mount(cover, target), masked[i]);
		if (cover != empty)
			(void)close(cover);
		(void)close(target);
	}
	for (size_t i = 0; i < N(readonly); i++) {
		int target = open_below(root, readonly[i]), tree;

		if (target < 0)
			continue;
		tree = must(
			sys_open_tree(target, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE),
			readonly[i]);
		must(sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &rdonly),
			readonly[i]);
		must(sys_move_mount(tree, target), readonly[i]);
		(void)close(tree);
		(void)close(target);
	}
}

/* --- the rest of the container's init --- */

static void enter_root(int root)
{
	const struct sys_mount_attr rdonly = {.attr_set = MOUNT_ATTR_RDONLY};

	must(fchdir(root), "fchdir");
	must(sys_pivot_root(".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount");
	must(chdir("/"), "chdir");
	must(sys_mount_setattr(AT_FDCWD, "/", 0, &rdonly), "read-only /");
}

static void raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int sock = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	must(ioctl(sock, SIOCSIFFLAGS, &request), "lo");
	(void)close(sock);
}

static void drop_privileges(void)
{
	const uint32_t keep = 1u << CAP_AUDIT_WRITE | 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE;
	const struct __user_cap_data_struct data[2] = {{keep, keep, 0}, {0, 0, 0}};
	const struct rlimit files = {1024, 1024};

	must(setrlimit(RLIMIT_NOFILE, &files), "RLIMIT_NOFILE");
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap >= 32 || !(keep & (1u << cap)))
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	must(sys_capset(data), "capset");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

static void init(const char *rootfs, char *const args[])
{
	char *const environment[] = {(char *)(uintptr_t) "PATH=/usr/local/sbin:/usr/local/bin:/usr/"
							 "sbin:/usr/bin:/sbin:/bin",
		(char *)(uintptr_t) "TERM=xterm", NULL};
	int root;

	/* Not with clone3: the namespace's root would be the caller's cgroup. */
	must(unshare(CLONE_NEWCGROUP), "cgroup namespace");
	must(setsid(), "setsid");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private /");
	(void)umask(0);
	root = mount_all(rootfs);
	make_devices(root);
	raise_loopback();
	hide(root);
	enter_root(root);
	must(sethostname("floor", 5), "hostname");
	drop_privileges();
	(void)umask(022);
	(void)close(root);
	execve(args[0], args, environment);
	err(125, "floor: %s", args[0]);
}

pid_t floor_start(const char *rootfs, int cgroup_fd, char *const args[], char ret_name[FLOOR_NAME],
	int *ret_pidfd)
{
	int pidfd = -1, cgroup;
	struct clone_args clone = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
			 CLONE_INTO_CGROUP | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	cgroup = make_cgroup(cgroup_fd, ret_name);
	clone.cgroup = (uint64_t)cgroup;
	pid = must(sys_clone3(&clone), "clone3");
	if (pid == 0)
		init(rootfs, args);
	(void)close(cgroup);
	*ret_pidfd = pidfd;
	return pid;
}

int floor_run(const char *rootfs, int cgroup_fd)
{
	char *const args[] = {(char *)(uintptr_t) "/bin/true", NULL};
	char name[FLOOR_NAME];
	siginfo_t info;
	int pidfd;

	(void)floor_start(rootfs, cgroup_fd, args, name, &pidfd);
	must(sys_pidfd_wait(pidfd, &info, WEXITED), "waitid");
	must(unlinkat(cgroup_fd, name, AT_REMOVEDIR), "rmdir cgroup");
	(void)close(pidfd);
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
