/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_VALIDATE_CHECKS_H
#define NACRE_VALIDATE_CHECKS_H

#include "specs/spec.h"

/* What validate.c, validate_process.c, validate_linux.c and so on share. */

struct check {
	const char *name;
	int (*function)(const struct oci_config *config, struct nacre_error *err);
};

/* Each list ends with a NULL name. */
extern const struct check validate_process_checks[]; /* need config->process */
extern const struct check validate_linux_checks[]; /* need config->linux_ */
extern const struct check validate_limit_checks[]; /* need config->linux_->resources */

/* A JSON path with indexes, to be used at once: validate_at("mounts[%zu].source", i).text. */
struct place {
	char text[256];
};
struct place validate_at(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The namespace of TYPE is not the runtime's own. */
bool validate_has_namespace(const struct oci_config *config, const char *type);

/* A list of uidMappings or gidMappings at PLACE: sizes, range, overlaps. */
int validate_id_mappings(const struct oci_config *config, const struct oci_id_mapping *mappings,
	size_t n, const char *place, struct nacre_error *err);

int validate_memory_policy(const struct oci_config *config, struct nacre_error *err);
int validate_workspaces(const struct oci_config *config, struct nacre_error *err);
int validate_seccomp(const struct oci_config *config, struct nacre_error *err);

#endif
