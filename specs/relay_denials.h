/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RELAY_DENIALS_H
#define NACRE_RELAY_DENIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the relay of a container's names has refused, and how often: the file RELAY_DENIALS_FILE in
 * its state directory, which the relay alone writes and `explain` reads. A line of fixed length for
 * each; the last stands for all that no line was left for. The relay holds a lock on the first byte
 * (fcntl(2), POSIX) for as long as it lives: it is found by that. The form of a line never changes.
 */

#define RELAY_DENIALS_FILE "egress"
#define RELAY_DENIALS_MAX 64
#define RELAY_DENIAL_LINE 320 /* with its newline */

struct relay_denial {
	uint64_t count;
	uint16_t port; /* 0: it was the resolver that was asked */
	char reason[32]; /* one word of letters and "-" */
	char name[254]; /* that the program asked for; "-": none */
};

/* Writes one line, without a NUL. */
void relay_denial_write(const struct relay_denial *denial, char ret_line[RELAY_DENIAL_LINE]);

/* Returns false if it is none. */
bool relay_denial_read(const char line[RELAY_DENIAL_LINE], struct relay_denial *ret_denial);

/* REASON in words, to stand behind "NAME:PORT: "; the word itself if it is one of a later version.
 */
const char *relay_denial_words(const char *reason);

#endif
