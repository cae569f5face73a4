/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SYSTEMD_H
#define NACRE_SYSTEMD_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "specs/spec.h"

/* Annotations with this prefix set a property of the unit. */
#define SYSTEMD_ANNOTATION_PREFIX "org.systemd.property."

/*
 * Makes the cgroups of containers units of systemd. systemd keeps the limits of its units, and
 * writes them again on request (systemctl daemon-reload, set-property): whatever nacre writes to
 * the files of the cgroup must also be a property of the unit.
 *
 * The first half of this file is pure. Requests are sent by a separate program, nacre-systemd
 * (companions/systemd.c), since libsystemd cannot be linked statically; it runs only if this driver
 * was chosen.
 */

#define SYSTEMD_NAME_SIZE 256 /* systemd's UNIT_NAME_MAX */

struct systemd_unit {
	char name[SYSTEMD_NAME_SIZE]; /* of a scope, or of a slice */
	char slice[SYSTEMD_NAME_SIZE]; /* the slice that contains it */
	bool of_user; /* a unit of the user's manager (systemd --user), not of the system's */
};

/* Parses linux.cgroupsPath: "SLICE:PREFIX:NAME" means the scope PREFIX-NAME.scope in SLICE, or, if
 * NAME ends in ".slice", that slice. NULL means nacre-ID.scope. An empty SLICE means system.slice,
 * or user.slice of the user's manager. Characters that a unit name cannot contain are escaped as
 * systemd does it. */
int systemd_unit_from_path(const char *cgroups_path, const char *id, bool of_user,
	struct systemd_unit *ret_unit, struct nacre_error *err);
bool systemd_is_slice(const char *unit_name);
/* Makes the name "a:WORD.scope" from "a.scope" or "a.slice". */
int systemd_name_beside(const char *unit_name, const char *word, char ret_name[SYSTEMD_NAME_SIZE],
	struct nacre_error *err);

/* Returns where the system's manager makes the cgroup of a scope, below the cgroup2 mount. */
void systemd_scope_cgroup(const struct systemd_unit *unit, char ret_path[PATH_MAX]);

/* Returns whether this process must ask the user's manager: it is not root, or it is root of a user
 * namespace that a user has made. 1, 0 or -errno. */
int systemd_of_user(struct nacre_error *err);

/*
 * Writes the properties of a new unit as text for nacre-systemd, one per line: see
 * systemd_property.h. PID is the first process of a scope. RESOURCES may be NULL. ANNOTATIONS named
 * org.systemd.property.NAME set property NAME, with a value in the GVariant text format; if the
 * config is TRUSTED (profile oci) any property, otherwise only those that cannot harm others
 * (-EPERM). Heap; the caller's to free.
 */
int systemd_unit_properties(const struct systemd_unit *unit, const char *id, pid_t pid,
	const struct oci_resources *resources, const struct oci_map *annotations, bool trusted,
	char **ret_text, struct nacre_error *err);

/* Rounds the quota up as systemd keeps it: systemd stores whole percents of a CPU and rounds down
 * at a reload. The rounded value is for the cgroup's file as well, so that both agree. */
void systemd_round_quota(struct oci_resources *resources);

/* Writes only the properties of RESOURCES, for an existing unit; the devices only if DEVICES. A
 * quota without a period means a period of 100 ms. */
int systemd_limit_properties(const struct oci_resources *resources, bool devices, char **ret_text,
	struct nacre_error *err);

/*
 * Each sends one request to systemd and waits at most 30 s. -EEXIST: the name is taken; -ETIMEDOUT:
 * systemd or the bus does not answer; -EACCES: it refuses; -ENOSYS: there is no systemd.
 */

/* Makes the unit and waits until it exists. RET_CGROUP: its path below the cgroup2 mount. */
int systemd_start(const struct systemd_unit *unit, pid_t pid, const char *properties,
	char ret_cgroup[PATH_MAX], struct nacre_error *err);

/* Changes properties of a unit until it ends. PROPERTIES: from systemd_limit_properties. */
int systemd_set(
	const char *unit_name, bool of_user, const char *properties, struct nacre_error *err);

/* Moves PID into the unit's cgroup, or into the cgroup BELOW it ("/a"; empty: the unit's own), for
 * an unprivileged caller who is outside of it and may not do that. */
int systemd_attach(
	const char *unit_name, bool of_user, pid_t pid, const char *below, struct nacre_error *err);

/* Ends the unit and makes systemd forget it. A unit that is gone already is a success. */
int systemd_stop(const char *unit_name, bool of_user, struct nacre_error *err);

#endif
