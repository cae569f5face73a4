/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/fields.h"
#include "specs/spec.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The tables of config.md of runtime-spec 1.3.0, in the order of its text. Required members are
 * FIELD_MUST; rules beyond types and words are in validate.c. */

/* clang-format off */

/* --- Root, Mounts --- */

static const struct field oci_root_fields[] = {
	FIELD_STRING("path", oci_root, path, FIELD_MUST),
	FIELD_BOOL("readonly", oci_root, readonly, 0),
	{},
};
static STRUCT_TYPE(oci_root);

static const struct field oci_id_mapping_fields[] = {
	FIELD_U32("containerID", oci_id_mapping, container_id, FIELD_MUST),
	FIELD_U32("hostID", oci_id_mapping, host_id, FIELD_MUST),
	FIELD_U32("size", oci_id_mapping, size, FIELD_MUST),
	{},
};
STRUCT_TYPE(oci_id_mapping);

static const struct field oci_mount_fields[] = {
	FIELD_STRING("destination", oci_mount, destination, FIELD_MUST),
	FIELD_STRING("type", oci_mount, type, 0),
	FIELD_STRING("source", oci_mount, source, 0),
	FIELD_STRINGS("options", oci_mount, options, 0),
	FIELD_ARRAY("uidMappings", oci_mount, uid_mappings, 0, oci_id_mapping),
	FIELD_ARRAY("gidMappings", oci_mount, gid_mappings, 0, oci_id_mapping),
	{},
};
static STRUCT_TYPE(oci_mount);

/* --- Process --- */

static const char *const scheduler_policies[] = {
	"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE",
	"SCHED_DEADLINE", NULL,
};

static const char *const scheduler_flags[] = {
	"SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN",
	"SCHED_FLAG_KEEP_POLICY", "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN",
	"SCHED_FLAG_UTIL_CLAMP_MAX", NULL,
};

static const char *const io_classes[] = {
	"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE", NULL,
};

static const struct field oci_console_size_fields[] = {
	FIELD_U64("height", oci_console_size, height, FIELD_MUST),
	FIELD_U64("width", oci_console_size, width, FIELD_MUST),
	{},
};
static STRUCT_TYPE(oci_console_size);

static const struct field oci_user_fields[] = {
	FIELD_U32("uid", oci_user, uid, FIELD_ALWAYS),
	FIELD_U32("gid", oci_user, gid, FIELD_ALWAYS),
	FIELD_OPT_U32("umask", oci_user, umask),
	FIELD_U32S("additionalGids", oci_user, additional_gids),
	FIELD_STRING("username", oci_user, username, 0),
	{},
};
static STRUCT_TYPE(oci_user);

/* Names of capabilities and rlimits are not listed here: the kernel's list grows. */
static const struct field oci_capabilities_fields[] = {
	FIELD_STRINGS("bounding", oci_capabilities, bounding, 0),
	FIELD_STRINGS("effective", oci_capabilities, effective, 0),
	FIELD_STRINGS("inheritable", oci_capabilities, inheritable, 0),
	FIELD_STRINGS("permitted", oci_capabilities, permitted, 0),
	FIELD_STRINGS("ambient", oci_capabilities, ambient, 0),
	{},
};
static STRUCT_TYPE(oci_capabilities);

static const struct field oci_rlimit_fields[] = {
	FIELD_STRING("type", oci_rlimit, type, FIELD_MUST),
	FIELD_U64("hard", oci_rlimit, hard, FIELD_MUST),
	FIELD_U64("soft", oci_rlimit, soft, FIELD_MUST),
	{},
};
static STRUCT_TYPE(oci_rlimit);

static const struct field oci_scheduler_fields[] = {
	FIELD_WORD("policy", oci_scheduler, policy, FIELD_MUST, scheduler_policies),
	FIELD_OPT_I32("nice", oci_scheduler, nice),
	FIELD_OPT_I32("priority", oci_scheduler, priority),
	FIELD_WORDS("flags", oci_scheduler, flags, scheduler_flags),
	FIELD_OPT_U64("runtime", oci_scheduler, runtime),
	FIELD_OPT_U64("deadline", oci_scheduler, deadline),
	FIELD_OPT_U64("period", oci_scheduler, period),
	{},
};
static STRUCT_TYPE(oci_scheduler);

static const struct field oci_io_priority_fields[] = {
	FIELD_WORD("class", oci_io_priority, class, FIELD_MUST, io_classes),
	FIELD_OPT_I32("priority", oci_io_priority, priority),
	{},
};
static STRUCT_TYPE(oci_io_priority);

static const struct field oci_cpu_affinity_fields[] = {
	FIELD_STRING("initial", oci_cpu_affinity, initial, 0),
	FIELD_STRING("final", oci_cpu_affinity, final, 0),
	{},
};
static STRUCT_TYPE(oci_cpu_affinity);

