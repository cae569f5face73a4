/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/validate.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "specs/annotations.h"
#include "specs/defaults.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"
#include "specs/validate_checks.h"

/*
 * The rules of the runtime-spec beyond types and enums, one check each. What runc accepts is
 * accepted, unless the spec requires a runtime to refuse it or the kernel would refuse it. A check
 * reads only the config: what depends on the host is checked when it is applied.
 */

struct place validate_at(const char *format, ...)
{
	struct place place;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(place.text, sizeof(place.text), format, args);
	va_end(args);
	return place;
}

bool validate_has_namespace(const struct oci_config *config, const char *type)
{
	return config->linux_ && oci_find_namespace(config, type);
}

/* Reads digits without a leading zero, as SemVer requires. Returns what follows, or NULL. */
static const char *skip_number(const char *text)
{
	size_t length = strspn(text, "0123456789");

	if (!length || (text[0] == '0' && length > 1))
		return NULL;
	return text + length;
}

/* Reads the identifiers of a pre-release or of build metadata. */
static const char *skip_identifiers(const char *text)
{
	do {
		const char *begin = ++text;

		while (isalnum((unsigned char)*text) || *text == '-')
			text++;
		if (text == begin)
			return NULL;
	} while (*text == '.');
	return text;
}

static bool is_semver(const char *version)
{
	const char *rest = version;

	for (unsigned i = 0; i < 3; i++) {
		if (i && *rest++ != '.')
			return false;
		rest = skip_number(rest);
		if (!rest)
			return false;
	}
	if (*rest == '-')
		rest = skip_identifiers(rest);
	if (rest && *rest == '+')
		rest = skip_identifiers(rest);
	return rest && !*rest;
}

/* Compares only the major version, as runc does: a newer minor version only adds properties, which
 * are ignored: config.md, Extensibility. */
static int check_oci_version(const struct oci_config *config, struct nacre_error *err)
{
	const char *version = config->oci_version;

	if (!version)
		return oci_fail(config, err, "ociVersion",
			"is missing; this runtime supports %s to %s", OCI_VERSION_MIN, OCI_VERSION);
	if (!is_semver(version))
		return oci_fail(config, err, "ociVersion", "\"%s\" is not a version such as \"%s\"",
			version, OCI_VERSION);
	if (strncmp(version, "1.", 2))
		return oci_fail(config, err, "ociVersion",
			"version %s is not supported; this runtime supports %s to %s", version,
			OCI_VERSION_MIN, OCI_VERSION);
	return 0;
}

static bool is_empty(const char *text)
{
	return !text || !*text;
}

static int check_root(const struct oci_config *config, struct nacre_error *err)
{
	if (!config->root)
		return oci_fail(
			config, err, "root", "is missing; a container needs a root filesystem");
	if (is_empty(config->root->path))
		return oci_fail(config, err, "root.path", "is missing or empty");
	return 0;
}

static int check_process_present(const struct oci_config *config, struct nacre_error *err)
{
	if (!config->process)
		return oci_fail(
			config, err, "process", "is missing; create needs the program to run");
	return 0;
}

static int check_host_names(const struct oci_config *config, struct nacre_error *err)
{
	const char *place = config->hostname ? "hostname" : "domainname";
	bool uts = validate_has_namespace(config, "uts");

	if ((!config->hostname && !config->domainname) || uts)
		return 0;
	return oci_fail(config, err, place,
		"would change the host's name; add {\"type\": \"uts\"} to linux.namespaces");
}

static int check_mount_ends(const struct oci_config *config, struct nacre_error *err)
{
	char clean[PATH_TEXT_MAX];

	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		if (is_empty(mount->destination))
			return oci_fail(config, err, validate_at("mounts[%zu].destination", i).text,
				"is missing or empty");
		if (path_clean(mount->destination, clean) < 0)
			return oci_fail(config, err, validate_at("mounts[%zu].destination", i).text,
				"is longer than %d bytes", PATH_TEXT_MAX - 1);
		if (!strcmp(clean, "/") && !oci_mount_is_root(config, i))
			return oci_fail(config, err, validate_at("mounts[%zu].destination", i).text,
				"\"%s\" is the container's root; use root.path for it",
				mount->destination);
		if (mount_is_bind(mount) && !mount->source)
			return oci_fail(config, err, validate_at("mounts[%zu].source", i).text,
				"is missing or empty; a bind mount needs one");
		if (!mount_is_bind(mount) && !mount->type && !mount_has(mount, "remount"))
			return oci_fail(config, err, validate_at("mounts[%zu].type", i).text,
				"is missing; give a filesystem type, or the option bind or rbind");
	}
	return 0;
}

/* The files that lxcfs and the like replace. Any other mount over a part of /proc can make the
 * runtime's own writes to /proc (labels, sysctls) end elsewhere: CVE-2019-16884. */
static const char *const proc_files[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/loadavg",
	"/proc/meminfo",
	"/proc/slabinfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/sys/crypto/fips_enabled",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/uptime",
	NULL,
};

static bool is_listed(const char *const *list, const char *word)
{
	for (; *list; list++) {
		if (!strcmp(*list, word))
			return true;
	}
	return false;
}

