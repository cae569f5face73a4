/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/options.h"

#include <errno.h>
#include <string.h>

#include "specs/error.h"

enum {
	SIZE_MAX_TAKEN = 4096, /* like the kernel's limit: a larger size is not a size */
};

/* The size of a struct that ends with LAST, including padding. */
#define SIZE_WITH(type, last)                                                         \
	((offsetof(type, last) + sizeof(((type *)NULL)->last) + _Alignof(type) - 1) / \
		_Alignof(type) * _Alignof(type))

/* FIRST: the size in version 1. KNOWN: the size of the struct at RET_OPTIONS. */
static int take(const char *name, const void *given, size_t first, void *ret_options, size_t known,
	struct nacre_error *err)
{
	const unsigned char *bytes = given;
	size_t size = 0;

	if (given)
		memcpy(&size, given, sizeof(size));
	if (size < first)
		return fail(err, EINVAL,
			"struct %s: its size is %zu, at least %zu are expected: set it to "
			"sizeof(struct %s)",
			name, size, first, name);
	if (size > SIZE_MAX_TAKEN)
		return fail(err, E2BIG, "struct %s: its size is %zu: set it to sizeof(struct %s)",
			name, size, name);
	for (size_t i = known; i < size; i++) {
		if (bytes[i])
			return fail(err, E2BIG,
				"struct %s: byte %zu is set and libnacre %s knows %zu only: the "
				"program was compiled with a newer one",
				name, i, NACRE_VERSION, known);
	}
	memset(ret_options, 0, known);
	memcpy(ret_options, given, size < known ? size : known);
	memcpy(ret_options, &known, sizeof(known));
	return 0;
}

/* DATA is the last member of version 1, but means nothing without the two before it. */
int options_take(const struct nacre_options *given, struct nacre_options *ret_options,
	struct nacre_error *err)
{
	return take("nacre_options", given, SIZE_WITH(struct nacre_options, debug), ret_options,
		sizeof(*ret_options), err);
}

static int check_rootless(const char *word, struct nacre_error *err)
{
	static const char *const words[] = {"true", "false", "auto"};

	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return 0;
	return word ? fail(err, EINVAL, "--rootless: expected true|false|auto, found \"%s\"", word)
		    : 0;
}

int options_take_create(const struct nacre_create_options *given,
	struct nacre_create_options *ret_options, struct nacre_error *err)
{
	int r = take("nacre_create_options", given, SIZE_WITH(struct nacre_create_options, window),
		ret_options, sizeof(*ret_options), err);

	if (r < 0)
		return r;
	if (ret_options->listen_fds > ret_options->preserve_fds)
		return fail(err, EINVAL,
			"listen_fds is %u and preserve_fds only %u: sockets of an activation "
			"must be preserved",
			ret_options->listen_fds, ret_options->preserve_fds);
	return check_rootless(ret_options->rootless, err);
}

int options_take_start(const struct nacre_start_options *given,
	struct nacre_start_options *ret_options, struct nacre_error *err)
{
	int r = take("nacre_start_options", given, SIZE_WITH(struct nacre_start_options, egress),
		ret_options, sizeof(*ret_options), err);

	if (r == 0 && !ret_options->process_file)
		r = fail(err, EINVAL,
			"start: a late process has its arguments from --process FILE: give one");
	return r;
}

int options_take_exec(const struct nacre_exec_options *given,
	struct nacre_exec_options *ret_options, struct nacre_error *err)
{
	return take("nacre_exec_options", given, SIZE_WITH(struct nacre_exec_options, window),
		ret_options, sizeof(*ret_options), err);
}

int options_take_criu(const struct nacre_criu_options *given,
	struct nacre_criu_options *ret_options, struct nacre_error *err)
{
	return take("nacre_criu_options", given, SIZE_WITH(struct nacre_criu_options, tcp_close),
		ret_options, sizeof(*ret_options), err);
}

int options_take_update(const struct nacre_update_options *given,
	struct nacre_update_options *ret_options, struct nacre_error *err)
{
	return take("nacre_update_options", given,
		SIZE_WITH(struct nacre_update_options, mem_bw_schema), ret_options,
		sizeof(*ret_options), err);
}

int options_take_sandbox(const struct nacre_sandbox_options *given,
	struct nacre_sandbox_options *ret_options, struct nacre_error *err)
{
	return take("nacre_sandbox_options", given,
		SIZE_WITH(struct nacre_sandbox_options, tmp_bytes), ret_options,
		sizeof(*ret_options), err);
}

int options_take_workspace_diff(const struct nacre_workspace_diff_options *given,
	struct nacre_workspace_diff_options *ret_options, struct nacre_error *err)
{
	int r = take("nacre_workspace_diff_options", given,
		SIZE_WITH(struct nacre_workspace_diff_options, max_changes), ret_options,
		sizeof(*ret_options), err);

	if (r < 0)
		return r;
	if ((unsigned)ret_options->format > NACRE_WORKSPACE_PATCH)
		return fail(err, EINVAL, "workspace diff: format %d: there is none",
			(int)ret_options->format);
	return 0;
}

int options_take_workspace_apply(const struct nacre_workspace_apply_options *given,
	struct nacre_workspace_apply_options *ret_options, struct nacre_error *err)
{
	return take("nacre_workspace_apply_options", given,
		SIZE_WITH(struct nacre_workspace_apply_options, json), ret_options,
		sizeof(*ret_options), err);
}

int options_take_workspace_undo(const struct nacre_workspace_undo_options *given,
	struct nacre_workspace_undo_options *ret_options, struct nacre_error *err)
{
	return take("nacre_workspace_undo_options", given,
		SIZE_WITH(struct nacre_workspace_undo_options, json), ret_options,
		sizeof(*ret_options), err);
}

size_t options_count(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

int options_copy_list(struct arena *arena, const char *const *list, struct oci_strings *ret_list,
	struct nacre_error *err)
{
	struct oci_strings copy = {.n = options_count(list)};

	copy.items = arena_array(arena, copy.n + 1, sizeof(char *));
	if (!copy.items)
		return fail_errno(err, ENOMEM, "options");
	for (size_t i = 0; i < copy.n; i++) {
		copy.items[i] = arena_strdup(arena, list[i]);
		if (!copy.items[i])
			return fail_errno(err, ENOMEM, "options");
	}
	*ret_list = copy;
	return 0;
}
