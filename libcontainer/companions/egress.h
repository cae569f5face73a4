/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_COMPANION_EGRESS_H
#define NACRE_COMPANION_EGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/egress_sockets.h"
#include "specs/relay_denials.h"
#include "specs/resolv_conf.h"

/*
 * nacre-egress: the relay of a container's names. It is the other end of all connections to names
 * that egress rules allow, and their resolver. egress.c has its life; egress_stub.c answers
 * questions, egress_connection.c takes connections and judges what they begin with,
 * egress_upstream.c finds where they go, egress_pump.c carries the bytes, egress_update.c takes
 * other rules.
 */

enum {
	RELAY_CONNECTIONS_MAX = 1024, /* fewer where its files are */
	RELAY_LISTENERS_MAX = EGRESS_SOCKETS_MAX,
	RELAY_ANSWERS_MAX = 8, /* addresses of a name that are tried */
	/* Of what it is told: all names and rules there may be, each a line with its word; the rest
	 * is some 20 bytes a listener. */
	RELAY_INPUT_MAX = EGRESS_NAMES_MAX * (EGRESS_NAME_MAX + 6) +
			  EGRESS_RULES_MAX * (EGRESS_TEXT_MAX + 6) + 32768,
	RELAY_BUFFER = 32768, /* above both TLS_HELLO_MAX and HTTP_HEAD_MAX */
	RELAY_SECOND = 1000, /* times are in milliseconds */
	RELAY_FIRST_BYTES = 10 * RELAY_SECOND, /* until the name is known */
	RELAY_RESOLVE = 30 * RELAY_SECOND, /* until the name servers have answered */
	RELAY_CONNECT = 30 * RELAY_SECOND, /* then until one address has, whichever */
	RELAY_CONNECT_ONE = 5 * RELAY_SECOND, /* by one of them */
};

struct relay;

/* An fd in epoll(7), and who is called when it is ready. It lies in what DATA is. */
struct watch {
	int fd;
	uint32_t events; /* that are waited for */
	void (*ready)(struct relay *relay, struct watch *watch, uint32_t events);
	void *data;
};

struct listener {
	struct watch watch;
	uint16_t port; /* that the program connects to, of a name or an address */
};

/* --- what it was told, egress_setup.c --- */

/* Those that were given last are the first. */
struct rules {
	struct rules *others; /* that must allow as well; NULL: none */
	struct arena *arena; /* it lies in that */
	struct egress_policy policy;
	bool metadata; /* granted */
};

struct setup {
	struct rules *rules;
	bool alone; /* no filter holds: what rules have as an address comes here as well */
	bool beside; /* other rules: those that hold must allow as well */
	char servers[256]; /* resolvers upstream, as ares_set_servers_ports_csv(3) takes them */
	char search[RESOLV_TEXT_MAX]; /* domains, as of resolv.conf */
	int denials; /* RELAY_DENIALS_FILE */
	int end; /* pidfd: when it has ended, the relay does */
	int events; /* cgroup.events: when it is empty, the relay ends; -1: none */
	int control; /* where other rules come in, egress_update.c; -1: none do */
	int stub_udp, stub_tcp;
	struct listener listeners[RELAY_LISTENERS_MAX]; /* fd -1: a free place, or one that stays */
	size_t n_listeners;
};

struct nacre_error;

/* Reads FD to its end. -E2BIG past RELAY_INPUT_MAX: what was cut would say something
 * else. */
int setup_read_file(int fd, char ret_text[RELAY_INPUT_MAX + 1], struct nacre_error *err);
/* Reads TEXT, see egress_setup.c. */
int setup_read(const char *text, struct setup *ret_setup, struct nacre_error *err);
/* The same of other rules: what else it was told stays. */
int setup_read_update(const char *text, struct setup *ret_setup, struct nacre_error *err);

/* --- names below wildcards, egress_below.c --- */

struct below; /* NULL: none yet */

/* The address of NAME, which gets one if it has none; 0: there is no room. */
uint32_t below_address(struct below **below, const char *name);
const char *below_at(const struct below *below, uint32_t address); /* NULL: none */

