/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHA256_H
#define NACRE_SHA256_H

#include <stddef.h>

#define SHA256_TEXT 65

/* FIPS 180-4: the digest of LENGTH bytes as 64 hexadecimal digits. Own code, since AF_ALG is a part
 * of the kernel that this project keeps containers away from. */
void sha256_text(const void *data, size_t length, char ret_text[static SHA256_TEXT]);

#endif
