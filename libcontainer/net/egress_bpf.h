/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_BPF_H
#define NACRE_EGRESS_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/egress.h"

/*
 * Egress rules as eBPF programs at a container's cgroup: they hold for every process in it and in
 * those below, in whatever network namespace, and cannot be taken off from inside. What is refused
 * gets EPERM. A socket belongs to the cgroup of the process that made it.
 *
 * An IPv6 address with an IPv4 address inside (::ffff:0:0/96, 64:ff9b::/96, 2002::/16) is judged by
 * that one.
 */

struct egress_bpf_policy {
	/* NULL: no rules; all that is not refused by the members below is free. With rules a socket
	 * of the internet is one of TCP or UDP, and a packet has no options that lead it elsewhere.
	 */
	const struct egress_policy *rules;
	/* There is a relay, be there a name in the rules or not. */
	bool relay;
	/* egress_metadata is refused, but DNS and NTP, which some clouds serve at these addresses:
	 * they are judged as any address is. Without rules this is refused of connect(2) alone, or
	 * of datagrams as well: no cloud gives out credentials by these, and to load two programs
	 * more takes 3 % of what a container does. */
	bool no_metadata, no_metadata_datagrams;
	/* The network namespace is the host's: rules deny its loopback. Else that is free, but for
	 * 127.0.0.11, where Docker's resolver passes questions on to the outside. */
	bool host_network;
	/* What comes in by another interface than lo reaches no socket that listens, nor one of UDP
	 * that is not connected. */
	bool no_listening;
};

/* In this order they are attached. */
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
	EGRESS_N_HOOKS,
};

/* What was refused, in a map with counts. All in the machine's byte order but ADDRESS. */
enum egress_denial_kind {
	EGRESS_DENIED_OTHERS, /* the rest, once the map is full */
	EGRESS_DENIED_V4,
	EGRESS_DENIED_V6,
	EGRESS_DENIED_SOCKET, /* ADDRESS[0]: its family, as a uint32_t; PORT: its type */
	EGRESS_DENIED_METADATA, /* all of it, where nothing else is refused */
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

/* What the programs use. -1: none. */
struct egress_bpf_maps {
	int denials; /* struct egress_denial_key -> struct egress_denial_value */
	int metadata; /* array of one such value, where that is all that connect(2) is refused */
	int ports; /* egress_bpf_port_key() -> port in network byte order, as uint32_t */
	bool comm; /* the kernel has bpf_get_current_comm for these hooks: Linux 6.1 */
};

#define EGRESS_DENIALS_NAME "nacre_refused"
#define EGRESS_METADATA_NAME "nacre_metadata" /* for what no rule speaks of */

/* The map called NAME of nacre's programs at the cgroup: an fd; -ENOENT: there is none, -errno. */
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

/* Key of the map of ports. BACK: of the listener's port, whose value is the port that stands in
 * a rule. */
static inline uint32_t egress_bpf_port_key(uint16_t network_port, bool udp, bool back)
{
	return network_port | (uint32_t)udp << 16 | (uint32_t)back << 17;
}

/* Where nobody is (RFC 5737), by UDP: what is asked to see whether rules hold. */
#define EGRESS_NOWHERE 0xc0000201u /* 192.0.2.1 */
#define EGRESS_NOWHERE_PORT 9

/* A change of policy, once its programs are there. */
struct egress_bpf_swap {
	int fds[EGRESS_N_HOOKS]; /* they; -1: none is needed */
	bool old; /* others are there as well */
};

/* Compiles, loads and attaches all that POLICY needs, beside what of nacre's hangs there already:
 * what comes through must be allowed by all of them. Counts and listeners stay. When it fails, none
 * of the new programs is left; after a kill some may be, of several policies: the next change that
 * succeeds ends them. -EPERM: the caller may not (CAP_BPF and CAP_NET_ADMIN, of the host). */
int egress_bpf_attach(int cgroup_fd, const struct egress_bpf_policy *policy,
	struct egress_bpf_swap *ret_swap, struct nacre_error *err);
/* Where changes that were killed have left programs: has POLICY, which is one of those that hold
 * there, hold alone. The kernel takes 64 of a kind at a cgroup. */
int egress_bpf_settle(
	int cgroup_fd, const struct egress_bpf_policy *policy, struct nacre_error *err);
/* Detaches those of SWAP, for the change is not to be: what was there before holds, and no more is
 * allowed than by that. None of a change that fails may be left. What cannot be detached holds as
 * well. */
void egress_bpf_detach_new(int cgroup_fd, const struct egress_bpf_swap *swap);
/* Detaches all programs of nacre's but those of SWAP. To be called again if it fails. */
int egress_bpf_detach_old(
	int cgroup_fd, const struct egress_bpf_swap *swap, struct nacre_error *err);
void egress_bpf_swap_done(struct egress_bpf_swap *swap); /* closes */

/* Both: POLICY is what holds then. */
int egress_bpf_apply(
	int cgroup_fd, const struct egress_bpf_policy *policy, struct nacre_error *err);

/* Whether such programs can be loaded here: 0, or the error of trying. */
int egress_bpf_probe(struct nacre_error *err);

/* From here on connections to PORT of an address that stands for a name (198.18.0.0/15) go to
 * LISTENER_PORT; the program sees PORT. LISTENER_PORT itself leads there as well, since another
 * program may have put it in already (egress_bpf_attach); all others are refused. -ENOENT: no
 * policy with names is at the cgroup. */
int egress_bpf_set_listener(
	int cgroup_fd, uint16_t port, bool udp, uint16_t listener_port, struct nacre_error *err);

/* Whether PORT has one: 1, 0 or an error. */
int egress_bpf_has_listener(int cgroup_fd, uint16_t port, struct nacre_error *err);
/* Takes out all of TCP but those of the N PORTS. */
int egress_bpf_keep_listeners(
	int cgroup_fd, const uint16_t *ports, size_t n, struct nacre_error *err);

#define EGRESS_DENIALS_MAX 256

struct egress_denial {
	struct egress_denial_key key;
	struct egress_denial_value value;
};

/* What was refused, those without a count left out. Returns how many; 0 if nothing is at the
 * cgroup. -EPERM: the caller may not look. */
int egress_bpf_denied(int cgroup_fd, struct egress_denial ret_denials[EGRESS_DENIALS_MAX],
	struct nacre_error *err);

#endif