/* --- the relay --- */

struct pipe_pair {
	int in, out; /* of a pipe(2), both -1: none */
};

struct relay {
	struct setup setup;
	int epoll;
	int route; /* NETLINK_ROUTE */
	uint32_t n_routes; /* that were asked for by it */
	int64_t now; /* CLOCK_MONOTONIC */
	struct below *below;
	struct connection *connections; /* a list */
	size_t n_connections, connections_max;
	size_t n_waiting; /* of them with a deadline */
	bool full; /* some sockets are not listened to, for want of files or memory */
	bool ended; /* the container has, or waiting failed */
	struct pipe_pair spare[64]; /* empty pipes */
	size_t n_spare;
	struct resolver *resolver;
	struct stub *stub;
	struct relay_denial denials[RELAY_DENIALS_MAX];
	size_t n_denials;
};

/* Changes what WATCH waits for; the first time adds it. Returns 0 or -errno. */
int relay_watch(struct relay *relay, struct watch *watch, uint32_t events);

/* A connection of WATCH, which listens; -1: there is none, or no file for it: then nothing is heard
 * of WATCH until one may be free. */
int relay_accept(struct relay *relay, struct watch *watch);

/* Counts a refusal. NAME: NULL if none is known. PORT 0: it was the resolver that was asked. */
void relay_deny(struct relay *relay, const char *name, uint16_t port, const char *reason);

/* --- egress_update.c --- */

/* As egress_names_allow and its kin, of all RULES. */
bool rules_allow(const struct rules *rules, const char *name);
bool rules_allow_port(const struct rules *rules, const char *name, uint16_t port, bool unchecked);
bool rules_allow_answer(const struct rules *rules, const char *name, uint16_t port, bool unchecked,
	const struct egress_answer *answer);

/* Takes other rules, and answers. */
void update_ready(struct relay *relay, struct watch *watch, uint32_t events);

/* --- egress_stub.c --- */

/* -errno; nothing is left open by a failure that the process does not end with. */
int stub_start(struct relay *relay);
/* Closes connections that have asked nothing for long. Returns how many are left. */
size_t stub_tick(struct relay *relay);
void stub_listen(struct relay *relay); /* again, behind relay_accept */

/* --- egress_connection.c --- */

void connection_accept(struct relay *relay, struct watch *watch, uint32_t events);
/* Ends those whose time is over. */
void connection_tick(struct relay *relay);
/* The answer to upstream_resolve; no addresses: there is none. */
void connection_resolved(struct relay *relay, struct connection *connection,
	const struct egress_answer *answers, size_t n);

/* --- egress_upstream.c --- */

struct lookup; /* a question that is under way */

int upstream_start(struct relay *relay, struct nacre_error *err);
/* Asks for the addresses of NAME. connection_resolved may be called at once, and NULL returned. */
struct lookup *upstream_resolve(
	struct relay *relay, struct connection *connection, const char *name);
void upstream_forget(struct lookup *lookup); /* nobody waits for it; takes NULL */
/* Milliseconds until it has to be called; -1: never. */
int upstream_timeout(struct relay *relay, int most);
void upstream_tick(struct relay *relay);
/* Whether the kernel would send to ANSWER through an interface: not to the host itself. */
bool upstream_is_remote(struct relay *relay, const struct egress_answer *answer);

/* --- egress_pump.c --- */

/* One direction: from a socket through a pipe, which it has while there is something in it. */
struct pump {
	struct pipe_pair pipe;
	size_t inside; /* bytes in it */
	bool ended; /* no more comes */
	bool shut; /* and the other side was told */
};

/* Moves what can be moved. Returns 0 when one side has to be waited for, or all is done; 1 when
 * there is more to move; -errno of either side. */
int pump_run(struct relay *relay, struct pump *pump, int from, int to);
void pump_close(struct relay *relay, struct pump *pump);

/* --- egress_confine.c --- */

/* Should: leave the process no id, no capability and no system call that it does not need. Finds
 * out how many connections its files are enough for. */
int relay_confine(struct relay *relay, struct nacre_error *err);

#endif
