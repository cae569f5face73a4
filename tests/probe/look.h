/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_LOOK_H
#define NACRE_TESTS_LOOK_H

#include <stdbool.h>

/* Lines of the table, found out from inside. */

/* REACHED: whether socket(2) can be called with this family and protocol. */
void print_families(bool (*reached)(int family, int protocol));
void print_capabilities(void); /* that any program can get: the bounding set */
void print_writable(void); /* mounts in which something can be made */

#endif
