/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SYSTEMD_PROPERTY_H
#define NACRE_SYSTEMD_PROPERTY_H

#include <stdint.h>
#include <stdio.h>

#include "specs/spec.h"

/*
 * Properties of a unit on their way to nacre-systemd. A line is NAME, the D-Bus signature of its
 * value, and the value, with a tab between two fields. A basic value is one field, a struct those
 * of its members in a row, an array "+" before each element and "-" at the end. No string has a
 * control character. "?" before NAME: left out if this systemd does not know it.
 */

#define PROPERTY_OPTIONAL "?"

void systemd_property_u64(FILE *out, const char *name, uint64_t value);
void systemd_property_string(FILE *out, const char *name, const char *value);
void systemd_property_field(FILE *out, const char *text);

/* linux.resources, systemd_limits.c and systemd_devices.c. Values that are not valid are left out:
 * cgroup_limits.h and cgroup_devices.h have an error for each. */
void systemd_properties_of_limits(FILE *out, const struct oci_resources *resources);
void systemd_properties_of_devices(FILE *out, const struct oci_device_rule *rules, size_t n);

/* The annotation KEY, of which NAME is the part behind org.systemd.property. */
int systemd_property_of_annotation(FILE *out, const char *name, const char *key, const char *value,
	bool trusted, struct nacre_error *err);

#endif
