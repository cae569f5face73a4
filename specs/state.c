/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "specs/conditions.h"
#include "specs/fields.h"

/* clang-format off */

static const struct field oci_state_fields[] = {
	FIELD_STRING("ociVersion", oci_state, oci_version, FIELD_MUST),
	FIELD_STRING("id", oci_state, id, FIELD_MUST),
	/* The spec requires it only while there is a process; callers read 0 as "stopped". */
	FIELD_I64("pid", oci_state, pid, FIELD_ALWAYS),
	FIELD_STRING("status", oci_state, status, FIELD_MUST),
	FIELD_STRING("bundle", oci_state, bundle, FIELD_MUST),
	FIELD_STRING("rootfs", oci_state, rootfs, 0),
	FIELD_STRING("created", oci_state, created, 0),
	FIELD_MAP("annotations", oci_state, annotations),
	FIELD_STRING("owner", oci_state, owner, 0),
	FIELD_STRING("profile", oci_state, profile, 0),
	FIELD_STRINGS("rules", oci_state, rules, 0),
	FIELD_U32("firstId", oci_state, first_id, 0),
	FIELD_U64("oomKills", oci_state, oom_kills, 0),
	{},
};
static STRUCT_TYPE(oci_state);

/* A record as it is written, with the conditions as words. */
struct record_document {
	struct container_record record;
	struct oci_strings conditions;
	struct oci_u64 mask; /* version 4 */
};

static const struct field record_document_fields[] = {
	FIELD_U32("version", record_document, record.version, FIELD_MUST),
	FIELD_STRING("id", record_document, record.id, FIELD_MUST),
	FIELD_STRING("bundle", record_document, record.bundle, 0),
	FIELD_STRING("rootfs", record_document, record.rootfs, 0),
	FIELD_STRING("created", record_document, record.created, 0),
	FIELD_I64("pid", record_document, record.pid, FIELD_MUST),
	FIELD_U64("startTime", record_document, record.start_time, FIELD_MUST),
	FIELD_I64("startOffset", record_document, record.start_offset, 0),
	FIELD_U64("pidfdId", record_document, record.pidfd_id, 0),
	FIELD_STRING("boot", record_document, record.boot, 0),
	FIELD_STRING("cgroup", record_document, record.cgroup, 0),
	FIELD_STRING("unit", record_document, record.unit, 0),
	FIELD_BOOL("userUnit", record_document, record.user_unit, 0),
	FIELD_U64("cgroupId", record_document, record.cgroup_id, 0),
	FIELD_OPT_U64("active", record_document, mask),
	FIELD_STRINGS("conditions", record_document, conditions, 0),
	FIELD_U32("startVersion", record_document, record.start_version, 0),
	FIELD_U32("ownerUid", record_document, record.owner_uid, FIELD_ALWAYS),
	FIELD_U32("firstId", record_document, record.first_id, 0),
	FIELD_STRING("profile", record_document, record.profile, 0),
	FIELD_STRINGS("grants", record_document, record.grants, 0),
	FIELD_STRINGS("require", record_document, record.require, 0),
	FIELD_STRINGS("audit", record_document, record.audit, 0),
	FIELD_STRING("configSha256", record_document, record.config_sha256, 0),
	FIELD_MAP("annotations", record_document, record.annotations),
	{},
};
static STRUCT_TYPE(record_document);

/* clang-format on */

static int encode(const struct struct_type *type, const void *object, bool pretty, char **ret_text,
	struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(pretty);

	fields_encode(w, type, object);
	return json_writer_finish(w, ret_text, err);
}

int oci_state_encode(
	const struct oci_state *state, bool pretty, char **ret_text, struct nacre_error *err)
{
	return encode(&oci_state_type, state, pretty, ret_text, err);
}

int oci_states_encode(
	const struct oci_state *states, size_t n, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(false);

	json_open_array(w);
	for (size_t i = 0; i < n; i++)
		fields_encode(w, &oci_state_type, &states[i]);
	json_close_array(w);
	return json_writer_finish(w, ret_text, err);
}

int oci_state_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct oci_state **ret_state, struct nacre_error *err)
{
	struct oci_state *state = arena_alloc(arena, sizeof(*state));
	int r;

	if (!state)
		return arena_fail(arena, name, err);
	r = fields_decode_text(arena, name, text, length, &oci_state_type, state, NULL, err);
	if (r == 0)
		*ret_state = state;
	return r;
}

