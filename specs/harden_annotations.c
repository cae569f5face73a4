/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/annotations.h"
#include "specs/harden_rules.h"

static bool is_of_host(const char *key)
{
	for (size_t i = 0; annotations_of_host[i]; i++) {
		if (!strcmp(annotations_of_host[i], key))
			return true;
	}
	return false;
}

/* Refuses a config whose seccomp filter needs the receiver that an annotation names: without a
 * receiver a filter that notifies cannot run, so the annotation cannot just be removed. */
static int check_receiver(struct hardening *h)
{
	const struct oci_linux *linux_ = h->config->linux_;
	const struct oci_seccomp *seccomp = linux_ ? linux_->seccomp : NULL;
	struct run_annotations annotations;

	if (!seccomp || seccomp->listener_path ||
		annotations_read(h->config, &annotations, h->err) < 0 ||
		!annotations.seccomp_receiver)
		return 0;
	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		if (!strcmp(seccomp->syscalls[i].action, "SCMP_ACT_NOTIFY"))
			return fail(h->err, EPERM,
				"profile %s, rule annotations: the profile does not accept the "
				"annotation run.oci.seccomp.receiver; set "
				"linux.seccomp.listenerPath",
				h->profile->name);
	}
	return 0;
}

int rule_annotations(struct hardening *h)
{
	struct oci_map *map = &h->config->annotations;
	size_t n = 0;

	if (check_receiver(h) < 0)
		return -h->err->code;
	/* Edits in place: the map is a copy. */
	for (size_t i = 0; i < map->n; i++) {
		const struct oci_pair pair = map->items[i];

		if (!is_of_host(pair.key)) {
			map->items[n++] = pair;
			continue;
		}
		harden_note(h, harden_text(h, "annotations.%s", pair.key),
			harden_json_of_string(h, pair.value), NULL);
		harden_taken(h, NULL, "the annotation %s", pair.key);
	}
	map->n = n;
	return 0;
}
