/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPECS_CHECKPOINT_H
#define NACRE_SPECS_CHECKPOINT_H

#include "specs/harden.h"

/*
 * What lies beside criu's images in a checkpoint:
 *
 *   nacre.json        what the container was hardened with
 *   descriptors.json  where its stdio led to, an array of three strings in runc's manner
 */

#define CHECKPOINT_VERSION 1

struct checkpoint_record {
	uint32_t version;
	const char *profile;
	struct oci_strings grants;
	const char *null_device; /* criu's name of the host's /dev/null, if stdio led to it */
};

int checkpoint_record_encode(
	const struct checkpoint_record *record, char **ret_text, struct nacre_error *err);
int checkpoint_record_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct checkpoint_record **ret_record, struct nacre_error *err);

/* What comes out of a checkpoint cannot be hardened again: seccomp filters, no_new_privs,
 * capabilities and mounts are as they were. -EPERM if they may be looser than what REQUEST stands
 * for: RECORD's profile is not as tight, or it had a grant that is not given now. RECORD NULL: of
 * another runtime, as loose as can be. */
int checkpoint_may_restore(const struct checkpoint_record *record,
	const struct harden_request *request, struct nacre_error *err);

int checkpoint_stdio_encode(const char *const stdio[3], char **ret_text, struct nacre_error *err);
/* More than three are not looked at; what is missing is "". */
int checkpoint_stdio_decode(struct arena *arena, const char *name, const char *text, size_t length,
	const char *ret_stdio[3], struct nacre_error *err);

#endif