/* The meaning of the bits of "active" in version 4, from the lowest on. */
static const char *const conditions_of_version_4[] = {
	"runs at once",
	"waits for start",
	"new userns",
	"in userns",
	"new cgroupns",
	"new netns",
	"new pidns",
	"new mntns",
	"cgroupfs",
	"systemd",
	"attach",
	"own cgroup",
	"kill on exit",
	"delegate cgroup",
	"resctrl",
	"net devices",
	"host sources",
	"device nodes",
	"hostname",
	"sysctl",
	"masks",
	"terminal",
	"notify",
	"pid file",
	"pidfd socket",
	"keyring",
	"affinity",
	"oom score",
	"limits",
	"limits from outside",
	"lsm",
	"landlock",
	"seccomp",
	"seccomp privileged",
	"seccomp last",
	"seccomp notify",
	"trace",
	"hooks create runtime",
	"hooks create container",
	"hooks start container",
	"hooks poststart",
	"hooks poststop",
	"hook output",
};

enum {
	VERSION_OF_MASK = 4,
	N_MASK = sizeof(conditions_of_version_4) / sizeof(conditions_of_version_4[0]),
};

int container_record_encode(
	const struct container_record *record, char **ret_text, struct nacre_error *err)
{
	const struct oci_strings *unknown = &record->unknown_conditions;
	struct record_document document = {.record = *record};
	struct oci_strings *words = &document.conditions;
	int r;

	words->items = calloc(N_CONDITIONS + unknown->n, sizeof(*words->items));
	if (!words->items)
		return fail_errno(err, ENOMEM, "record");
	for (size_t place = 0; place < N_CONDITIONS; place++)
		if (record->active >> place & 1)
			words->items[words->n++] = condition_word(place);
	for (size_t i = 0; i < unknown->n; i++)
		words->items[words->n++] = unknown->items[i];
	r = encode(&record_document_type, &document, false, ret_text, err);
	free(words->items);
	return r;
}

/* *RET_WORDS: in ARENA. */
static int words_of_mask(struct arena *arena, const char *name,
	const struct record_document *document, struct oci_strings *ret_words,
	struct nacre_error *err)
{
	struct oci_strings words = {.items = arena_array(arena, N_MASK, sizeof(*words.items))};
	const uint64_t mask = document->mask.value;

	if (!words.items)
		return arena_fail(arena, name, err);
	if (document->record.version != VERSION_OF_MASK || mask >> N_MASK)
		return fail(err, EINVAL,
			"%s: \"active\" is %" PRIu64 ": what that stands for is known of version "
			"%d alone, and this is version %u; delete the container with --force",
			name, mask, VERSION_OF_MASK, document->record.version);
	for (size_t i = 0; i < N_MASK; i++)
		if (mask >> i & 1)
			words.items[words.n++] = conditions_of_version_4[i];
	*ret_words = words;
	return 0;
}

static int sort_conditions(struct arena *arena, const char *name, const struct oci_strings *words,
	struct container_record *record, struct nacre_error *err)
{
	struct oci_strings *unknown = &record->unknown_conditions;

	for (size_t i = 0; i < words->n; i++) {
		uint64_t bit = condition_bit(words->items[i]);

		record->active |= bit;
		if (bit || condition_is_retired(words->items[i]))
			continue;
		if (!unknown->items)
			unknown->items = arena_array(arena, words->n, sizeof(*unknown->items));
		if (!unknown->items)
			return arena_fail(arena, name, err);
		unknown->items[unknown->n++] = words->items[i];
	}
	return 0;
}

int container_record_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct container_record **ret_record, struct nacre_error *err)
{
	struct record_document *document = arena_alloc(arena, sizeof(*document));
	struct container_record *record;
	int r;

	if (!document)
		return arena_fail(arena, name, err);
	r = fields_decode_text(
		arena, name, text, length, &record_document_type, document, NULL, err);
	if (r == 0 && document->mask.set)
		r = words_of_mask(arena, name, document, &document->conditions, err);
	if (r < 0)
		return r;
	record = &document->record;
	if (record->version == VERSION_OF_MASK && !record->start_version)
		record->start_version = VERSION_OF_MASK;
	r = sort_conditions(arena, name, &document->conditions, record, err);
	if (r == 0)
		*ret_record = record;
	return r;
}

int container_process_state_encode(const struct oci_state *state, const char *fd_name, int64_t pid,
	const char *metadata, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(false);

	json_open_object(w);
	json_key(w, "ociVersion");
	json_string(w, state->oci_version);
	json_key(w, "fds");
	json_open_array(w);
	json_string(w, fd_name);
	json_close_array(w);
	json_key(w, "pid");
	json_i64(w, pid);
	if (metadata) {
		json_key(w, "metadata");
		json_string(w, metadata);
	}
	json_key(w, "state");
	fields_encode(w, &oci_state_type, state);
	json_close_object(w);
	return json_writer_finish(w, ret_text, err);
}
