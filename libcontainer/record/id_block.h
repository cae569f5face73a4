/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_ID_BLOCK_H
#define NACRE_ID_BLOCK_H

#include "specs/error.h"
#include "specs/id_blocks.h"

/*
 * Who has which block of ids: one block, one container, on the whole machine, wherever the states
 * of containers lie.
 *
 * A claim is a file in a directory of its own, named by the block. While a container is being
 * created the claim is a lock on that file, which ends with the process; from when there is a state
 * directory, the file names that. So a claim whose owner is gone, whatever ended it, is free for
 * the next, and removed sooner or later by who claims another. The lock is of the open file: what a
 * fork inherits holds it, too, until it closes it.
 *
 * Those who have another /run, in a mount namespace of their own, see no such file. The kernel's
 * table of keys is one for all of them: it has ids of each user namespace that idmap_userns_shown
 * has made, as long as that is there. Blocks with an id in it are passed over, and whoever has made
 * one counts the keys of the block: more than its own, and another one was as fast.
 */

struct id_block_places {
	const char *claims; /* the directory; made where there is none */
	const char *etc; /* where the machine's accounts and subordinate ids are */
	const char *keys; /* /proc/key-users */
};

/* Those of the machine. */
extern const struct id_block_places id_block_host;

/* Claims a block of RANGE that has no account and no subordinate id. Accounts that a directory
 * service has are not looked at: libc's NSS would be loaded for them. Returns an fd that is the
 * claim. -ENOSPC: none is free. -EAGAIN: nor those with keys, which the kernel takes back some time
 * after their owner is gone. -EOPNOTSUPP: it has no keys. */
int id_block_claim(const struct id_block_places *places, struct id_blocks_range range,
	uint32_t *ret_block, struct nacre_error *err);

/* How many keys ids of BLOCK have. */
int id_block_count_keys(const struct id_block_places *places, uint32_t block, uint64_t *ret_keys,
	struct nacre_error *err);

/* Takes it back before it was kept, and closes the fd. */
void id_block_drop(const struct id_block_places *places, uint32_t block, int *claim_fd);

/* Hands the claim to the state directory STATE_FD, and closes the fd. */
int id_block_keep(int *claim_fd, int state_fd, struct nacre_error *err);

/* Takes back the claim of STATE_FD. One of others, or none, is left alone. */
int id_block_free(const struct id_block_places *places, uint32_t block, int state_fd,
	struct nacre_error *err);

#endif
