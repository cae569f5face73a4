/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_ID_LIST_H
#define NACRE_ID_LIST_H

#include <limits.h>

/* Lists of CPUs and memory nodes: cpuset(7), List format. */

#define ID_LIST_BITS (sizeof(long) * CHAR_BIT)
#define ID_LIST_WORDS(limit) ((limit) / ID_LIST_BITS)

/* The most that a kernel is built for: CONFIG_NODES_SHIFT 10, CONFIG_NR_CPUS 8192. */
#define ID_LIST_NODES 1024
#define ID_LIST_CPUS 8192

/* Sets a bit for each number of TEXT ("0-3,7") in RET_BITS, which has LIMIT of them, all clear.
 * Returns how many there are, or -EINVAL: malformed, or a number is not below LIMIT. */
int id_list_parse(const char *text, unsigned limit, unsigned long *ret_bits);

#endif
