/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/filter.h"
#include "specs/harden_rules.h"

/* Rules that the kernel enforces on the program itself: nacre's own seccomp filter and Landlock. */

/* Sets the grants of the request. Of those of an earlier hardening it keeps only what is granted
 * again. */
static int set_grants(struct hardening *h, struct oci_hardened *nacre, bool had_filter)
{
	const struct oci_strings given = nacre->seccomp_grants;

	nacre->seccomp_grants = (struct oci_strings){.n = 0};
	for (size_t i = 0; i < h->request->grants.n; i++) {
		const char *grant = h->request->grants.items[i];

		if (!harden_grant_is_of_filter(grant) ||
			!filter_grant_matters(nacre->seccomp_filter, grant) ||
			(had_filter && !oci_strings_have(&given, grant)) ||
			!harden_granted(h, grant))
			continue;
		if (!oci_strings_have(&nacre->seccomp_grants, grant) &&
			!harden_append_word(h->arena, &nacre->seccomp_grants, grant))
			return harden_out_of_memory(h);
	}
	if (nacre->seccomp_grants.n != given.n)
		harden_note_words(h, "nacre.seccompGrants", NULL, &given, &nacre->seccomp_grants);
	return 0;
}

int rule_own_seccomp_filter(struct hardening *h)
{
	struct oci_hardened *nacre = harden_need_hardened(h);
	const char *had;

	if (!nacre)
		return harden_out_of_memory(h);
	had = nacre->seccomp_filter;
	if (!had || !profile_covers(profile_find(had), h->profile)) {
		nacre->seccomp_filter = h->profile->name;
		harden_note(h, "nacre.seccompFilter", had ? harden_json_of_string(h, had) : NULL,
			harden_json_of_string(h, h->profile->name));
	}
	return set_grants(h, nacre, had);
}

/* Applies whatever the mounts are: a file of the host may be the container's stdout or a later
 * exec's, or come from a peer through a socket. */
int rule_setuid_files(struct hardening *h)
{
	struct oci_hardened *nacre = harden_need_hardened(h);

	if (!nacre)
		return harden_out_of_memory(h);
	if (nacre->no_setuid_files || harden_granted(h, "setuid-files"))
		return 0;
	nacre->no_setuid_files = true;
	harden_note(h, "nacre.noSetuidFiles", NULL, "true");
	return 0;
}

int rule_landlock(struct hardening *h)
{
	struct oci_hardened *nacre = harden_need_hardened(h);
	const char *wanted = oci_landlock_words[harden_is_required(h)];
	const char *had;

	if (!nacre)
		return harden_out_of_memory(h);
	had = nacre->landlock;
	if (had && (!strcmp(had, wanted) || !strcmp(had, "required")))
		return 0;
	nacre->landlock = wanted;
	harden_note(h, "nacre.landlock", had ? harden_json_of_string(h, had) : NULL,
		harden_json_of_string(h, wanted));
	return 0;
}
