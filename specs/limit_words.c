/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/spec.h"

/* The limits of a config that the profile has set. */

const char *const oci_limit_words[] = {"pids", "memory", "swap", "oom-group", "cpu", NULL};

uint32_t oci_best_effort(const struct oci_config *config)
{
	return config->nacre && config->nacre->limits_required ? 0 : oci_limits_of_profile(config);
}

uint32_t oci_limits_of_profile(const struct oci_config *config)
{
	uint32_t limits = 0;

	for (uint32_t i = 0; config->nacre && oci_limit_words[i]; i++) {
		if (oci_strings_have(&config->nacre->best_effort, oci_limit_words[i]))
			limits |= UINT32_C(1) << i;
	}
	return limits;
}