static int check_mounts_on_proc(const struct oci_config *config, struct nacre_error *err)
{
	char clean[PATH_TEXT_MAX];

	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		if (!mount->destination || path_clean(mount->destination, clean) < 0 ||
			!path_within(clean, "/proc") || is_listed(proc_files, clean))
			continue;
		if (strcmp(clean, "/proc"))
			return oci_fail(config, err, validate_at("mounts[%zu].destination", i).text,
				"\"%s\" cannot be mounted because it is inside /proc",
				mount->destination);
		if (!mount_is_bind(mount) && mount->type && strcmp(mount->type, "proc"))
			return oci_fail(config, err, validate_at("mounts[%zu].type", i).text,
				"\"%s\" cannot be mounted because it is not of type proc",
				mount->destination);
	}
	return 0;
}

static int check_idmap(const struct oci_config *config, size_t i, struct nacre_error *err)
{
	const struct oci_mount *mount = &config->mounts[i];
	int r;

	if (!mount->n_uid_mappings != !mount->n_gid_mappings)
		return oci_fail(config, err, validate_at("mounts[%zu]", i).text,
			"uidMappings and gidMappings must be given together");
	if (!mount_options_read(mount).idmap)
		return 0;
	if (!mount_is_bind(mount))
		return oci_fail(config, err, validate_at("mounts[%zu]", i).text,
			"id-mapped mounts are only supported for bind mounts; add the option bind");
	if (!mount->n_uid_mappings && !validate_has_namespace(config, "user"))
		return oci_fail(config, err, validate_at("mounts[%zu].options", i).text,
			"idmap needs uidMappings and gidMappings, or a user namespace to take them "
			"from");
	r = validate_id_mappings(config, mount->uid_mappings, mount->n_uid_mappings,
		validate_at("mounts[%zu].uidMappings", i).text, err);
	if (r < 0)
		return r;
	return validate_id_mappings(config, mount->gid_mappings, mount->n_gid_mappings,
		validate_at("mounts[%zu].gidMappings", i).text, err);
}

static int check_idmapped_mounts(const struct oci_config *config, struct nacre_error *err)
{
	for (size_t i = 0; i < config->n_mounts; i++) {
		int r = check_idmap(config, i, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int check_hook_list(const struct oci_config *config, const char *kind,
	const struct oci_hook_list *list, struct nacre_error *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct oci_hook *hook = &list->items[i];

		if (!hook->path || hook->path[0] != '/')
			return oci_fail(config, err,
				validate_at("hooks.%s[%zu].path", kind, i).text,
				"\"%s\" is not an absolute path", hook->path ? hook->path : "");
		if (hook->timeout.set && hook->timeout.value <= 0)
			return oci_fail(config, err,
				validate_at("hooks.%s[%zu].timeout", kind, i).text,
				"%lld is not greater than zero; leave it out to wait without limit",
				(long long)hook->timeout.value);
	}
	return 0;
}

static int check_hooks(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_hooks none = {0};
	const struct oci_hooks *hooks = config->hooks ? config->hooks : &none;
	const struct {
		const char *kind;
		const struct oci_hook_list *list;
	} lists[] = {
		{"prestart", &hooks->prestart},
		{"createRuntime", &hooks->create_runtime},
		{"createContainer", &hooks->create_container},
		{"startContainer", &hooks->start_container},
		{"poststart", &hooks->poststart},
		{"poststop", &hooks->poststop},
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		int r = check_hook_list(config, lists[i].kind, lists[i].list, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int check_annotations(const struct oci_config *config, struct nacre_error *err)
{
	struct run_annotations unused;

	for (size_t i = 0; i < config->annotations.n; i++) {
		if (!config->annotations.items[i].key || !config->annotations.items[i].key[0])
			return oci_fail(config, err, "annotations", "has an empty key");
	}
	return annotations_read(config, &unused, err);
}

static const struct check config_checks[] = {
	{"oci-version", check_oci_version},
	{"root", check_root},
	{"process", check_process_present},
	{"host-names", check_host_names},
	{"mount-ends", check_mount_ends},
	{"mounts-on-proc", check_mounts_on_proc},
	{"idmapped-mounts", check_idmapped_mounts},
	{"hooks", check_hooks},
	{"annotations", check_annotations},
	{"workspaces", validate_workspaces},
	{NULL, NULL},
};

static int run_checks(
	const struct check *checks, const struct oci_config *config, struct nacre_error *err)
{
	for (; checks->name; checks++) {
		int r = checks->function(config, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int oci_config_validate(const struct oci_config *config, struct nacre_error *err)
{
	int r = run_checks(config_checks, config, err);

	if (r == 0)
		r = run_checks(validate_process_checks, config, err);
	if (r == 0 && config->linux_)
		r = run_checks(validate_linux_checks, config, err);
	if (r == 0 && config->linux_ && config->linux_->resources)
		r = run_checks(validate_limit_checks, config, err);
	return r;
}

int oci_process_validate(const struct oci_process *process, struct nacre_error *err)
{
	/* The checks do not change it. */
	const struct oci_config config = {.process = (struct oci_process *)process};

	return run_checks(validate_process_checks, &config, err);
}

const char *oci_check_name(size_t i)
{
	static const struct check *const lists[] = {config_checks, validate_process_checks,
		validate_linux_checks, validate_limit_checks};

	for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++) {
		for (const struct check *check = lists[list]; check->name; check++) {
			if (i-- == 0)
				return check->name;
		}
	}
	return NULL;
}
