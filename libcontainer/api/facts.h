/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FACTS_H
#define NACRE_FACTS_H

#include "specs/harden.h"

/* Finds the facts about the host that the rules of REQUEST's profile need to judge CONFIG (NULL:
 * only a process) of BUNDLE (NULL: of a running container), and fills in REQUEST->host. Looks only
 * at what the rules need. */
int facts_look(struct arena *arena, const struct oci_config *config, const char *bundle,
	struct harden_request *request, struct nacre_error *err);

#endif
