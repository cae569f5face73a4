/* SPDX-License-Identifier: Apache-2.0 */
/* The smaller documents: the record in the state directory, the state, exec's process, update's
 * resources, features. */
#include "specs/features.h"
#include "specs/state.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_record(struct arena *arena, const char *text, size_t size)
{
	struct container_record *record = NULL, *back = NULL;
	struct nacre_error err = {0};
	char *first = NULL, *second = NULL;

	if (container_record_decode(arena, "record", text, size, &record, &err) < 0)
		return;
	require_of(container_record_encode(record, &first, &err) == 0, "encode record", err.text);
	require_of(container_record_decode(arena, "record", first, strlen(first), &back, &err) == 0,
		"decode record", err.text);
	require_of(
		container_record_encode(back, &second, &err) == 0, "encode record again", err.text);
	require_of(strcmp(first, second) == 0, "same record", err.text);
	free(first);
	free(second);
}

static void check_state(struct arena *arena, const char *text, size_t size)
{
	struct oci_state *state = NULL;
	struct nacre_error err = {0};
	char *written = NULL;

	if (oci_state_decode(arena, "state", text, size, &state, &err) < 0)
		return;
	require_of(oci_state_encode(state, true, &written, &err) == 0, "encode state", err.text);
	free(written);
	require_of(container_process_state_encode(
			   state, "seccompFd", state->pid, state->owner, &written, &err) == 0,
		"encode process state", err.text);
	free(written);
}

static void check_features(struct arena *arena, const char *text, size_t size)
{
	struct oci_features *features = NULL;
	struct nacre_error err = {0};
	char *written = NULL;

	if (oci_features_decode(arena, "features", text, size, &features, &err) < 0)
		return;
	require_of(oci_features_encode(features, &written, &err) == 0, "encode features", err.text);
	free(written);
}

static void ignore(void *data, const char *text)
{
	(void)data;
	(void)text;
}

static void check_parts(struct arena *arena, const char *text, size_t size)
{
	struct oci_resources *resources = NULL, *resources_copy = NULL;
	struct oci_process *process = NULL, *process_copy = NULL;
	const struct oci_part part = {.name = "part", .text = text, .length = size, .warn = ignore};
	struct nacre_error err = {0};

	if (oci_process_decode(arena, &part, &process, &err) == 0) {
		require_of(oci_process_copy(arena, process, &process_copy, &err) == 0, "copy",
			err.text);
		require_of(oci_process_equal(process, process_copy), "equal to its copy", err.text);
	}
	if (oci_resources_decode(arena, &part, &resources, &err) == 0)
		require_of(oci_resources_copy(arena, resources, &resources_copy, &err) == 0, "copy",
			err.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(512 * 1024 * 1024);
	const char *text = (const char *)data;

	if (!arena)
		return 0;
	check_record(arena, text, size);
	check_state(arena, text, size);
	check_features(arena, text, size);
	check_parts(arena, text, size);
	arena_free(arena);
	return 0;
}
