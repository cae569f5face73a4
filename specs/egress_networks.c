/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/egress.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

/* clang-format off */

#define V4(a, b, c, d, n)	{.address = {a, b, c, d}, .prefix = n}
#define V6(n, ...)		{.address = {__VA_ARGS__}, .prefix = n, .v6 = true}

const struct egress_network egress_metadata[] = {
	V4(169, 254, 169, 254, 32),	/* AWS, Azure, Google and most others */
	V4(169, 254, 169, 252, 32),	/* GKE, on the node */
	V4(169, 254, 170, 2, 32),	/* AWS ECS: credentials of a task */
	V4(169, 254, 170, 23, 32),	/* AWS EKS: credentials of a pod */
	V4(169, 254, 0, 23, 32),	/* Tencent */
	V4(169, 254, 42, 42, 32),	/* Scaleway */
	V4(168, 63, 129, 16, 32),	/* Azure: the host's agent */
	V4(100, 100, 100, 200, 32),	/* Alibaba */
	V4(192, 0, 0, 192, 32),		/* Oracle */
	V6(128, 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54),	/* fd00:ec2::254, AWS */
	V6(128, 0xfd, 0x00, 0x0e, 0xc2, [15] = 0x23),		/* fd00:ec2::23, AWS EKS */
	V6(128, 0xfd, 0x20, 0x00, 0xce, [14] = 0x02, 0x54),	/* fd20:ce::254, Google */
	V6(128, 0xfd, 0x00, 0x00, 0x42, [15] = 0x42),		/* fd00:42::42, Scaleway */
	V6(128, 0xfd, 0x00, 0x00, 0xc1, [12] = 0xa9, 0xfe, 0xa9, 0xfe),	/* Oracle */
	V6(128, 0xfe, 0x80, [12] = 0xa9, 0xfe, 0xa9, 0xfe),	/* OpenStack */
};

const struct egress_network egress_private[] = {
	V4(0, 0, 0, 0, 8),		/* "this network"; 0.0.0.0 is the host itself */
	V4(10, 0, 0, 0, 8),
	V4(100, 64, 0, 0, 10),		/* shared address space of providers and clouds */
	V4(127, 0, 0, 0, 8),
	V4(169, 254, 0, 0, 16),
	V4(172, 16, 0, 0, 12),
	V4(192, 0, 0, 0, 24),
	V4(192, 0, 2, 0, 24),		/* documentation */
	V4(192, 168, 0, 0, 16),
	V4(198, 18, 0, 0, 15),
	V4(198, 51, 100, 0, 24),	/* documentation */
	V4(203, 0, 113, 0, 24),		/* documentation */
	V4(224, 0, 0, 0, 4),		/* multicast */
	V4(240, 0, 0, 0, 4),		/* includes broadcast */
	V6(96, 0),			/* ::, ::1 and ::a.b.c.d, deprecated: RFC 4291, 2.5 */
	V6(48, 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01),	/* 64:ff9b:1::/48, a site's NAT64 */
	V6(64, 0x01, 0x00),		/* 100::/64, discard-only */
	V6(32, 0x20, 0x01, 0x00, 0x00),	/* Teredo: contains an obfuscated IPv4 address */
	V6(32, 0x20, 0x01, 0x0d, 0xb8),	/* documentation */
	V6(20, 0x3f, 0xff),		/* documentation */
	V6(16, 0x5f, 0x00),		/* segment routing */
	V6(7, 0xfc),
	V6(10, 0xfe, 0x80),
	V6(10, 0xfe, 0xc0),		/* site-local, deprecated */
	V6(8, 0xff),			/* multicast */
};

const struct egress_network egress_nowhere[] = {
	V4(0, 0, 0, 0, 8),
	V4(127, 0, 0, 0, 8),
	V4(198, 18, 0, 0, 15),		/* the range of names */
	V4(224, 0, 0, 0, 3),		/* multicast, broadcast */
	V6(96, 0),
	V6(10, 0xfe, 0x80),		/* needs an interface */
	V6(8, 0xff),
};

/* clang-format on */

const struct egress_embedding egress_embeddings[] = {
	{{.address = {[10] = 0xff, 0xff}, .prefix = 96, .v6 = true}, 12},
	{{.address = {0, 0x64, 0xff, 0x9b}, .prefix = 96, .v6 = true}, 12},
	{{.address = {0x20, 0x02}, .prefix = 16, .v6 = true}, 2},
};

const size_t egress_n_embeddings = N(egress_embeddings);
const size_t egress_n_metadata = N(egress_metadata);
const size_t egress_n_private = N(egress_private);
const size_t egress_n_nowhere = N(egress_nowhere);

bool egress_network_has(const struct egress_network *network, const uint8_t *address, bool v6)
{
	const unsigned bytes = network->prefix / 8, bits = network->prefix % 8;
	const uint8_t mask = (uint8_t)(0xff00 >> bits);

	if (network->v6 != v6 || memcmp(network->address, address, bytes) != 0)
		return false;
	return !bits || !((network->address[bytes] ^ address[bytes]) & mask);
}

bool egress_network_within(const struct egress_network *inner, const struct egress_network *outer)
{
	return inner->prefix >= outer->prefix &&
	       egress_network_has(outer, inner->address, inner->v6);
}

bool egress_address_inside(const uint8_t address[16], uint8_t ret_inside[4])
{
	for (size_t i = 0; i < egress_n_embeddings; i++) {
		if (egress_network_has(&egress_embeddings[i].network, address, true)) {
			memcpy(ret_inside, address + egress_embeddings[i].at, 4);
			return true;
		}
	}
	return false;
}
