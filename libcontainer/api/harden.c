/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "libcontainer/api/bundle.h"
#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"

int nacre_harden(const struct nacre_create_options *given, enum nacre_harden_format format,
	char **ret_text, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	struct nacre_create_options options;
	struct life_shift shift = LIFE_SHIFT_NONE;
	struct bundle bundle;
	int r;

	r = options_take_create(given, &options, err);
	if (r < 0)
		return r;
	if (!arena)
		return fail_errno(err, ENOMEM, "harden");
	r = bundle_load(arena, &options, container_drop_warning, NULL, &shift, &bundle, err);
	life_shift_done(&shift);
	if (r < 0)
		return r;
	switch (format) {
	case NACRE_HARDEN_TEXT:
		return harden_report_text(bundle.report, ret_text, err);
	case NACRE_HARDEN_JSON:
		return harden_report_json(bundle.report, ret_text, err);
	case NACRE_HARDEN_DIFF:
		return harden_report_diff(bundle.report, ret_text, err);
	case NACRE_HARDEN_CONFIG:
		return oci_config_encode(bundle.config, true, ret_text, err);
	}
	return fail(err, EINVAL, "format %d", format);
}
