/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/systemd/systemd.h"
#include "libcontainer/systemd/systemd_property.h"

/* Names of units (systemd.unit(5)), and the properties of a container's unit. */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define VALID_IN_NAME LETTERS DIGITS ":-_.\\@"

static bool has_suffix(const char *text, const char *suffix)
{
	size_t n = strlen(text), n_suffix = strlen(suffix);

	return n > n_suffix && strcmp(text + n - n_suffix, suffix) == 0;
}

bool systemd_is_slice(const char *unit_name)
{
	return has_suffix(unit_name, ".slice");
}

int systemd_name_beside(const char *unit_name, const char *word, char ret_name[SYSTEMD_NAME_SIZE],
	struct nacre_error *err)
{
	const char *suffix = strrchr(unit_name, '.');
	const int stem = (int)(suffix ? (size_t)(suffix - unit_name) : strlen(unit_name));
	const int length = snprintf(
		ret_name, SYSTEMD_NAME_SIZE, "%.*s:%s.scope", stem, unit_name, word);

	return length < SYSTEMD_NAME_SIZE
		       ? 0
		       : fail(err, ENAMETOOLONG, "%.*s:%s.scope is longer than %d bytes", stem,
				 unit_name, word, SYSTEMD_NAME_SIZE - 1);
}

/* Appends N bytes of TEXT, escaped. */
static int append(char name[SYSTEMD_NAME_SIZE], const char *text, size_t n)
{
	size_t used = strlen(name);

	for (size_t i = 0; i < n; i++) {
		const char c = text[i];
		/* Escapes a leading dot, which would make a hidden file of the unit. */
		bool plain = strchr(VALID_IN_NAME, c) && (used > 0 || c != '.');
		int room = SYSTEMD_NAME_SIZE - (int)used;
		int length = plain ? snprintf(name + used, (size_t)room, "%c", c)
				   : snprintf(name + used, (size_t)room, "\\x%02x",
					     (unsigned)(unsigned char)c);

		if (length >= room)
			return -ENAMETOOLONG;
		used += (size_t)length;
	}
	return 0;
}

/* Accepts "-.slice", or names with single dashes between them: a-b.slice lies in a.slice. */
static bool is_slice_name(const char *name)
{
	size_t n = strlen(name);

	if (!systemd_is_slice(name) || n >= SYSTEMD_NAME_SIZE || name[strspn(name, VALID_IN_NAME)])
		return false;
	if (strcmp(name, "-.slice") == 0)
		return true;
	return name[0] != '-' && name[0] != '.' && !strstr(name, "--") && !strstr(name, "-.slice");
}

static int check_slice(const char *path, const char *name, struct nacre_error *err)
{
	if (is_slice_name(name))
		return 0;
	return fail(err, EINVAL,
		"linux.cgroupsPath: \"%.300s\": \"%.200s\" is not the name of a slice, as in "
		"machine.slice or a-b.slice",
		path, name);
}

static int too_long(const char *path, struct nacre_error *err)
{
	return fail(err, ENAMETOOLONG,
		"linux.cgroupsPath: \"%.300s\" makes a unit name longer than %d bytes", path,
		SYSTEMD_NAME_SIZE - 1);
}

static int name_unit(struct systemd_unit *unit, const char *path, const char *prefix,
	size_t n_prefix, const char *name, struct nacre_error *err)
{
	int r = 0;

	if (systemd_is_slice(name)) {
		r = check_slice(path, name, err);
		if (r == 0)
			strcpy(unit->name, name);
		return r;
	}
	unit->name[0] = '\0';
	if (n_prefix > 0)
		r = append(unit->name, prefix, n_prefix);
	if (r == 0 && n_prefix > 0)
		r = append(unit->name, "-", 1);
	if (r == 0)
		r = append(unit->name, name, strlen(name));
	if (r == 0)
		r = append(unit->name, ".scope", strlen(".scope"));
	return r < 0 ? too_long(path, err) : 0;
}

int systemd_unit_from_path(const char *cgroups_path, const char *id, bool of_user,
	struct systemd_unit *ret_unit, struct nacre_error *err)
{
	struct systemd_unit unit = {.of_user = of_user};
	const char *prefix, *name;
	int r;

	strcpy(unit.slice, of_user ? "user.slice" : "system.slice");
	if (!cgroups_path || !*cgroups_path) {
		cgroups_path = id;
		prefix = ":nacre:";
		name = id;
	} else {
		size_t n = strcspn(cgroups_path, ":");

		prefix = cgroups_path + n;
		name = *prefix ? strchr(prefix + 1, ':') : NULL;
		name = name ? name + 1 : "";
		if (!*name || strchr(name, ':'))
			return fail(err, EINVAL,
				"linux.cgroupsPath: \"%.300s\": systemd's cgroup driver expects "
				"SLICE:PREFIX:NAME",
				cgroups_path);
		if (n >= sizeof(unit.slice))
			return too_long(cgroups_path, err);
		if (n > 0) {
			memcpy(unit.slice, cgroups_path, n);
			unit.slice[n] = '\0';
		}
	}
	r = check_slice(cgroups_path, unit.slice, err);
	if (r >= 0)
		r = name_unit(&unit, cgroups_path, prefix + 1, strcspn(prefix + 1, ":"), name, err);
	if (r < 0)
		return r;
	*ret_unit = unit;
	return 0;
}

