/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "libcontainer/api/nacre.h"
#include "specs/defaults.h"
#include "specs/profiles.h"

int nacre_default_config(
	bool rootless, const char *profile_name, char **ret_json, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	const struct profile *profile = profile_find(profile_name ? profile_name : "agent");
	enum default_kind kind = DEFAULT_ROOT;
	struct oci_config *config;
	int r;

	if (!arena)
		return fail_errno(err, ENOMEM, "default config");
	if (!profile)
		return harden_profile_check(profile_name, err);
	if (rootless)
		kind = profile_has(profile, RULE_host_network) ? DEFAULT_ROOTLESS_OWN_NETWORK
							       : DEFAULT_ROOTLESS;
	r = oci_default_config(arena, kind, geteuid(), getegid(), &config, err);
	if (r < 0)
		return r;
	return oci_config_encode(config, true, ret_json, err);
}
