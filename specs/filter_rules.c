/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/filter.h"

#include <errno.h>
#include <stddef.h>

/*
 * The refused calls, with the error, the profiles, and the reason.
 *
 * EPERM is for known calls that are forbidden. ENOSYS is for calls that programs probe and can do
 * without: libc, libuv, libmount and others fall back on ENOSYS and give up on EPERM. Socket
 * options and flags get the error of a kernel without the feature.
 */

#define AGENT FILTER_AGENT
#define STRICT FILTER_STRICT
#define NESTED FILTER_NESTED
#define ALL (AGENT | STRICT | NESTED)
#define SOCKETS (ALL | FILTER_SOCKETS)
#define SETUID FILTER_SETUID
#define COMPAT FILTER_COMPAT

#define GROUPS_WHY                                                                               \
	"joins or changes a multicast group, which the kernel reports to the network; rules of " \
	"egress refuse that by a program that the kernel does not run for calls of 32-bit "      \
	"programs"

#define FREEBIND_WHY                                                                          \
	"takes an address that the network does not have, to which an allowed host answers; " \
	"rules of egress refuse that as they refuse groups"

#define SETUID_WHY                                                                             \
	"sets S_ISUID or S_ISGID: such a file runs as its owner on the host; a filter cannot " \
	"tell a file from a directory, so chmod g+s is refused for both"

/* The kernel takes these arguments as int or unsigned int. */
#define EQ(index, value)                            \
	{                                           \
		FILTER_EQ, index, 0xffffffff, value \
	}
#define NE(index, value)                            \
	{                                           \
		FILTER_NE, index, 0xffffffff, value \
	}
#define GE(index, value)                            \
	{                                           \
		FILTER_GE, index, 0xffffffff, value \
	}
#define LE(index, value)                            \
	{                                           \
		FILTER_LE, index, 0xffffffff, value \
	}
#define HAS(index, bits)                  \
	{                                 \
		FILTER_NE, index, bits, 0 \
	}
#define MASKED(index, bits, value)            \
	{                                     \
		FILTER_EQ, index, bits, value \
	}

/* The values are numbers and not the kernel's names: some distribution lacks half of those in its
 * headers, and they must be the target's, not the build machine's. They are equal on x86_64, i386
 * and aarch64. */