static const struct field oci_process_fields[] = {
	FIELD_BOOL("terminal", oci_process, terminal, 0),
	FIELD_OBJECT("consoleSize", oci_process, console_size, 0, oci_console_size),
	FIELD_INLINE("user", oci_process, user, 0, oci_user),
	FIELD_STRINGS("args", oci_process, args, 0),
	FIELD_STRING("commandLine", oci_process, command_line, 0),
	FIELD_STRINGS("env", oci_process, env, 0),
	FIELD_STRING("cwd", oci_process, cwd, FIELD_MUST),
	FIELD_OBJECT("capabilities", oci_process, capabilities, 0, oci_capabilities),
	FIELD_ARRAY("rlimits", oci_process, rlimits, 0, oci_rlimit),
	FIELD_BOOL("noNewPrivileges", oci_process, no_new_privileges, 0),
	FIELD_STRING("apparmorProfile", oci_process, apparmor_profile, 0),
	FIELD_OPT_I32("oomScoreAdj", oci_process, oom_score_adj),
	FIELD_OBJECT("scheduler", oci_process, scheduler, 0, oci_scheduler),
	FIELD_STRING("selinuxLabel", oci_process, selinux_label, 0),
	FIELD_OBJECT("ioPriority", oci_process, io_priority, 0, oci_io_priority),
	FIELD_OBJECT("execCPUAffinity", oci_process, exec_cpu_affinity, 0, oci_cpu_affinity),
	{},
};
static STRUCT_TYPE(oci_process);

/* --- POSIX-platform Hooks --- */

static const struct field oci_hook_fields[] = {
	FIELD_STRING("path", oci_hook, path, FIELD_MUST),
	FIELD_STRINGS("args", oci_hook, args, 0),
	FIELD_WORDS_PRESENT("env", oci_hook, env, NULL),
	FIELD_OPT_I64("timeout", oci_hook, timeout),
	{},
};
static STRUCT_TYPE(oci_hook);

static const struct field oci_hooks_fields[] = {
	FIELD_LIST("prestart", oci_hooks, prestart, oci_hook),
	FIELD_LIST("createRuntime", oci_hooks, create_runtime, oci_hook),
	FIELD_LIST("createContainer", oci_hooks, create_container, oci_hook),
	FIELD_LIST("startContainer", oci_hooks, start_container, oci_hook),
	FIELD_LIST("poststart", oci_hooks, poststart, oci_hook),
	FIELD_LIST("poststop", oci_hooks, poststop, oci_hook),
	{},
};
static STRUCT_TYPE(oci_hooks);

size_t oci_hook_kinds(const char *ret_kinds[OCI_HOOK_KINDS])
{
	size_t n = 0;

	while (oci_hooks_fields[n].name) {
		ret_kinds[n] = oci_hooks_fields[n].name;
		n++;
	}
	return n;
}

static const struct field oci_config_fields[] = {
	FIELD_STRING("ociVersion", oci_config, oci_version, FIELD_MUST),
	FIELD_OBJECT("process", oci_config, process, 0, oci_process),
	FIELD_OBJECT("root", oci_config, root, 0, oci_root),
	FIELD_STRING("hostname", oci_config, hostname, 0),
	FIELD_STRING("domainname", oci_config, domainname, 0),
	FIELD_ARRAY("mounts", oci_config, mounts, 0, oci_mount),
	FIELD_OBJECT("hooks", oci_config, hooks, 0, oci_hooks),
	FIELD_MAP("annotations", oci_config, annotations),
	FIELD_OBJECT("linux", oci_config, linux_, 0, oci_linux),
	FIELD_OBJECT("nacre", oci_config, nacre, 0, oci_hardened),
	{},
};
static STRUCT_TYPE(oci_config);

/* clang-format on */

/* Decodes the whole text into an object of TYPE. */
static int decode_document(struct arena *arena, const char *name, const char *text, size_t length,
	const struct struct_type *type, void *ret_object, struct json_document **ret_document,
	struct nacre_error *err)
{
	void *object = arena_alloc(arena, type->size);
	int r;

	if (!object)
		return arena_fail(arena, name, err);
	r = fields_decode_text(arena, name, text, length, type, object, ret_document, err);
	if (r == 0)
		memcpy(ret_object, &object, sizeof(object));
	return r;
}

static int copy_document(struct arena *arena, const struct struct_type *type, const void *from,
	const char *what, void *ret_copy, struct nacre_error *err)
{
	void *copy = arena_alloc(arena, type->size);

	if (!copy || fields_copy(arena, type, from, copy) < 0)
		return arena_fail(arena, what, err);
	memcpy(ret_copy, &copy, sizeof(copy));
	return 0;
}

