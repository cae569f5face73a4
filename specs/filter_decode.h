/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FILTER_DECODE_H
#define NACRE_FILTER_DECODE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the arguments of a refused call mean, for people: of the calls in filter_rules, those
 * arguments that say what was wanted. Pure; what lies in the caller's memory is read by READ.
 */

#define DECODE_MAX 6
#define DECODE_SIZE 160

struct decode_reader {
	/* Copies up to SIZE bytes from ADDRESS of the caller. Returns how many there are; 0 or
	 * less: none can be had. */
	int (*read)(void *data, uint64_t address, void *ret_bytes, size_t size);
	void *data;
};

/* Writes "family=AF_ALG" and the like to RET_TEXTS, printable ASCII. Returns how many. Of a text in
 * memory at most 127 bytes; it is what stood there, and may be another by the time the kernel would
 * have read it. */
size_t filter_decode(const char *call, const uint64_t args[6], const struct decode_reader *reader,
	char ret_texts[DECODE_MAX][DECODE_SIZE]);

#endif
