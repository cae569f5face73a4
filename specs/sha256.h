/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHA256_H
#define NACRE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_TEXT 65

/* FIPS 180-4: the digest of LENGTH bytes as 64 hexadecimal digits. Own code, since AF_ALG is a part
 * of the kernel that this project keeps containers away from. */
void sha256_text(const void *data, size_t length, char ret_text[static SHA256_TEXT]);

/* The same of what comes piece by piece. */
struct sha256 {
	uint32_t state[8];
	unsigned char block[64]; /* what has come of the next one */
	uint64_t length;
};

void sha256_init(struct sha256 *sum);
void sha256_add(struct sha256 *sum, const void *data, size_t length);
void sha256_finish(struct sha256 *sum, char ret_text[static SHA256_TEXT]);

#endif
