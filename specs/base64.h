/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_BASE64_H
#define NACRE_BASE64_H

#include <stddef.h>

/* RFC 4648, section 4: with padding, without line breaks. */

/* *RET_TEXT: heap. -ENOMEM. */
int base64_encode(const void *data, size_t length, char **ret_text);

/* Takes what encode writes and nothing else: -EINVAL for another character, a missing "=", and bits
 * that no byte has. *RET_DATA: heap, with a NUL byte behind it. */
int base64_decode(const char *text, char **ret_data, size_t *ret_length);

#endif
