/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_NEAREST_H
#define NACRE_NEAREST_H

/*
 * "did you mean ...": of the words that a table has, the one that a word that stands in no table is
 * most likely a misspelling of. Whoever looked in vain offers its words one by one.
 *
 * The measure is the number of letters that are wrong, too many, missing or swapped with the next
 * one (Damerau and Levenshtein, in the form of optimal string alignment); the case of letters does
 * not count. A third of the longer word may be wrong, less what both begin with up to one of "-_:";
 * of four letters or five one, of fewer none. A word of a single letter, or of more than
 * NEAREST_MAX bytes, is near to nothing, so the work is bounded.
 */

enum {
	NEAREST_MAX = 63, /* bytes of a word */
	NEAREST_HINT = NEAREST_MAX + sizeof(" (did you mean ?)"),
};

/* Starts as {.given = WORD}, which is borrowed. */
struct nearest {
	const char *given;
	unsigned distance; /* of the best one so far */
	char word[NEAREST_MAX + 1]; /* the best one so far; "": none was near */
};

/* Offers WORD. Of words that are as near the first one stays. */
void nearest_offer(struct nearest *nearest, const char *word);

/* The same for a word that may also be spelled SPELLED: "NET_RAW" for "cap:CAP_NET_RAW". */
void nearest_offer_as(struct nearest *nearest, const char *spelled, const char *word);

/* For an error text, behind what was given: " (did you mean WORD?)", or "" if none was near.
 * Returns HINT. */
const char *nearest_hint(const struct nearest *nearest, char hint[static NEAREST_HINT]);

#endif