int oci_config_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct oci_config **ret_config, struct nacre_error *err)
{
	struct json_document *document = NULL;
	struct oci_config *config = NULL;
	int r = decode_document(
		arena, name, text, length, &oci_config_type, &config, &document, err);

	if (r < 0)
		return r;
	config->document = document;
	*ret_config = config;
	return 0;
}

void oci_config_warn_of_unknown(
	const struct oci_config *config, void (*warn)(void *data, const char *text), void *data)
{
	if (config->document)
		fields_warn_of_unknown(config->document, &oci_config_type, warn, data);
}

/* Decodes a part of config.json that is a document of its own. */
static int decode_part(struct arena *arena, const struct oci_part *part,
	const struct struct_type *type, void *ret_object, struct nacre_error *err)
{
	struct json_document *document = NULL;
	int r = decode_document(
		arena, part->name, part->text, part->length, type, ret_object, &document, err);

	if (r == 0 && part->warn)
		fields_warn_of_unknown(document, type, part->warn, part->data);
	return r;
}

int oci_process_decode(struct arena *arena, const struct oci_part *part,
	struct oci_process **ret_process, struct nacre_error *err)
{
	return decode_part(arena, part, &oci_process_type, ret_process, err);
}

int oci_resources_decode(struct arena *arena, const struct oci_part *part,
	struct oci_resources **ret_resources, struct nacre_error *err)
{
	return decode_part(arena, part, &oci_resources_type, ret_resources, err);
}

int oci_config_encode(
	const struct oci_config *config, bool pretty, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(pretty);

	fields_encode(w, &oci_config_type, config);
	return json_writer_finish(w, ret_text, err);
}

int oci_config_rewrite(const struct oci_config *before, const struct oci_config *after,
	char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(false);

	fields_rewrite(w, &oci_config_type, before->document->root, before, after);
	return json_writer_finish(w, ret_text, err);
}

int oci_config_copy(struct arena *arena, const struct oci_config *config,
	struct oci_config **ret_copy, struct nacre_error *err)
{
	/* Keeps the document: fields_copy starts from a copy of the struct. */
	return copy_document(arena, &oci_config_type, config, "copy of config", ret_copy, err);
}

int oci_process_copy(struct arena *arena, const struct oci_process *process,
	struct oci_process **ret_copy, struct nacre_error *err)
{
	return copy_document(arena, &oci_process_type, process, "copy of process", ret_copy, err);
}

int oci_resources_copy(struct arena *arena, const struct oci_resources *resources,
	struct oci_resources **ret_copy, struct nacre_error *err)
{
	return copy_document(
		arena, &oci_resources_type, resources, "copy of resources", ret_copy, err);
}

bool oci_config_equal(const struct oci_config *a, const struct oci_config *b)
{
	return fields_equal(&oci_config_type, a, b);
}

bool oci_process_equal(const struct oci_process *a, const struct oci_process *b)
{
	return fields_equal(&oci_process_type, a, b);
}

struct oci_namespace *oci_find_namespace(const struct oci_config *config, const char *type)
{
	const struct oci_linux *lin = config->linux_;

	for (size_t i = 0; lin && i < lin->n_namespaces; i++)
		if (strcmp(lin->namespaces[i].type, type) == 0)
			return &lin->namespaces[i];
	return NULL;
}

struct oci_namespace *oci_add_namespace(
	struct arena *arena, struct oci_config *config, const char *type)
{
	struct oci_linux *lin = config->linux_;
	struct oci_namespace *larger;

	if (!lin)
		lin = config->linux_ = arena_alloc(arena, sizeof(*lin));
	larger = lin ? arena_array(arena, lin->n_namespaces + 1, sizeof(*larger)) : NULL;
	if (!larger)
		return NULL;
	for (size_t i = 0; i < lin->n_namespaces; i++)
		larger[i] = lin->namespaces[i];
	lin->namespaces = larger;
	larger[lin->n_namespaces].type = type;
	return &larger[lin->n_namespaces++];
}

bool oci_strings_have(const struct oci_strings *list, const char *word)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i], word) == 0)
			return true;
	return false;
}

bool oci_strings_same(const struct oci_strings *a, const struct oci_strings *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = !strcmp(a->items[i], b->items[i]);
	return same;
}

int oci_fail(const struct oci_config *config, struct nacre_error *err, const char *path,
	const char *format, ...)
{
	const struct json_document *document = config->document;
	char why[900];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	if (!document)
		return fail(err, EINVAL, "%s: %s", path, why);
	return fail(err, EINVAL, "%s:%u: %s: %s", document->name, json_find(document, path)->line,
		path, why);
}
