/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "specs/egress_reading.h"

/* The networks in a rule. */

/* Clears the bits behind the prefix. Returns whether any was set. */
static bool cut_to_prefix(struct egress_network *network)
{
	bool cut = false;

	for (unsigned i = 0; i < sizeof(network->address); i++) {
		const unsigned kept = network->prefix > 8 * i ? network->prefix - 8 * i : 0;
		const uint8_t mask = kept < 8 ? (uint8_t)(0xff00 >> kept) : 0xff;

		cut = cut || network->address[i] & ~mask;
		network->address[i] &= mask;
	}
	return cut;
}

/* Refuses networks that no rule can open, and names the alternative. */
static int check_network(const struct egress_reading *r, const struct egress_network *network)
{
	static const struct {
		struct egress_network network;
		const char *why;
	} never[] = {
		{{.prefix = 8}, "0.0.0.0 is the container's own loopback, which needs no rule; all "
				"of IPv4 is 0.0.0.0/0"},
		{{.address = {127}, .prefix = 8},
			"the container's own loopback needs no rule, and no rule opens the host's "
			"loopback; leave it out"},
		{{.address = {198, 18}, .prefix = 15}, "an address of 198.18.0.0/15 stands for a "
						       "name inside the container; give the name"},
		{{.prefix = 127, .v6 = true}, "the container's own loopback needs no rule, and no "
					      "rule opens the host's loopback; leave it out"},
		{{.address = {[10] = 0xff, 0xff}, .prefix = 96, .v6 = true},
			"this is an IPv4-mapped IPv6 address; give the IPv4 address"},
		{{.address = {0, 0x64, 0xff, 0x9b}, .prefix = 96, .v6 = true},
			"nacre checks the IPv4 address in a NAT64 address; give the IPv4 address"},
		{{.address = {0x20, 0x02}, .prefix = 16, .v6 = true},
			"nacre checks the IPv4 address in a 6to4 address; give the IPv4 address"},
	};

	/* Docker's resolver listens in the container's network namespace, and asks the host's
	 * resolver. */
	static const struct egress_network resolver = {.address = {127, 0, 0, 11}, .prefix = 32};

	if (egress_network_within(network, &resolver))
		return 0;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (egress_network_within(network, &never[i].network))
			return egress_refuse(r, never[i].why);
	}
	return 0;
}

static int read_prefix(struct egress_reading *r, struct egress_network *network)
{
	const unsigned most = network->v6 ? 128 : 32;
	unsigned prefix = 0;
	const char *begin = r->at;

	for (; *r->at >= '0' && *r->at <= '9' && prefix <= most; r->at++)
		prefix = 10 * prefix + (unsigned)(*r->at - '0');
	if (r->at == begin || prefix > most)
		return egress_refuse(
			r, network->v6 ? "expected a prefix length from 0 to 128 after the \"/\""
				       : "expected a prefix length from 0 to 32 after the \"/\"");
	network->prefix = (uint8_t)prefix;
	return 0;
}

int egress_read_network(struct egress_reading *r, struct egress_network *ret_network)
{
	struct egress_network network = {.v6 = egress_skip(r, "[")};
	const size_t length = strspn(
		r->at, network.v6 ? "0123456789abcdefABCDEF:." : "0123456789.");
	char address[INET6_ADDRSTRLEN], text[EGRESS_NETWORK_TEXT];
	int ret = 0;

	(void)snprintf(address, sizeof(address), "%.*s", (int)length, r->at);
	if (length >= sizeof(address) ||
		inet_pton(network.v6 ? AF_INET6 : AF_INET, address, network.address) != 1)
		return egress_refuse(r, network.v6
						? "expected an IPv6 address between \"[\" and \"]\""
						: "expected an IPv4 address such as 192.0.2.1");
	r->at += length;
	network.prefix = network.v6 ? 128 : 32;
	if (egress_skip(r, "/"))
		ret = read_prefix(r, &network);
	if (ret == 0 && network.v6 && !egress_skip(r, "]"))
		ret = egress_refuse(r, "expected [ADDRESS] or [ADDRESS/PREFIX]");
	if (ret < 0)
		return ret;
	if (cut_to_prefix(&network))
		return fail(r->err, EINVAL,
			"egress rule \"%.128s\": the address has bits set after its prefix; give "
			"%s",
			r->text, egress_network_text(&network, text));
	*ret_network = network;
	return check_network(r, &network);
}
