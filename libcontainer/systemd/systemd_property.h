/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SYSTEMD_PROPERTY_H
#define NACRE_SYSTEMD_PROPERTY_H

#include <stdint.h>
#include <stdio.h>

#include "specs/spec.h"

/*
 * The text format of a unit's properties for nacre-systemd. A line has the fields NAME, the D-Bus
 * signature of the value, and the value, separated by tabs. A basic value is one field, a struct is
 * the fields of its members, an array has "+" before each element and "-" at the end. Strings
 * contain no control characters. "?" before NAME: leave it out if this systemd does not know it.
 */

#define PROPERTY_OPTIONAL "?"

void systemd_property_u64(FILE *out, const char *name, uint64_t value);
void systemd_property_string(FILE *out, const char *name, const char *value);
void systemd_property_field(FILE *out, const char *text);

/* linux.resources, systemd_limits.c and systemd_devices.c. Invalid values are left out:
 * cgroup_limits.h and cgroup_devices.h report them. */
void systemd_properties_of_limits(FILE *out, const struct oci_resources *resources);
void systemd_properties_of_devices(FILE *out, const struct oci_device_rule *rules, size_t n);

/* Writes the annotation KEY; NAME is its part behind org.systemd.property. */
int systemd_property_of_annotation(FILE *out, const char *name, const char *key, const char *value,
	bool trusted, struct nacre_error *err);

#endif
