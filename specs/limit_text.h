/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LIMIT_TEXT_H
#define NACRE_LIMIT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* Values of a cgroup's files, as the kernel reads them: words with white space between. */

#define LIMIT_TEXT_SPACE " \t\n\v\f\r"

/* The number that WORD begins with, with the suffixes of memparse; 0: it is none, which is left for
 * the kernel to refuse. Too large a one is UINT64_MAX. */
uint64_t limit_text_number(const char *word);

/* The word behind the one that WORD begins with, or the end. */
const char *limit_text_next(const char *word);

/* Whether that word is "max". */
bool limit_text_is_max(const char *word);

#endif
