/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_ID_BLOCKS_H
#define NACRE_ID_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* The ids of the host that containers get, in blocks of ID_BLOCK_SIZE: block N begins at N *
 * ID_BLOCK_SIZE. */

#define ID_BLOCK_SIZE 65536U
#define ID_BLOCKS_MAX 32768U /* those below 2^31, which some programs take for a sign */

/* What nobody else hands out: systemd.io, Users, Groups, UIDs and GIDs on systemd Systems, has
 * those from 1879048192 on as unused; SSSD makes ids of accounts of a directory up to 2000200000,
 * sssd-ldap(5), ldap_idmap_range_max, and who has one is not in /etc. */
#define ID_BLOCKS_FIRST_ID 2000224256U
#define ID_BLOCKS_LAST_ID 2147352575U

/* The whole blocks between two ids. */
struct id_blocks_range {
	uint32_t first; /* a block */
	uint32_t n;
};

/* None where there is no whole one below ID_BLOCKS_MAX. */
struct id_blocks_range id_blocks_between(uint32_t first_id, uint32_t last_id);

/* Blocks with ids that belong to somebody; starts as {0}. */
struct id_blocks_set {
	uint64_t words[ID_BLOCKS_MAX / 64];
};

bool id_blocks_have(const struct id_blocks_set *set, uint32_t block);

/* Adds what TEXT gives away: lines of subuid(5) or subgid(5), NAME:FIRST:COUNT. What is no such
 * line gives nothing away there either. */
void id_blocks_add_subids(struct id_blocks_set *set, const char *text);

/* The same for lines of passwd(5) or group(5), whose third field is the id. */
void id_blocks_add_accounts(struct id_blocks_set *set, const char *text);

/* The same for lines of /proc/key-users, ID: USAGE KEYS/... */
void id_blocks_add_key_users(struct id_blocks_set *set, const char *text);

/* How many keys the ids of BLOCK have by those lines. */
uint64_t id_blocks_count_keys(const char *text, uint32_t block);

#endif
