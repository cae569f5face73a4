/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "specs/bwrap.h"

/* Turns bubblewrap's options into a request. */

enum {
	WORDS_MAX = 65536, /* of the command line and of argument files together */
	PERMS_MAX = 07777,
};

struct parser {
	struct arena *arena;
	bwrap_read *read;
	struct bwrap_request *request;
	struct nacre_error *err;
	size_t words; /* seen so far */
	int perms; /* of --perms, for the next operation; -1: none */
};

/* The words that must still be read. */
struct words {
	const char *const *items;
	size_t n;
	bool file; /* of --args */
};

/* Takes an option with its values; its row says how many it has. */
typedef int take_fn(
	struct parser *p, const char *option, const char *const *values, size_t argument);

static take_fn take_flag, take_text, take_operation, take_args, take_perms, take_setenv,
	take_unsetenv, take_capability;

/* Values of an operation before the destination, in this order. */
enum {
	SOURCE = 1 << 8,
	FD = 1 << 9,
};

#define MEMBER(name) offsetof(struct bwrap_request, name)

/* clang-format off */
static const struct row {
	const char *name;
	unsigned n_values;
	take_fn *take;
	size_t argument;
	const char *help;
} rows[] = {
	{"--help",            0, take_flag,       MEMBER(help),            "--help                    Print this help"},
	{"--version",         0, take_flag,       MEMBER(version),         "--version                 Print the version"},
	{"--args",            1, take_args,       0,                       "--args FD                 Read more options from FD; each word ends with a NUL byte"},
	{"--argv0",           1, take_text,       MEMBER(argv0),           "--argv0 VALUE             Set argv[0] of the program to VALUE"},
	{"--unshare-user",    0, take_flag,       MEMBER(unshare_user),    "--unshare-user            Make a user namespace; implied unless the caller is root"},
	{"--unshare-pid",     0, take_flag,       MEMBER(unshare_pid),     "--unshare-pid             Make a pid namespace"},
	{"--unshare-net",     0, take_flag,       MEMBER(unshare_net),     "--unshare-net             Make a network namespace that has only a loopback interface"},
	{"--unshare-ipc",     0, take_flag,       MEMBER(unshare_ipc),     "--unshare-ipc             Make an ipc namespace"},
	{"--chdir",           1, take_text,       MEMBER(directory),       "--chdir DIR               Start the program in directory DIR"},
	{"--setenv",          2, take_setenv,     0,                       "--setenv VAR VALUE        Set an environment variable"},
	{"--unsetenv",        1, take_unsetenv,   0,                       "--unsetenv VAR            Unset an environment variable"},
	{"--bind",            2, take_operation,  BWRAP_BIND | SOURCE,     "--bind SRC DEST           Bind mount SRC of the host on DEST"},
	{"--dev-bind",        2, take_operation,  BWRAP_DEV_BIND | SOURCE, "--dev-bind SRC DEST       As --bind, and devices in it can be opened"},
	{"--ro-bind",         2, take_operation,  BWRAP_RO_BIND | SOURCE,  "--ro-bind SRC DEST        Bind mount SRC of the host on DEST, read-only"},
	{"--bind-fd",         2, take_operation,  BWRAP_BIND | FD,         "--bind-fd FD DEST         As --bind; SRC is the file or directory that FD refers to"},
	{"--ro-bind-fd",      2, take_operation,  BWRAP_RO_BIND | FD,      "--ro-bind-fd FD DEST      As --ro-bind; SRC is the file or directory that FD refers to"},
	{"--ro-bind-data",    2, take_operation,  BWRAP_FILE | FD,         "--ro-bind-data FD DEST    Copy the data read from FD to the file DEST, read-only"},
	{"--remount-ro",      1, take_operation,  BWRAP_REMOUNT_RO,        "--remount-ro DEST         Make the mount DEST read-only, but not the mounts below it"},
	{"--proc",            1, take_operation,  BWRAP_PROC,              "--proc DEST               Mount a procfs on DEST"},
	{"--dev",             1, take_operation,  BWRAP_DEV,               "--dev DEST                Make the default devices in DEST, which must be /dev"},
	{"--tmpfs",           1, take_operation,  BWRAP_TMPFS,             "--tmpfs DEST              Mount a tmpfs on DEST"},
	{"--dir",             1, take_operation,  BWRAP_DIRECTORY,         "--dir DEST                Make directory DEST"},
	{"--perms",           1, take_perms,      0,                       "--perms OCTAL             Set the permissions of the next --tmpfs, --dir or --ro-bind-data"},
	{"--new-session",     0, take_flag,       SIZE_MAX,                "--new-session             Make a new session; nacre-bwrap does so without this option too"},
	{"--die-with-parent", 0, take_flag,       MEMBER(die_with_parent), "--die-with-parent         Kill the sandbox when the caller ends"},
	{"--as-pid-1",        0, take_flag,       MEMBER(as_pid_1),        "--as-pid-1                Run the program as pid 1 of the pid namespace"},
	{"--cap-add",         1, take_capability, true,                    "--cap-add CAP             Add capability CAP, or ALL"},
	{"--cap-drop",        1, take_capability, false,                   "--cap-drop CAP            Drop capability CAP, or ALL"},
};
/* clang-format on */