/* Expands a-b.slice to its place in a.slice; -.slice is the root. Each of at most 128 levels has at
 * most SYSTEMD_NAME_SIZE bytes; systemd cannot make a unit that does not fit here. */
void systemd_scope_cgroup(const struct systemd_unit *unit, char ret_path[PATH_MAX])
{
	size_t used = 0;

	for (size_t i = 1; unit->slice[0] != '-' && unit->slice[i]; i++) {
		const bool last = strcmp(unit->slice + i, ".slice") == 0;

		if ((unit->slice[i] == '-' || last) && used < PATH_MAX)
			used += (size_t)snprintf(ret_path + used, PATH_MAX - used, "/%.*s.slice",
				(int)i, unit->slice);
		if (last)
			break;
	}
	if (used < PATH_MAX)
		(void)snprintf(ret_path + used, PATH_MAX - used, "/%s", unit->name);
}

void systemd_property_field(FILE *out, const char *text)
{
	fprintf(out, "\t%s", text);
}

static void property_bool(FILE *out, const char *name, bool value)
{
	fprintf(out, "%s\tb\t%d\n", name, value);
}

void systemd_property_u64(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, "%s\tt\t%llu\n", name, (unsigned long long)value);
}

void systemd_property_string(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s\ts", name);
	systemd_property_field(out, value);
	fputc('\n', out);
}

static void properties_of_unit(
	FILE *out, const struct systemd_unit *unit, const char *id, pid_t pid)
{
	static const char *const on[] = {
		"CPUAccounting", "IOAccounting", "MemoryAccounting", "TasksAccounting"};

	fprintf(out, "Description\ts\tnacre container %s\n", id);
	if (systemd_is_slice(unit->name)) {
		/* The name of a slice determines where it lies. */
		fprintf(out, "Wants\tas\t+\t%s\t-\n", unit->slice);
	} else {
		fprintf(out, "Slice\ts\t%s\n", unit->slice);
		fprintf(out, "PIDs\tau\t+\t%d\t-\n", pid);
		/* The cgroups below the scope's are the container's. */
		property_bool(out, "Delegate", true);
		/* Leaves nothing behind if nobody deletes the container. */
		systemd_property_string(out, "CollectMode", "inactive-or-failed");
	}
	property_bool(out, "DefaultDependencies", false);
	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		property_bool(out, on[i], true);
}

static int properties_of_annotations(
	FILE *out, const struct oci_map *annotations, bool trusted, struct nacre_error *err)
{
	const size_t n_prefix = strlen(SYSTEMD_ANNOTATION_PREFIX);

	for (size_t i = 0; annotations && i < annotations->n; i++) {
		const struct oci_pair *pair = &annotations->items[i];
		int r;

		if (strncmp(pair->key, SYSTEMD_ANNOTATION_PREFIX, n_prefix) != 0)
			continue;
		r = systemd_property_of_annotation(
			out, pair->key + n_prefix, pair->key, pair->value, trusted, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int finish(FILE *out, char **text, int r, char **ret_text, struct nacre_error *err)
{
	cleanup_free char *made = NULL;

	if (fclose(out) != 0 && r == 0)
		r = fail_errno(err, ENOMEM, "properties of a systemd unit");
	made = *text;
	if (r == 0)
		*ret_text = steal_ptr(made);
	return r;
}

int systemd_unit_properties(const struct systemd_unit *unit, const char *id, pid_t pid,
	const struct oci_resources *resources, const struct oci_map *annotations, bool trusted,
	char **ret_text, struct nacre_error *err)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return fail_errno(err, errno, "properties of a systemd unit");
	properties_of_unit(out, unit, id, pid);
	if (resources)
		systemd_properties_of_limits(out, resources);
	systemd_properties_of_devices(
		out, resources ? resources->devices : NULL, resources ? resources->n_devices : 0);
	/* Comes last: of two values of a property the last one counts. */
	return finish(out, &text, properties_of_annotations(out, annotations, trusted, err),
		ret_text, err);
}

int systemd_limit_properties(const struct oci_resources *resources, bool devices, char **ret_text,
	struct nacre_error *err)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return fail_errno(err, errno, "properties of a systemd unit");
	systemd_properties_of_limits(out, resources);
	if (devices)
		systemd_properties_of_devices(out, resources->devices, resources->n_devices);
	return finish(out, &text, 0, ret_text, err);
}
