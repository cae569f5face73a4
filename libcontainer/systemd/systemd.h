/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SYSTEMD_H
#define NACRE_SYSTEMD_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "specs/spec.h"

/* Annotations with it set a property of the unit. */
#define SYSTEMD_ANNOTATION_PREFIX "org.systemd.property."

/*
 * Containers' cgroups as units of systemd, which keeps account of them and writes their limits
 * again when it is told to (systemctl daemon-reload, set-property): so what nacre writes to the
 * files of the cgroup, the unit must say as well.
 *
 * The first half of this file is pure. What talks to systemd is a program of its own, nacre-systemd
 * (companions/systemd.c), since libsystemd cannot be linked statically; it is run only
 * where this driver was asked for.
 */

#define SYSTEMD_NAME_SIZE 256 /* systemd's UNIT_NAME_MAX */

struct systemd_unit {
	char name[SYSTEMD_NAME_SIZE]; /* of a scope, or of a slice */
	char slice[SYSTEMD_NAME_SIZE]; /* that it lies in */
	bool of_user; /* of the user's own manager (systemd --user), not of the system's */
};

/* What linux.cgroupsPath asks for: "SLICE:PREFIX:NAME" is the scope PREFIX-NAME.scope in SLICE, or,
 * if NAME ends in ".slice", that slice. NULL: nacre-ID.scope. An empty SLICE is system.slice, or
 * user.slice of the user's manager. What a unit name cannot have is escaped as systemd does it. */
int systemd_unit_from_path(const char *cgroups_path, const char *id, bool of_user,
	struct systemd_unit *ret_unit, struct nacre_error *err);
bool systemd_is_slice(const char *unit_name);
/* "a.scope" and "a.slice" give "a:WORD.scope". */
int systemd_name_beside(const char *unit_name, const char *word, char ret_name[SYSTEMD_NAME_SIZE],
	struct nacre_error *err);

/* Where the system's manager makes the cgroup of a scope, below the cgroup2 mount. */
void systemd_scope_cgroup(const struct systemd_unit *unit, char ret_path[PATH_MAX]);

/* Whether it is the user's own manager that this process may ask: it is not root, or root of a user
 * namespace that a user made. 1, 0 or -errno. */
int systemd_of_user(struct nacre_error *err);

/*
 * The properties of a new unit as text for nacre-systemd: a line each, see systemd_property.h. PID
 * is the process that a scope begins with. RESOURCES may be NULL. ANNOTATIONS: those named
 * org.systemd.property.NAME set property NAME, with a value in GVariant text format; where the
 * config is TRUSTED (profile oci) any, else only such as can do no harm to others (-EPERM). Heap;
 * the caller's to free.
 */
int systemd_unit_properties(const struct systemd_unit *unit, const char *id, pid_t pid,
	const struct oci_resources *resources, const struct oci_map *annotations, bool trusted,
	char **ret_text, struct nacre_error *err);

/* systemd keeps cpu.quota as whole per cents of a CPU and rounds down, at a reload: this rounds it
 * up, for the file of the cgroup as well, so that both agree. */
void systemd_round_quota(struct oci_resources *resources);

/* Those of RESOURCES alone, for a unit that is there; its devices only if DEVICES says so. A quota
 * without its period means one of 100 ms. */
int systemd_limit_properties(const struct oci_resources *resources, bool devices, char **ret_text,
	struct nacre_error *err);

/*
 * Each asks systemd once and waits at most 30 s. -EEXIST: the name is taken; -ETIMEDOUT: systemd or
 * the bus does not answer; -EACCES: it refuses; -ENOSYS: there is none.
 */

/* Makes the unit and waits until it is there. RET_CGROUP: its path below the cgroup2 mount. */
int systemd_start(const struct systemd_unit *unit, pid_t pid, const char *properties,
	char ret_cgroup[PATH_MAX], struct nacre_error *err);

/* Changes properties of a unit until it ends. PROPERTIES: of systemd_limit_properties. */
int systemd_set(
	const char *unit_name, bool of_user, const char *properties, struct nacre_error *err);

/* Moves PID into the unit's cgroup, or into what is BELOW it ("/a"; empty: nothing): what an
 * unprivileged caller who is outside of it may not do himself. */
int systemd_attach(
	const char *unit_name, bool of_user, pid_t pid, const char *below, struct nacre_error *err);

/* Ends the unit and makes systemd forget it. Already gone is success. */
int systemd_stop(const char *unit_name, bool of_user, struct nacre_error *err);

#endif