enum {
	N_ROWS = sizeof(rows) / sizeof(rows[0]),
};

const char *bwrap_help_line(size_t i)
{
	return i < N_ROWS ? rows[i].help : NULL;
}

/* Returns ITEMS with room for one more than N. */
static void *with_room(
	struct parser *p, void *items, size_t n, size_t *room, size_t size, const char *option)
{
	void *larger;

	if (n < *room)
		return items;
	*room = *room ? 2 * *room : 16;
	larger = arena_array(p->arena, *room, size);
	if (!larger) {
		(void)arena_fail(p->arena, option, p->err);
		return NULL;
	}
	if (n)
		memcpy(larger, items, n * size);
	return larger;
}

static void *member(struct parser *p, size_t offset)
{
	return (char *)p->request + offset;
}

static int take_flag(
	struct parser *p, const char *option, const char *const *values, size_t argument)
{
	(void)option;
	(void)values;
	if (argument != SIZE_MAX)
		*(bool *)member(p, argument) = true;
	return 0;
}

static int take_text(
	struct parser *p, const char *option, const char *const *values, size_t argument)
{
	(void)option;
	*(const char **)member(p, argument) = values[0];
	return 0;
}

/* Reads a number of digits of BASE; -1: malformed, or more than MOST. */
static int read_number(const char *text, int base, int most)
{
	long n = 0;

	if (!*text)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text >= '0' + base)
			return -1;
		n = n * base + (*text - '0');
		if (n > most)
			return -1;
	}
	return (int)n;
}

static int read_fd(struct parser *p, const char *option, const char *text, int *ret_fd)
{
	*ret_fd = read_number(text, 10, INT_MAX);
	return *ret_fd < 0 ? fail(p->err, EINVAL,
				     "%s: expected the number of a file descriptor, found \"%s\"",
				     option, text)
			   : 0;
}

static int take_operation(
	struct parser *p, const char *option, const char *const *values, size_t argument)
{
	struct bwrap_request *request = p->request;
	struct bwrap_operation *operation;

	request->operations = with_room(p, request->operations, request->n_operations,
		&request->room_for_operations, sizeof(*operation), option);
	if (!request->operations)
		return -p->err->code;
	operation = &request->operations[request->n_operations++];
	*operation = (struct bwrap_operation){
		.kind = (enum bwrap_kind)(argument & 0xff),
		.option = option,
		.source = argument & SOURCE ? *values : NULL,
		.destination = values[argument & (SOURCE | FD) ? 1 : 0],
		.fd = -1,
		.perms = -1,
	};
	if (operation->kind == BWRAP_TMPFS || operation->kind == BWRAP_DIRECTORY ||
		operation->kind == BWRAP_FILE) {
		operation->perms = p->perms;
		p->perms = -1;
	}
	return argument & FD ? read_fd(p, option, *values, &operation->fd) : 0;
}

static int take_perms(
	struct parser *p, const char *option, const char *const *values, size_t argument)
{
	(void)argument;
	if (p->perms >= 0)
		return fail(p->err, EINVAL,
			"%s: the option is given twice in a row; give it once before --tmpfs, "
			"--dir or --ro-bind-data",
			option);
	p->perms = read_number(values[0], 8, PERMS_MAX);
	return p->perms < 0 ? fail(p->err, EINVAL,
				      "%s: expected octal permissions such as 0755, found \"%s\"",
				      option, values[0])
			    : 0;
}

static int put_variable(struct parser *p, const char *option, const char *name, const char *value)
{
	struct bwrap_request *request = p->request;

	if (!*name || strchr(name, '='))
		return fail(p->err, EINVAL,
			"%s: expected the name of an environment variable, found \"%s\"", option,
			name);
	request->variables = with_room(p, request->variables, request->n_variables,
		&request->room_for_variables, sizeof(*request->variables), option);
	if (!request->variables)
		return -p->err->code;
	request->variables[request->n_variables++] = (struct bwrap_variable){name, value};
	return 0;
}

static int take_setenv(
	struct parser *p, const char *option, const char *const *values, size_t argument)
{
	(void)argument;
	return put_variable(p, option, values[0], values[1]);
}

