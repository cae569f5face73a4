/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_TEXT_H
#define NACRE_TESTS_INJECT_TEXT_H

/* Texts that are compared, and what is said to be wrong of them. */

#define TEXT_SIZE 65536
#define WRONG_SIZE 400

/* wrong becomes the text, unless there is one. */
void complain(char *wrong, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* To what is in TEXT, which has room for TEXT_SIZE bytes. */
void append_file(char *text, const char *path);

/* Numbers of more than one digit become "#", with the blanks that fill a column behind them. */
void mask_numbers(char *text);

#endif
