/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_BPF_H
#define NACRE_EGRESS_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/egress.h"

/*
 * Enforces egress rules by eBPF programs at a container's cgroup. They apply to every process in it
 * and in the cgroups below, in whatever network namespace, and cannot be detached from inside. What
 * is refused gets EPERM. A socket belongs to the cgroup of the process that made it.
 *
 * An IPv6 address that embeds an IPv4 address (::ffff:0:0/96, 64:ff9b::/96, 2002::/16) is judged by
 * that one.
 */

struct egress_bpf_policy {
	/* NULL: no rules; all that the members below do not refuse is allowed. With rules, a socket
	 * of IPv4 or IPv6 can only be one of TCP or UDP, joins no multicast group and takes no
	 * address that the network does not have; a packet can have no options that route it
	 * elsewhere, and what is for loopback or a name leaves by lo alone. */
	const struct egress_policy *rules;
	/* There is a relay, whether or not the rules have a name. */
	bool relay;
	/* Refuses egress_metadata, except for DNS and NTP, which some clouds serve at these
	 * addresses: those are judged as any address is. Without rules, no_metadata refuses
	 * connect(2) alone, and no_metadata_datagrams datagrams as well: no cloud gives out
	 * credentials by these, and to load two programs more takes 3 % of what a container
	 * does. */
	bool no_metadata, no_metadata_datagrams;
	/* The network namespace is the host's: rules deny its loopback. Otherwise loopback is
	 * allowed, except for 127.0.0.11, where Docker's resolver forwards questions to the
	 * outside. */
	bool host_network;
	/* A packet that arrives on another interface than lo reaches no listening socket, and no
	 * UDP socket that is not connected. */
	bool no_listening;
};

/* The hooks, in the order in which they are attached. */
enum egress_hook {
	EGRESS_SOCK_CREATE,
	EGRESS_CONNECT4,
	EGRESS_CONNECT6,
	EGRESS_SENDMSG4,
	EGRESS_SENDMSG6,
	EGRESS_GETPEERNAME4,
	EGRESS_GETPEERNAME6,
	EGRESS_RECVMSG4,
	EGRESS_RECVMSG6,
	EGRESS_PACKETS,
	EGRESS_INGRESS,
	EGRESS_SETSOCKOPT,
	EGRESS_N_HOOKS,
};

/* What was refused, as a map counts it. All in host byte order except ADDRESS. */
enum egress_denial_kind {
	EGRESS_DENIED_OTHERS, /* the rest, once the map is full */
	EGRESS_DENIED_V4,
	EGRESS_DENIED_V6,
	EGRESS_DENIED_SOCKET, /* ADDRESS[0]: its family, as a uint32_t; PORT: its type */
	EGRESS_DENIED_METADATA, /* all metadata, if nothing else is refused */
};

struct egress_denial_key {
	uint32_t kind;
	uint32_t protocol; /* IPPROTO_* */
	uint32_t port;
	uint8_t address[16]; /* of IPv4 the first 4 bytes */
};

struct egress_denial_value {
	uint64_t count;
	char comm[16]; /* of the last process; "" before Linux 6.1 */
};

/* The maps that the programs use. -1: none. */
struct egress_bpf_maps {
	int denials; /* struct egress_denial_key -> struct egress_denial_value */
	int metadata; /* array of one such value, if metadata is all that connect(2) is refused */
	int ports; /* egress_bpf_port_key() -> port in network byte order, as uint32_t */
	bool comm; /* the kernel has bpf_get_current_comm for these hooks: Linux 6.1 */
};

#define EGRESS_DENIALS_NAME "nacre_refused"
#define EGRESS_METADATA_NAME "nacre_metadata" /* counts refused metadata, without rules */
#define EGRESS_PORTS_NAME "nacre_ports"
/* Two entries per port, and those of DNS. A kill between the removals of a port's two entries
 * leaves one. */
#define EGRESS_PORTS_MAX (4 * EGRESS_NAME_PORTS_MAX + 8)

/* Opens the map NAME of nacre's programs at the cgroup. Returns an fd; -ENOENT: there is none,
 * -errno. */
int egress_bpf_open_map(int cgroup_fd, const char *name);

/* Makes the program of one hook. Returns the number of instructions, 0 where none is needed, or
 * -E2BIG. Pure. */
int egress_bpf_compile(const struct egress_bpf_policy *policy, enum egress_hook hook,
	const struct egress_bpf_maps *maps, struct bpf_insn *ret_program, size_t room,
	struct nacre_error *err);

