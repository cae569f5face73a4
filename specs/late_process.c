/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/late_process.h"

#include <errno.h>
#include <string.h>

#include "specs/json.h"
#include "specs/validate.h"

static bool may_change(const char *member)
{
	static const char *const members[] = {"args", "env", "cwd"};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!strcmp(members[i], member))
			return true;
	return false;
}

/* Refuses unknown members, which the decoder would ignore. */
static int check_members(const struct json_node *root, const char *name, struct nacre_error *err)
{
	const struct json_node *member = root->type == JSON_OBJECT ? root->child : NULL;

	for (; member; member = member->next)
		if (!may_change(member->key))
			return fail(err, EINVAL,
				"%s:%u: %.64s: the process of a container created with --late can "
				"set only args, env and cwd, and create has set everything else: "
				"leave it out",
				name, member->line, member->key);
	return 0;
}

static struct oci_process *copy_of(struct arena *arena, const struct oci_process *created)
{
	struct oci_process *process = arena_alloc(arena, sizeof(*process));

	if (process)
		*process = *created;
	return process;
}

int late_process_decode(struct arena *arena, const struct oci_part *part,
	const struct oci_process *created, struct oci_process **ret_process,
	struct nacre_error *err)
{
	struct oci_process *given, *process;
	struct json_document *document;
	int r = json_parse(arena, part->name, part->text, part->length, &document, err);

	if (r == 0)
		r = check_members(document->root, part->name, err);
	if (r == 0)
		r = oci_process_decode(arena, part, &given, err);
	if (r < 0)
		return r;
	process = copy_of(arena, created);
	if (!process)
		return fail_errno(err, ENOMEM, "process");
	process->args = given->args;
	process->cwd = given->cwd;
	if (json_member(document->root, "env"))
		process->env = given->env;
	r = oci_process_validate(process, err);
	if (r < 0)
		return fail_prefix(err, "%s", part->name);
	*ret_process = process;
	return 0;
}

static size_t bytes_of(const struct oci_strings *list)
{
	size_t bytes = 0;

	for (size_t i = 0; i < list->n; i++)
		bytes += strlen(list->items[i]) + 1;
	return bytes;
}

static char *put(char *to, const struct oci_strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		to = stpcpy(to, list->items[i]) + 1;
	return to;
}

int late_process_pack(struct arena *arena, const struct oci_process *process, char **ret_bytes,
	size_t *ret_length, struct nacre_error *err)
{
	const size_t length = strlen(process->cwd) + 1 + bytes_of(&process->args) +
			      bytes_of(&process->env);
	char *bytes;

	if (length > LATE_PROCESS_BYTES)
		return fail(err, E2BIG,
			"process: the arguments and the environment have %zu bytes, more than the "
			"%zu that start accepts",
			length, LATE_PROCESS_BYTES);
	bytes = arena_alloc(arena, length);
	if (!bytes)
		return fail_errno(err, ENOMEM, "process");
	(void)put(put(stpcpy(bytes, process->cwd) + 1, &process->args), &process->env);
	*ret_bytes = bytes;
	*ret_length = length;
	return 0;
}

static int damaged(struct nacre_error *err)
{
	return fail(err, EPROTO, "the message that describes the process is damaged");
}

int late_process_unpack(struct arena *arena, const char *bytes, size_t length, size_t n_args,
	const struct oci_process *created, struct oci_process **ret_process,
	struct nacre_error *err)
{
	struct oci_process *process;
	const char **strings;
	size_t n = 0;

	if (length == 0 || length > LATE_PROCESS_BYTES || bytes[length - 1])
		return damaged(err);
	for (size_t i = 0; i < length; i++)
		n += !bytes[i];
	if (n_args == 0 || n_args > n - 1)
		return damaged(err);
	strings = arena_array(arena, n, sizeof(*strings));
	process = copy_of(arena, created);
	if (!strings || !process)
		return fail_errno(err, ENOMEM, "process");
	for (size_t i = 0; i < n; i++) {
		strings[i] = bytes;
		bytes += strlen(bytes) + 1;
	}
	process->cwd = strings[0];
	process->args = (struct oci_strings){strings + 1, n_args};
	process->env = (struct oci_strings){strings + 1 + n_args, n - 1 - n_args};
	*ret_process = process;
	return 0;
}
