/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/sha256.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	BLOCK = 64,
	ROUNDS = 64,
	LENGTH_BYTES = 8,
};

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[ROUNDS] = {
	/* clang-format off */
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
	/* clang-format on */
};

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void schedule(const unsigned char *block, uint32_t w[ROUNDS])
{
	for (int i = 0; i < 16; i++, block += 4)
		w[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 |
		       (uint32_t)block[2] << 8 | block[3];
	for (int i = 16; i < ROUNDS; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] +
		       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
}

static void add_block(uint32_t state[8], const unsigned char *block)
{
	uint32_t w[ROUNDS], s[8];

	schedule(block, w);
	memcpy(s, state, sizeof(s));
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t a = s[0], e = s[4];
		uint32_t t1 = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
			      ((e & s[5]) ^ (~e & s[6])) + constants[i] + w[i];
		uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
			      ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));

		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		state[i] += s[i];
}

void sha256_init(struct sha256 *sum)
{
	/* The same of the square roots of the first 8 primes. */
	*sum = (struct sha256){{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
		0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *sum, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	size_t begun = sum->length % BLOCK;

	sum->length += length;
	if (begun) {
		size_t more = length < BLOCK - begun ? length : BLOCK - begun;

		memcpy(sum->block + begun, bytes, more);
		if (begun + more < BLOCK)
			return;
		add_block(sum->state, sum->block);
		bytes += more;
		length -= more;
	}
	for (; length >= BLOCK; length -= BLOCK, bytes += BLOCK)
		add_block(sum->state, bytes);
	if (length)
		memcpy(sum->block, bytes, length);
}

void sha256_finish(struct sha256 *sum, char ret_text[static SHA256_TEXT])
{
	unsigned char last[2 * BLOCK] = {0};
	size_t left = sum->length % BLOCK;
	size_t padded = left + 1 + LENGTH_BYTES <= BLOCK ? BLOCK : 2 * BLOCK;

	memcpy(last, sum->block, left);
	last[left] = 0x80;
	for (int i = 0; i < LENGTH_BYTES; i++)
		last[padded - 1 - (size_t)i] = (unsigned char)(sum->length * 8 >> 8 * i);
	for (size_t i = 0; i < padded; i += BLOCK)
		add_block(sum->state, last + i);
	for (int i = 0; i < 8; i++)
		(void)snprintf(ret_text + 8 * i, 9, "%08x", sum->state[i]);
}

void sha256_text(const void *data, size_t length, char ret_text[static SHA256_TEXT])
{
	struct sha256 sum;

	sha256_init(&sum);
	if (length)
		sha256_add(&sum, data, length);
	sha256_finish(&sum, ret_text);
}