/* clang-format off */
const struct filter_rule filter_rules[] = {
	/* --- programs for the kernel, and ways around this filter --- */
	{"bpf", {}, EPERM, ALL, 0,
		"loads programs into the kernel; CVE-2021-3490, CVE-2022-23222"},
	{"perf_event_open", {}, EPERM, ALL, 0,
		"opens side channels; CVE-2013-2094, CVE-2023-5717"},
	{"userfaultfd", {}, EPERM, ALL, 0,
		"stops the kernel in the middle of a copy, which is how most exploits win their "
		"races"},
	{"io_uring_setup io_uring_enter io_uring_register", {}, ENOSYS, SOCKETS, 0,
		"does I/O that no seccomp filter sees; CVE-2022-29582, CVE-2023-2598; libuv and "
		"others fall back on ENOSYS"},
	{"request_key", {}, ENOSYS, SOCKETS, 0,
		"makes a program of the host look for the key, which asks name servers for the "
		"type dns_resolver; keyrings belong to the user namespace"},
	{"add_key keyctl", {}, ENOSYS, ALL, 0,
		"keyrings belong to the user namespace, mostly the host's, and serve as heap "
		"sprays; CVE-2016-0728; runc and crun work without them on ENOSYS"},
	{"uretprobe uprobe", {}, ENOSYS, ALL, 0,
		"only the kernel's own trampolines use it, and newer kernels let those through a "
		"filter"},

	/* --- the host --- */
	{"init_module finit_module delete_module create_module query_module get_kernel_syms", {},
		EPERM, ALL, 0, "loads, removes or lists kernel modules"},
	{"kexec_load kexec_file_load reboot", {}, EPERM, ALL, 0, "starts another kernel, or stops "
		"this one"},
	{"swapon swapoff acct quotactl quotactl_fd nfsservctl", {}, EPERM, ALL, 0,
		"manages the host's swap, process accounting, quotas and NFS server"},
	{"iopl ioperm", {}, EPERM, ALL, 0, "gives access to the I/O ports of the host's devices"},
	{"syslog", {}, EPERM, ALL, 0, "reads the host's kernel log, which shows kernel addresses"},
	{"settimeofday clock_settime", {}, EPERM, ALL, 0, "sets the host's clock"},
	{"adjtimex clock_adjtime clock_adjtime64", {}, EPERM, STRICT, 0,
		"shows how the host's clock is adjusted; to adjust it needs CAP_SYS_TIME"},
	{"vhangup", {}, EPERM, ALL, 0, "hangs up a terminal that may be the host's"},
	{"sethostname setdomainname", {}, EPERM, AGENT | STRICT, 0,
		"needs CAP_SYS_ADMIN; config.json sets the name"},

	/* --- files that the host would run as their owner: as systemd's RestrictSUIDSGID= --- */
	{"chmod fchmod", {HAS(1, 0xc00)}, EPERM, SETUID, 0, SETUID_WHY},
	{"fchmodat fchmodat2", {HAS(2, 0xc00)}, EPERM, SETUID, 0, SETUID_WHY},
	{"creat", {HAS(1, 0xc00)}, EPERM, SETUID, 0, SETUID_WHY},
	/* O_CREAT, __O_TMPFILE: otherwise there is no mode */
	{"open", {HAS(1, 0x400040), HAS(2, 0xc00)}, EPERM, SETUID, 0, SETUID_WHY},
	{"openat", {HAS(2, 0x400040), HAS(3, 0xc00)}, EPERM, SETUID, 0, SETUID_WHY},
	{"openat2", {}, ENOSYS, SETUID, 0,
		"has its mode behind a pointer, where a filter cannot read it; programs fall back "
		"to openat"},
	{"mknod", {HAS(1, 0xc00)}, EPERM, SETUID, 0, SETUID_WHY},
	{"mknodat", {HAS(2, 0xc00)}, EPERM, SETUID, 0, SETUID_WHY},

	/* --- files outside the mount tree --- */
	{"open_by_handle_at", {}, EPERM, SOCKETS, 0,
		"opens any file of the host's file system by number (the shocker escape), also "
		"cgroups without egress rules"},
	{"name_to_handle_at", {}, EPERM, STRICT, 0, "returns the file numbers that "
		"open_by_handle_at takes"},
	{"fanotify_init fanotify_mark", {}, EPERM, ALL, 0,
		"watches whole file systems and blocks access to them; CVE-2022-1998"},
	{"lookup_dcookie uselib ustat sysfs", {}, ENOSYS, ALL, 0, "is obsolete"},
	{"vmsplice tee", {}, EPERM, ALL, 0,
		"puts pages of files and of other processes into pipes; CVE-2008-0600, "
		"CVE-2020-29374, Dirty Frag CVE-2026-43284"},
	{"splice", {}, EINVAL, STRICT, 0,
		"puts page-cache pages into pipes and sockets; Dirty Pipe CVE-2022-0847, Copy "
		"Fail CVE-2026-31431; programs fall back to copying"},
	{"memfd_secret", {}, ENOSYS, ALL, 0, "makes memory that the host cannot read"},

	/* --- mounts and namespaces --- */
	{"mount umount umount2 pivot_root", {}, EPERM, AGENT | STRICT, 0,
		"needs CAP_SYS_ADMIN, which a user namespace gives"},
	{"chroot", {}, EPERM, STRICT, 0,
		"needs CAP_SYS_CHROOT"},
	{"move_mount open_tree mount_setattr", {}, ENOSYS, AGENT | STRICT, 0,
		"binds, moves and changes mounts, as mount(2) does; crun in a container needs it "
		"to bind a sysfs"},
	{"fsopen fsconfig fsmount fspick open_tree_attr", {}, ENOSYS, ALL, 0,
		"mounts file systems by contexts; CVE-2022-0185; mount(8) falls back to mount(2) "
		"on ENOSYS"},
	{"clone3", {}, ENOSYS, SOCKETS, 0,
		"has its flags behind a pointer, where a filter cannot read them; "
		"CLONE_INTO_CGROUP leads to cgroups without egress rules; libc falls back to clone "
		"on ENOSYS"},
	{"clone", {HAS(0, 0x7e020000)}, EPERM, AGENT | STRICT, 0,
		"CLONE_NEW*: a user namespace opens netfilter, XFRM and mounts to any program; "
		"CVE-2022-32250, CVE-2024-1086"},
	{"unshare setns", {}, EPERM, AGENT | STRICT, 0,
		"a user namespace opens netfilter, XFRM and mounts to any program"},
	{"personality", {NE(0, 0), NE(0, 0x8), NE(0, 0x20000), NE(0, 0x20008), NE(0, 0x40000),
		NE(0, 0xffffffff)}, EPERM, ALL, 0,
		"READ_IMPLIES_EXEC and ADDR_COMPAT_LAYOUT weaken the protection of memory; "
		"PER_LINUX32, UNAME26, ADDR_NO_RANDOMIZE (gdb) and queries are allowed"},

	/* --- sockets --- */
	{"socket socketpair", {NE(0, 1), NE(0, 2), NE(0, 10), NE(0, 16)}, EAFNOSUPPORT, SOCKETS,
		FILTER_FAMILIES,
		"only AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK are allowed: Copy Fail "
		"CVE-2026-31431 (AF_ALG), CVE-2026-43500 (AF_RXRPC), CVE-2024-50264 (AF_VSOCK), "
		"CVE-2017-7308 (AF_PACKET)"},
	{"socket socketpair", {EQ(0, 16), NE(2, 0)}, EPROTONOSUPPORT, SOCKETS, FILTER_NETLINK,
		"only NETLINK_ROUTE is allowed: netfilter CVE-2022-32250, CVE-2023-32233, "
		"CVE-2024-1086; XFRM CVE-2026-43284"},
	{"socket socketpair", {EQ(0, 2), NE(2, 0), NE(2, 1), NE(2, 6), NE(2, 17)}, EPROTONOSUPPORT, SOCKETS,
		FILTER_PROTOCOLS,
		"only ICMP, TCP and UDP are allowed, since others load modules: DCCP "
		"CVE-2017-6074, SCTP, SMC, L2TP"},
	{"socket socketpair", {EQ(0, 10), NE(2, 0), NE(2, 58), NE(2, 6), NE(2, 17)}, EPROTONOSUPPORT, SOCKETS,
		FILTER_PROTOCOLS,
		"only ICMPv6, TCP and UDP are allowed, since others load modules: DCCP "
		"CVE-2017-6074, SCTP, SMC, L2TP"},
	{"socket socketpair", {NE(0, 16), MASKED(1, 0xf, 3)}, EPERM, SOCKETS, FILTER_TYPES,
		"SOCK_RAW sends forged packets; a user namespace gives CAP_NET_RAW"},
	{"socket socketpair", {MASKED(1, 0xf, 10)}, EPERM, SOCKETS, FILTER_TYPES,
		"SOCK_PACKET is AF_PACKET under another name"},
	/* 4 to 6 are SOCK_RDM, SOCK_SEQPACKET and SOCK_DCCP */
	{"socket socketpair", {EQ(0, 2), EQ(2, 0), HAS(1, 0x4)}, ESOCKTNOSUPPORT, SOCKETS, 0,
		"without a protocol, the type chooses one and loads its module: DCCP "
		"CVE-2017-6074, SCTP"},
	{"socket socketpair", {EQ(0, 10), EQ(2, 0), HAS(1, 0x4)}, ESOCKTNOSUPPORT, SOCKETS, 0,
		"without a protocol, the type chooses one and loads its module: DCCP "
		"CVE-2017-6074, SCTP"},
	{"setsockopt", {EQ(1, 1), EQ(2, 26)}, EPERM, ALL, 0, "SO_ATTACH_FILTER loads a program "
		"into the kernel"},
	{"setsockopt", {EQ(1, 1), GE(2, 50), LE(2, 52)}, EPERM, ALL, 0,
		"SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_CBPF and _EBPF load programs into the kernel"},
	{"setsockopt", {EQ(1, 6), EQ(2, 31)}, ENOPROTOOPT, ALL, 0,
		"TCP_ULP turns on kTLS (CVE-2023-0461) and ESP in TCP (CVE-2026-46300)"},
	{"setsockopt", {EQ(1, 17), EQ(2, 100)}, ENOPROTOOPT, ALL, 0,
		"UDP_ENCAP turns on ESP in UDP (Dirty Frag CVE-2026-43284)"},
	{"setsockopt", {EQ(1, 279)}, ENOPROTOOPT, ALL, 0, "SOL_ALG configures AF_ALG sockets "
		"(Copy Fail CVE-2026-31431)"},
	{"setsockopt", {EQ(1, 0), GE(2, 16), LE(2, 17)}, EPERM, ALL, 0,
		"IP_IPSEC_POLICY and IP_XFRM_POLICY configure XFRM"},
	{"setsockopt", {EQ(1, 41), GE(2, 34), LE(2, 35)}, EPERM, ALL, 0,
		"IPV6_IPSEC_POLICY and IPV6_XFRM_POLICY configure XFRM"},
	{"setsockopt", {EQ(1, 0), GE(2, 64)}, EPERM, ALL, 0,
		"configures iptables, arptables, ebtables or IPVS; CVE-2016-4997, CVE-2021-22555"},
	{"setsockopt", {EQ(1, 41), GE(2, 64), LE(2, 65)}, EPERM, ALL, 0,
		"configures ip6tables; CVE-2021-22555"},
	{"setsockopt", {EQ(1, 0), EQ(2, 15)}, EPERM, COMPAT, 0, FREEBIND_WHY},
	{"setsockopt", {EQ(1, 41), EQ(2, 78)}, EPERM, COMPAT, 0, FREEBIND_WHY},
	{"setsockopt", {EQ(1, 0), GE(2, 35), LE(2, 48)}, EPERM, COMPAT, 0, GROUPS_WHY},
	{"setsockopt", {EQ(1, 41), GE(2, 20), LE(2, 21)}, EPERM, COMPAT, 0, GROUPS_WHY},
	{"setsockopt", {EQ(1, 41), GE(2, 27), LE(2, 28)}, EPERM, COMPAT, 0, GROUPS_WHY},
	{"setsockopt", {EQ(1, 41), GE(2, 42), LE(2, 48)}, EPERM, COMPAT, 0, GROUPS_WHY},
	{"sendto sendmmsg", {HAS(3, 0x1)}, EOPNOTSUPP, ALL, 0, "MSG_OOB on AF_UNIX sockets is "
		"CVE-2025-38236"},
	{"sendmsg", {HAS(2, 0x1)}, EOPNOTSUPP, ALL, 0, "MSG_OOB on AF_UNIX sockets is "
		"CVE-2025-38236"},
	{"sendto sendmmsg", {HAS(3, 0x20000000)}, EOPNOTSUPP, ALL, 0,
		"MSG_FASTOPEN connects without the checks of connect(2), such as Landlock's"},
	{"sendmsg", {HAS(2, 0x20000000)}, EOPNOTSUPP, ALL, 0,
		"MSG_FASTOPEN connects without the checks of connect(2), such as Landlock's"},
	{"socketcall", {}, EPERM, SOCKETS, 0,
		"has its arguments behind a pointer, where a filter cannot read the family and "
		"flags of a socket"},

	/* --- terminals, devices, processes --- */
	{"ioctl", {EQ(1, 0x5412)}, EPERM, ALL, 0,
		"TIOCSTI types into a terminal that others read; CVE-2017-5226, CVE-2019-10063"},
	{"ioctl", {EQ(1, 0x541c)}, EPERM, ALL, 0,
		"TIOCLINUX pastes into a console; CVE-2023-28100"},
	{"ioctl", {EQ(1, 0x5423)}, EPERM, ALL, 0,
		"TIOCSETD loads the module of a line discipline; CVE-2017-2636, CVE-2023-6546"},
	/* except 0:0, which overlayfs uses as a whiteout and which opens nothing */
	{"mknod", {MASKED(1, 0xf000, 0x2000), NE(2, 0)}, EPERM, ALL, 0, "makes a character device"},
	{"mknod", {MASKED(1, 0xf000, 0x6000)}, EPERM, ALL, 0, "makes a block device"},
	{"mknodat", {MASKED(2, 0xf000, 0x2000), NE(3, 0)}, EPERM, ALL, 0, "makes a character "
		"device"},
	{"mknodat", {MASKED(2, 0xf000, 0x6000)}, EPERM, ALL, 0, "makes a block device"},
	{"prctl", {EQ(0, 35)}, EPERM, ALL, 0,
		"PR_SET_MM makes /proc show another program than the one that runs"},
	{"kcmp", {}, EPERM, ALL, 0, "compares the addresses of kernel objects"},
	{"pidfd_getfd", {}, EPERM, ALL, 0, "takes file descriptors of other processes"},
	{"process_madvise process_mrelease", {}, EPERM, ALL, 0, "memory of other processes"},
	{"process_vm_writev", {}, EPERM, STRICT, 0, "memory of other processes"},
	{"modify_ldt set_thread_area get_thread_area", {}, ENOSYS, ALL, 0,
		"sets up 16- and 32-bit segments; CVE-2017-17053"},
	{"remap_file_pages", {}, EPERM, ALL, 0, "is obsolete, and skipped LSM checks in "
		"CVE-2024-47745"},
	{"move_pages migrate_pages mbind get_mempolicy set_mempolicy set_mempolicy_home_node", {},
		EPERM, ALL, 0, "places memory on NUMA nodes; CVE-2010-0415, CVE-2017-7616"},
	{"mlockall munlockall", {}, EPERM, STRICT, 0, "locks memory, which the kernel then cannot "
		"reclaim"},
	{"sched_setattr ioprio_set", {}, EPERM, STRICT, 0, "sets deadline scheduling or an I/O "
		"priority"},
	{"rseq_slice_yield", {}, ENOSYS, ALL, 0, "extends time slices; it is newer than programs "
		"need"},

	/* --- messages and asynchronous I/O --- */
	{"msgget msgsnd msgrcv msgctl", {}, EPERM, STRICT, 0,
		"msg_msg is the usual heap spray, as in CVE-2021-22555 and CVE-2022-0185; "
		"fakeroot needs it"},
	{"ipc", {{FILTER_GE, 0, 0xffff, 11}, {FILTER_LE, 0, 0xffff, 14}}, EPERM, STRICT, 0,
		"does msgsnd, msgrcv, msgget and msgctl for 32-bit programs"},
	{"mq_open mq_unlink mq_notify mq_getsetattr mq_timedsend mq_timedsend_time64 "
		"mq_timedreceive mq_timedreceive_time64", {}, EPERM, STRICT, 0,
		"serves as a heap spray; CVE-2017-11176"},
	{"io_setup io_destroy io_getevents io_pgetevents io_submit io_cancel", {}, ENOSYS, STRICT, 0,
		"does asynchronous I/O; CVE-2024-26764; programs work without it on ENOSYS"},

	/* --- calls that report on the system, or are newer --- */
	{"listmount statmount", {}, ENOSYS, STRICT, 0, "lists mounts by their numbers"},
	{"cachestat", {}, ENOSYS, STRICT, 0, "shows what others have read, which is a side channel"},
	{"listns lsm_get_self_attr lsm_set_self_attr lsm_list_modules file_getattr file_setattr", {},
		ENOSYS, ALL, 0, "is newer than programs need; they fall back on ENOSYS"},

	/* --- obsolete, or never implemented on Linux --- */
	{"_sysctl afs_syscall getpmsg putpmsg security tuxcall vserver epoll_ctl_old epoll_wait_old", {},
		ENOSYS, ALL, 0, "is not implemented on Linux"},
	{NULL, {}, 0, 0, 0, NULL},
};
/* clang-format on */