static int take_unsetenv(
	struct parser *p, const char *option, const char *const *values, size_t argument)
{
	(void)argument;
	return put_variable(p, option, values[0], NULL);
}

static int take_capability(
	struct parser *p, const char *option, const char *const *values, size_t argument)
{
	struct bwrap_request *request = p->request;

	request->capabilities = with_room(p, request->capabilities, request->n_capabilities,
		&request->room_for_capabilities, sizeof(*request->capabilities), option);
	if (!request->capabilities)
		return -p->err->code;
	request->capabilities[request->n_capabilities++] = (struct bwrap_capability){
		values[0], argument};
	return 0;
}

static int parse(struct parser *p, struct words *words);

static int split(struct parser *p, const char *option, const char *text, size_t length,
	const char ***ret_items, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i += strlen(text + i) + 1)
		n++;
	*ret_items = arena_array(p->arena, n + 1, sizeof(char *));
	if (!*ret_items)
		return arena_fail(p->arena, option, p->err);
	*ret_n = n;
	n = 0;
	for (size_t i = 0; i < length; i += strlen(text + i) + 1)
		(*ret_items)[n++] = text + i;
	return 0;
}

static int take_args(
	struct parser *p, const char *option, const char *const *values, size_t argument)
{
	struct words words = {.file = true};
	const char **items;
	const char *text;
	size_t length;
	int fd, r;

	(void)argument;
	r = read_fd(p, option, values[0], &fd);
	if (r == 0)
		r = p->read(p->arena, fd, option, &text, &length, p->err);
	if (r == 0)
		r = split(p, option, text, length, &items, &words.n);
	if (r < 0)
		return r;
	words.items = items;
	return parse(p, &words);
}

static const struct row *find_row(const char *name)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static int take_option(struct parser *p, struct words *words)
{
	const char *name = words->items[0];
	const struct row *row = find_row(name);
	const int perms = p->perms;
	int r;

	if (!row)
		return fail(p->err, EINVAL,
			"%s: nacre-bwrap does not know this option; see nacre-bwrap --help", name);
	if (words->n <= row->n_values)
		return fail(p->err, EINVAL,
			"%s: expected %u value%s after this option; see nacre-bwrap --help", name,
			row->n_values, row->n_values == 1 ? "" : "s");
	p->words += row->n_values + 1;
	if (p->words > WORDS_MAX)
		return fail(p->err, E2BIG,
			"%s: the command line and --args have more than %d words", name, WORDS_MAX);
	r = row->take(p, name, words->items + 1, row->argument);
	if (r == 0 && perms >= 0 && p->perms == perms && row->take != take_perms)
		return fail(p->err, EINVAL,
			"--perms: expected --tmpfs, --dir or --ro-bind-data after it, found %s",
			name);
	words->items += row->n_values + 1;
	words->n -= row->n_values + 1;
	return r;
}

static int parse(struct parser *p, struct words *words)
{
	int r = 0;

	while (r == 0 && words->n && strncmp(words->items[0], "--", 2) == 0 && words->items[0][2])
		r = take_option(p, words);
	if (r < 0 || !words->file || words->n == 0)
		return r;
	return fail(p->err, EINVAL, "--args: expected only options, found \"%s\"", words->items[0]);
}

int bwrap_parse(struct arena *arena, const struct oci_strings *given, bwrap_read *read,
	struct bwrap_request *ret_request, struct nacre_error *err)
{
	struct parser p = {
		.arena = arena, .read = read, .request = ret_request, .err = err, .perms = -1};
	struct words words = {.items = given->items, .n = given->n};
	int r;

	*ret_request = (struct bwrap_request){.help = false};
	r = parse(&p, &words);
	if (r < 0 || ret_request->help || ret_request->version)
		return r;
	if (p.perms >= 0)
		return fail(err, EINVAL,
			"--perms: expected --tmpfs, --dir or --ro-bind-data after it, found "
			"nothing");
	if (words.n && strcmp(words.items[0], "--") == 0) {
		words.items++;
		words.n--;
	} else if (words.n && words.items[0][0] == '-') {
		return fail(err, EINVAL,
			"%s: nacre-bwrap does not know this option; see nacre-bwrap --help",
			words.items[0]);
	}
	if (words.n == 0)
		return fail(err, EINVAL, "the command to run is missing; see nacre-bwrap --help");
	if (ret_request->as_pid_1 && !ret_request->unshare_pid)
		return fail(err, EINVAL, "--as-pid-1: this option needs --unshare-pid");
	ret_request->args = (struct oci_strings){(const char **)words.items, words.n};
	return 0;
}
