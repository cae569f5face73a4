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
 * Callers written for runc and for crun must both be served, so --bundle=DIR, --bundle DIR, -bundle
 * DIR and -b DIR are the same, and options may stand on both sides of the operands.
 */
enum option_kind {
	OPTION_FLAG, /* bool: --x, --x=true, --x=false */
	OPTION_TEXT, /* const char *; the last one wins */
	OPTION_WORD, /* as text, but one of those that VALUE lists: "text|json" */
	OPTION_COUNT, /* unsigned, decimal */
	OPTION_DURATION, /* uint64_t, milliseconds; quantity.h */
	OPTION_LIST, /* const char *const *: every one given, NULL-terminated; see options_release()
		      */
	/* struct option_setting *, in which all options of a table may share one place; what the
	 * command makes of the value: */
	OPTION_NUMBER, /* decimal, with a sign */
	OPTION_SIZE, /* bytes, with a unit, or -1 */
	OPTION_NUMBERS, /* 0-3,7 */
};

struct option_row {
	const char *name; /* NULL ends a table */
	char letter; /* 0: none */
	enum option_kind kind;
	size_t offset; /* of the member in the target */
	const char *value; /* what the help calls the value; NULL for a flag */
	const char *help; /* NULL: accepted for the sake of callers that pass it, and not listed */
	const char *field; /* of the JSON object that a file may give instead: "memory.limit"; NULL:
			      none */
};

/* What an option of the kinds OPTION_NUMBER to OPTION_NUMBERS was given; the last one counts. A
 * list ends with a NULL row; see options_release(). */
struct option_setting {
	const struct option_row *row;
	const char *value;
};

enum {
	OPTION_TABLES_MAX = 4,
	OPTION_COUNT_MAX = 1024 * 1024,
};

/* Whether the member of TARGET is other than before the command line was read. */
bool options_is_given(const struct option_row *row, const void *target);

/* Reads ARGV, up to its NULL, by the rows of TABLES into TARGET. *RET_OPERANDS are the arguments
 * that are no options, NULL-terminated, the array on the heap. IN_ORDER: the first operand ends the
 * options, so that the options of another program can follow it. "--" ends them always. */
int options_parse(const struct option_row *const tables[OPTION_TABLES_MAX], void *target,
	const char *const argv[], bool in_order, const char *const **ret_operands,
	struct nacre_error *err);

/* For FILE, which --OPTION names: it says all, and an option with a field that was given beside it
 * would be lost, and nobody would see. */
int options_refuse_fields(const struct option_row *rows, const void *target, const char *option,
	const char *file, struct nacre_error *err);

/* What FROM was given and TO was not, TO gets; of a list it gets FROM's before its own, and FROM
 * has it no more. Without options that share a place. */
int options_merge(const struct option_row *const tables[OPTION_TABLES_MAX], void *from, void *to,
	struct nacre_error *err);

/* What TARGET was given, as words "--NAME=VALUE" that options_parse reads as the same; NULL-ended.
 * Heap, the list and each word: options_free_words. Without options that share a place. */
int options_words(const struct option_row *const tables[OPTION_TABLES_MAX], const void *target,
	char ***ret_words, struct nacre_error *err);
void options_free_words(char **words);

/* Frees the lists. */
void options_release(const struct option_row *const tables[OPTION_TABLES_MAX], void *target);

/* One line a row. */
void options_help(const struct option_row *const tables[OPTION_TABLES_MAX], FILE *out);

#endif
