/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FACTS_H
#define NACRE_FACTS_H

#include "specs/harden.h"

/* What the rules of REQUEST's profile must know of the host before they judge CONFIG (NULL: a
 * process alone) of BUNDLE (NULL: one that runs): fills REQUEST->host. Only what they will ask for
 * is looked at. */
int facts_look(struct arena *arena, const struct oci_config *config, const char *bundle,
	struct harden_request *request, struct nacre_error *err);

#endif