/* Whether anything but metadata is refused. */
bool egress_bpf_has_rules(const struct egress_bpf_policy *policy);
/* Whether listeners are needed: there are rules for names, or a relay. */
bool egress_bpf_has_names(const struct egress_bpf_policy *policy);

/* Returns a key of the map of ports. The value of a rule's port is the listener's. BACK: for the
 * listener's port, whose value is the rule's. */
static inline uint32_t egress_bpf_port_key(uint16_t network_port, bool udp, bool back)
{
	return network_port | (uint32_t)udp << 16 | (uint32_t)back << 17;
}

/* SO_MARK of the sockets whose connections are redirected to a listener. A listener takes no others
 * (egress_listeners.h): without CAP_NET_ADMIN or CAP_NET_RAW, a program can set no mark. It has
 * none of the bits that Kubernetes, its networks and VPNs give a meaning to. */
#define EGRESS_MARK 0x6e

/* An address that nobody has (RFC 5737). A UDP socket for it tests whether rules are enforced. */
#define EGRESS_NOWHERE 0xc0000201u /* 192.0.2.1 */
#define EGRESS_NOWHERE_PORT 9

/* A change of policy whose programs are attached. */
struct egress_bpf_swap {
	int fds[EGRESS_N_HOOKS]; /* its programs; -1: none is needed */
	bool old; /* older programs are attached as well */
};

/* Compiles, loads and attaches all that POLICY needs, beside nacre's programs that are attached
 * already: all of them must allow. Counts and listeners stay. On failure, none of the new programs
 * is left. After a kill some may be left, of several policies: the next change that succeeds
 * detaches them. -EPERM: the caller may not (CAP_BPF and CAP_NET_ADMIN, of the host). */
int egress_bpf_attach(int cgroup_fd, const struct egress_bpf_policy *policy,
	struct egress_bpf_swap *ret_swap, struct nacre_error *err);
/* Makes POLICY, which is one of those in force, the only one, if killed changes have left programs.
 * The kernel takes 64 programs of a kind at a cgroup. */
int egress_bpf_settle(
	int cgroup_fd, const struct egress_bpf_policy *policy, struct nacre_error *err);
/* Detaches the programs of SWAP, to cancel the change: the policy before it is in force, and
 * nothing more is allowed than by that. A change that fails must leave none. One that cannot be
 * detached stays in force beside it. */
void egress_bpf_detach_new(int cgroup_fd, const struct egress_bpf_swap *swap);
/* Detaches all of nacre's programs except those of SWAP. To be called again if it fails. */
int egress_bpf_detach_old(
	int cgroup_fd, const struct egress_bpf_swap *swap, struct nacre_error *err);
void egress_bpf_swap_done(struct egress_bpf_swap *swap); /* closes */

/* Attaches POLICY and detaches all others. */
int egress_bpf_apply(
	int cgroup_fd, const struct egress_bpf_policy *policy, struct nacre_error *err);

/* Whether such programs can be loaded here: 0, or the error of trying. */
int egress_bpf_probe(struct nacre_error *err);

/* Redirects connections to PORT of an address that stands for a name (198.18.0.0/15) to
 * LISTENER_PORT; the container's program still sees PORT. LISTENER_PORT itself is allowed as well,
 * since another attached policy may have changed the port already (egress_bpf_attach); other ports
 * are refused. -ENOENT: no policy with names is at the cgroup. */
int egress_bpf_set_listener(
	int cgroup_fd, uint16_t port, bool udp, uint16_t listener_port, struct nacre_error *err);

/* Whether PORT has a listener for TCP: 1, 0 or an error. */
int egress_bpf_has_listener(int cgroup_fd, uint16_t port, struct nacre_error *err);
/* Removes all listeners for TCP except those of the N PORTS. */
int egress_bpf_keep_listeners(
	int cgroup_fd, const uint16_t *ports, size_t n, struct nacre_error *err);

#define EGRESS_DENIALS_MAX 256

struct egress_denial {
	struct egress_denial_key key;
	struct egress_denial_value value;
};

/* Reads what was refused, without those that have no count. Returns how many; 0 if no program is at
 * the cgroup. -EPERM: the caller may not look. */
int egress_bpf_denied(int cgroup_fd, struct egress_denial ret_denials[EGRESS_DENIALS_MAX],
	struct nacre_error *err);

#endif
