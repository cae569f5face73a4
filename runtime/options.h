/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_OPTIONS_H
#define NACRE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "libcontainer/container.h"

/*
 * Command line options as tables: the parser, the help texts and the shell completions read the
 * same rows.
 *
 * Accepts the styles of runc and of crun: --bundle=DIR, --bundle DIR, -bundle DIR and -b DIR are
 * the same, and options may stand before and after the operands.
 */
enum option_kind {
	OPTION_FLAG, /* bool: --x, --x=true, --x=false */
	OPTION_TEXT, /* const char *; the last one wins */
	OPTION_WORD, /* as text, restricted to the words of VALUE: "text|json" */
	OPTION_COUNT, /* unsigned, decimal; 0 is the default, and the same as not given */
	OPTION_POSITIVE, /* unsigned, decimal, not 0, which stands for "not given" */
	OPTION_DURATION, /* uint64_t, milliseconds; quantity.h */
	OPTION_LIST, /* const char *const *: all values, NULL-terminated; see options_release() */
	/* struct option_setting *, a member that all such options of a table may share; the command
	 * interprets the value: */
	OPTION_NUMBER, /* decimal, with a sign */
	OPTION_SIZE, /* bytes, with a unit, or -1 */
	OPTION_NUMBERS, /* 0-3,7 */
};

struct option_row {
	const char *name; /* NULL ends a table */
	char letter; /* 0: none */
	enum option_kind kind;
	size_t offset; /* of the member in the target */
	const char *value; /* name of the value in the help; NULL for a flag */
	const char *help; /* NULL: accepted because callers pass it, and not listed */
	const char *field; /* as a member of a JSON file: "memory.limit"; NULL: none */
};

/* The value of an option of the kinds OPTION_NUMBER to OPTION_NUMBERS; the last one given counts. A
 * list ends with a NULL row; see options_release(). */
struct option_setting {
	const struct option_row *row;
	const char *value;
};

enum {
	OPTION_TABLES_MAX = 4,
	OPTION_COUNT_MAX = 1024 * 1024,
};

/* Returns whether the option of ROW was given: its member in TARGET is not zero any more. Of flags
 * and counts zero is the default, and does not count as given. */
bool options_is_given(const struct option_row *row, const void *target);

/* Parses ARGV, up to its NULL, by the rows of TABLES into TARGET. *RET_OPERANDS are the arguments
 * that are not options, NULL-terminated, in an array on the heap. IN_ORDER: the first operand ends
 * the options, so that the options of another program can follow it. "--" always ends them. */
int options_parse(const struct option_row *const tables[OPTION_TABLES_MAX], void *target,
	const char *const argv[], bool in_order, const char *const **ret_operands,
	struct nacre_error *err);

/* Refuses options with a "field" beside --OPTION FILE: the file contains all fields, and the option
 * would be lost unnoticed. */
int options_refuse_fields(const struct option_row *rows, const void *target, const char *option,
	const char *file, struct nacre_error *err);

/* Moves options that FROM has and TO has not into TO. Of a list TO gets the values of FROM before
 * its own, and FROM loses them. Not for options that share a member, nor for flags and counts: the
 * zero of TO would give way. */
int options_merge(const struct option_row *const tables[OPTION_TABLES_MAX], void *from, void *to,
	struct nacre_error *err);

/* Writes the options of TARGET as words "--NAME=VALUE", NULL-terminated, which options_parse reads
 * back to the same. The list and each word are on the heap: options_free_words. Not for options
 * that share a member, nor for flags and counts. */
int options_words(const struct option_row *const tables[OPTION_TABLES_MAX], const void *target,
	char ***ret_words, struct nacre_error *err);
void options_free_words(char **words);

/* Frees the lists of TARGET. */
void options_release(const struct option_row *const tables[OPTION_TABLES_MAX], void *target);

/* Prints one line per row. */
void options_help(const struct option_row *const tables[OPTION_TABLES_MAX], FILE *out);

#endif
