/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPECS_SANDBOX_SETTINGS_H
#define NACRE_SPECS_SANDBOX_SETTINGS_H

#include "specs/spec.h"

/*
 * Options of `nacre sandbox` as a JSON document, for its --settings and from its --print-settings:
 * {"version": 1, "memory": "2G", "read": ["/srv/data"]}. A member has the name of the option; an
 * option that may be repeated is an array of strings, --pids a number, and any other a string.
 * Those of a single run (--name, --receipt, --tty) are none.
 */

#define SANDBOX_SETTINGS_VERSION 1

struct sandbox_settings {
	uint32_t version;
	const char *profile;
	struct oci_strings allow, require;
	const char *userns;
	struct oci_strings egress;
	struct oci_strings workspace, read, write, hide;
	struct oci_strings env;
	const char *apply;
	const char *timeout;
	const char *memory;
	struct oci_u32 pids;
	const char *cpus;
	const char *tmp;
	const char *receipt_key;
};

/* NAME is what errors call the document. -EINVAL, or -E2BIG of JSON: it is none of these. What the
 * values mean is judged where options are. */
int sandbox_settings_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct sandbox_settings **ret_settings, struct nacre_error *err);
int sandbox_settings_encode(
	const struct sandbox_settings *settings, char **ret_json, struct nacre_error *err);

/* As words of a command line, each "--NAME=VALUE", in the order of the struct; and back. */
int sandbox_settings_to_words(struct arena *arena, const struct sandbox_settings *settings,
	struct oci_strings *ret_words, struct nacre_error *err);
int sandbox_settings_from_words(struct arena *arena, const struct oci_strings *words,
	struct sandbox_settings **ret_settings, struct nacre_error *err);

#endif
