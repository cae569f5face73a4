/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RESOLV_CONF_H
#define NACRE_RESOLV_CONF_H

#include <stddef.h>

/*
 * resolv.conf(5): which name servers it has, and the same file with another one in their place.
 * What programs make of names (search, domain, options) stays.
 */

enum {
	RESOLV_SERVERS_MAX = 3, /* MAXNS; the C library does not look at further ones */
	RESOLV_SERVER_MAX = 48,
	RESOLV_TEXT_MAX = 4096,
};

struct resolv_conf {
	char servers[RESOLV_SERVERS_MAX][RESOLV_SERVER_MAX]; /* addresses */
	size_t n_servers; /* at least 1: without any it is the machine's own (127.0.0.1) */
	char text[RESOLV_TEXT_MAX]; /* with the other name server */
	/* Where in TEXT, to the end of the line, the domains are that complete a name; 0: none. */
	size_t search;
};

/* Reads TEXT. SERVER: the other one. Lines that are too long, or have bytes that no such file has,
 * are left out; so are addresses with an interface (fe80::1%eth0), which is not the reader's. */
void resolv_conf_read(const char *text, const char *server, struct resolv_conf *ret_conf);

/* Programs that are told a NAME without its last domains, which these complete, say it so. Returns
 * the length of NAME without the next of DOMAINS that it ends in, and moves on; 0: there is none
 * left. */
size_t resolv_conf_shorten(const char **domains, const char *name);

#endif
