/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPECS_BWRAP_SANDBOX_H
#define NACRE_SPECS_BWRAP_SANDBOX_H

#include "specs/bwrap.h"

/* What the files behind bwrap_config share. */

struct bwrap_sandbox {
	struct arena *arena;
	const struct bwrap_request *request;
	const struct bwrap_host *host;
	struct oci_config *config;
	bool user_namespace;
	struct nacre_error *err;
};

/* The error of an allocation. */
int bwrap_fail_memory(const struct bwrap_sandbox *s);

/* LIST has room. */
void bwrap_add_word(struct oci_strings *list, const char *word);

/* config->mounts, and what is hidden or read-only in them. */
int bwrap_make_mounts(struct bwrap_sandbox *s);

#endif
