/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/harden.h"
#include "specs/validate.h"
#include "tests/fuzz/fuzz.h"
#include "tests/order.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *none[] = {""};
static const char *some[] = {"host-network", "rootfs-write", "tmp-exec", "new-privileges",
	"cap:CAP_SYS_ADMIN", "device:/dev/fuse"};
static const char *most[] = {"host-network", "host-pid", "host-ipc", "engine-socket", "mount:/",
	"mount:/dev", "mount:/proc", "mount:/sys", "unlimited:pids", "unlimited:memory",
	"unlimited:swap", "unlimited:cpu", "join-network", "cgroup-write", "workspace:/",
	"workspace-exec", "setuid-files"};

static const struct harden_request requests[] = {
	{"agent", {none, 0}, .host = {.memory_bytes = 16ULL << 30}},
	{"agent", {some, sizeof(some) / sizeof(some[0])}, .host = {.memory_bytes = 1ULL << 30}},
	{"agent", {most, sizeof(most) / sizeof(most[0])}, .host = {.memory_bytes = 0}},
	{"nested", {none, 0}, .host = {.memory_bytes = 16ULL << 30}},
	{"nested", {most, sizeof(most) / sizeof(most[0])}, .host = {.memory_bytes = 0}},
	{"strict", {none, 0}, .host = {.memory_bytes = 16ULL << 30}},
	{"strict", {most, sizeof(most) / sizeof(most[0])}, .host = {.memory_bytes = 1ULL << 30}},
};

static void check_report(const struct harden_report *report)
{
	struct nacre_error err = {0};
	char *text = NULL;

	require_of(harden_report_json(report, &text, &err) == 0, "report as JSON", err.text);
	free(text);
	require_of(harden_report_text(report, &text, &err) == 0, "report as text", err.text);
	free(text);
}

static void check_laws(struct arena *arena, const struct oci_config *config,
	const struct harden_request *request, bool valid)
{
	struct oci_config *once = NULL, *twice = NULL;
	struct harden_report *report = NULL;
	struct nacre_error err = {0};
	const char *what;
	int r = harden(arena, config, request, &once, &report, &err);

	if (r < 0) {
		require_of(r == -err.code && (r == -EPERM || r == -ENAMETOOLONG || r == -E2BIG),
			"error of harden", err.text);
		return;
	}
	check_report(report);
	/* What is not valid only must not hurt. */
	if (!valid)
		return;
	require_of(oci_config_validate(once, &err) == 0, "valid stays valid", err.text);
	what = looser(arena, config, once);
	require_of(!what, "never looser", what ? what : "");
	r = harden(arena, once, request, &twice, &report, &err);
	require_of(r == 0, "hardened is hardened again", err.text);
	require_of(!report->n_changes, "idempotent",
		report->n_changes ? report->changes[0].summary : "");
	require_of(oci_config_equal(once, twice), "equal when hardened again", "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(256 * 1024 * 1024);
	struct oci_config *config = NULL;
	struct nacre_error err;

	if (!arena)
		return 0;
	if (oci_config_decode(arena, "config.json", (const char *)data, size, &config, &err) == 0) {
		bool valid = oci_config_validate(config, &err) == 0;

		for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
			check_laws(arena, config, &requests[i], valid);
	}
	arena_free(arena);
	return 0;
}
