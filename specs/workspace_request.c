/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/workspace_request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "specs/path_text.h"

enum {
	SIZE_LEAST = 64 * 1024, /* overlay's own directories need as much */
	PARTS_MAX = 3,
};

static bool is_form(const char *word)
{
	return !strcmp(word, WORKSPACE_COW) || !strcmp(word, WORKSPACE_DIRECT) ||
	       !strcmp(word, WORKSPACE_READ_ONLY);
}

/* Reads digits, a unit (powers of 1024) in upper or lower case, and an optional "iB" or "B". */
static int parse_size(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "kmgt";
	unsigned long long number;
	const char *unit;
	unsigned shift = 0;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno)
		return -ERANGE;
	unit = *end ? strchr(units, *end | 0x20) : NULL;
	if (unit && *end) {
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
		end += *end == 'i' || *end == 'I';
	}
	end += *end == 'b' || *end == 'B';
	if (*end)
		return -EINVAL;
	if (number > (UINT64_MAX >> 1) >> shift)
		return -ERANGE;
	*ret_bytes = (uint64_t)number << shift;
	return 0;
}

static int parse_option(
	const char *word, struct workspace_request *request, struct nacre_error *err)
{
	if (!strcmp(word, "tmpfs")) {
		request->tmpfs = true;
		return 0;
	}
	if (strncmp(word, "size=", 5) != 0)
		return fail(err, EINVAL,
			"\"%.64s\": expected size=N or tmpfs; a path cannot contain a comma", word);
	if (parse_size(word + 5, &request->bytes) < 0 || request->bytes < SIZE_LEAST)
		return fail(err, EINVAL,
			"\"%.64s\": expected a size of at least 64k, such as 512M or 10G", word);
	return 0;
}

static int clean(
	struct arena *arena, const char *path, const char **ret_path, struct nacre_error *err)
{
	char text[PATH_TEXT_MAX];

	if (path_clean(path, text) < 0)
		return fail_errno(err, ENAMETOOLONG, "%.64s...", path);
	*ret_path = arena_strdup(arena, text);
	return *ret_path ? 0 : fail_errno(err, ENOMEM, "workspace");
}

/* Takes the N PARTS: SRC, and DEST and the form if they are given. */
static int take_parts(struct arena *arena, char *const *parts, size_t n, const char *base,
	struct workspace_request *request, struct nacre_error *err)
{
	const char *source = parts[0];
	int r;

	request->form = n > 1 && is_form(parts[n - 1]) ? parts[--n] : WORKSPACE_COW;
	if (n > 2)
		return fail(err, EINVAL, "\"%.64s\": expected cow, direct or ro", parts[n - 1]);
	if (n == 2 && parts[1][0] != '/')
		return fail(err, EINVAL,
			"\"%.64s\": expected an absolute path in the container, or cow, direct or "
			"ro",
			parts[1]);
	if (!*source)
		return fail(err, EINVAL, "expected a directory before the \":\"");
	if (*source != '/')
		source = arena_printf(arena, "%s/%s", base, source);
	if (!source)
		return fail_errno(err, ENOMEM, "workspace");
	request->placed = n == 2;
	r = clean(arena, source, &request->source, err);
	if (r == 0)
		r = clean(arena, request->placed ? parts[1] : request->source,
			&request->destination, err);
	return r;
}

static int check(const struct workspace_request *request, struct nacre_error *err)
{
	if (!strcmp(request->destination, "/"))
		return fail(err, EINVAL,
			"the root of the container cannot be a workspace: name a directory in it");
	if (request->bytes && strcmp(request->form, WORKSPACE_COW) != 0)
		return fail(err, EINVAL, "size= applies only to the form cow");
	if (request->tmpfs && !request->bytes)
		return fail(err, EINVAL, "tmpfs needs size=N, because it uses the host's memory");
	return 0;
}

int workspace_request_parse(struct arena *arena, const char *text, const char *base,
	struct workspace_request *ret_request, struct nacre_error *err)
{
	struct workspace_request request = {.bytes = 0};
	char *copy = arena_strdup(arena, text), *parts[PARTS_MAX], *option;
	size_t n = 0;
	int r = 0;

	if (!copy)
		return fail_errno(err, ENOMEM, "workspace");
	option = strchr(copy, ',');
	while (option && r == 0) {
		char *next = strchr(option + 1, ',');

		*option = '\0';
		if (next)
			*next = '\0';
		r = parse_option(option + 1, &request, err);
		option = next;
	}
	for (char *part = copy; part && r == 0;) {
		char *next = strchr(part, ':');

		if (n == PARTS_MAX)
			return fail(err, EINVAL,
				"\"%.128s\": expected SRC[:DEST][:cow|direct|ro]; a path cannot "
				"contain a colon",
				text);
		if (next)
			*next++ = '\0';
		parts[n++] = part;
		part = next;
	}
	if (r == 0)
		r = take_parts(arena, parts, n, base, &request, err);
	if (r == 0)
		r = check(&request, err);
	if (r == 0)
		*ret_request = request;
	return r;
}

int workspace_annotation_parse(struct arena *arena, const char *value,
	struct oci_strings *ret_destinations, struct nacre_error *err)
{
	static const char space[] = " \t\n";
	struct oci_strings found = {
		.items = arena_array(arena, strlen(value) / 2 + 1, sizeof(*found.items))};

	if (!found.items)
		return fail_errno(err, ENOMEM, "workspace");
	for (value += strspn(value, space); *value; value += strspn(value, space)) {
		const size_t length = strcspn(value, space);
		const char *word = arena_strndup(arena, value, length);
		int r = word ? 0 : fail_errno(err, ENOMEM, "workspace");

		if (r == 0 && *word != '/')
			r = fail(err, EINVAL,
				"\"%.64s\": expected the absolute path of a mount in the container",
				word);
		if (r == 0)
			r = clean(arena, word, &found.items[found.n], err);
		if (r < 0)
			return r;
		if (!oci_strings_have(&found, found.items[found.n]))
			found.n++;
		value += length;
	}
	if (!found.n)
		return fail(err, EINVAL, "expected the path of a mount in the container");
	*ret_destinations = found;
	return 0;
}

static const char *word_of(
	struct arena *arena, const struct oci_mount *mount, const struct oci_workspace *workspace)
{
	const char *word = arena_printf(
		arena, "%s:%s:%s", mount->source, mount->destination, workspace->form);

	if (word && workspace->bytes)
		word = arena_printf(arena, "%s,size=%" PRIu64, word, workspace->bytes);
	return word && workspace->tmpfs ? arena_printf(arena, "%s,tmpfs", word) : word;
}

int workspace_words(struct arena *arena, const struct oci_config *config, struct oci_strings *ret)
{
	const size_t n = config->nacre ? config->nacre->n_workspaces : 0;
	struct oci_strings words = {.items = arena_array(arena, n + 1, sizeof(*words.items))};

	if (!words.items)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_mounts && words.n < n; i++) {
		const struct oci_mount *mount = &config->mounts[i];
		const struct oci_workspace *workspace = oci_find_workspace(config, mount);

		if (!workspace || !mount->source)
			continue;
		words.items[words.n] = word_of(arena, mount, workspace);
		if (!words.items[words.n++])
			return -ENOMEM;
	}
	*ret = words;
	return 0;
}
