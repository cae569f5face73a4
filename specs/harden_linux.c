/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/harden_rules.h"
#include "specs/path_text.h"

/* Rules on namespaces, hidden paths and devices. */

/* Paths that always mean the runtime's own namespaces. Whether another path leads to them as well
 * can only be seen when it is open: config->not_host. */
static bool is_host_namespace(const struct oci_namespace *ns)
{
	static const char *const directories[] = {
		"/proc/1/ns", "/proc/self/ns", "/proc/thread-self/ns", NULL};
	char clean[PATH_TEXT_MAX];

	if (!ns->path || path_clean(ns->path, clean) < 0)
		return false;
	for (size_t i = 0; directories[i]; i++) {
		if (path_within(clean, directories[i]))
			return true;
	}
	return false;
}

static bool is_new(const struct oci_namespace *ns)
{
	return ns && !ns->path;
}

static int mark_not_host(struct hardening *h, const struct oci_namespace *ns)
{
	struct oci_hardened *nacre = harden_need_hardened(h);

	if (!nacre)
		return harden_out_of_memory(h);
	if (oci_strings_have(&nacre->not_host, ns->type))
		return 0;
	return harden_append_word(h->arena, &nacre->not_host, ns->type) ? 0
									: harden_out_of_memory(h);
}

int rule_joined_network(struct hardening *h)
{
	const struct oci_namespace *ns = oci_find_namespace(h->config, "network");

	if (!ns || !ns->path || harden_granted(h, "join-network"))
		return 0;
	return harden_refuse(
		h, "join-network", "linux.namespaces", "%s is a network of others", ns->path);
}

int rule_host_network(struct hardening *h)
{
	const struct oci_namespace *ns = oci_find_namespace(h->config, "network");

	if (is_new(ns) || harden_granted(h, "host-network"))
		return 0;
	if (!ns)
		return harden_refuse(h, "host-network", "linux.namespaces",
			"without {\"type\": \"network\"} the container would be in the host's "
			"network");
	if (is_host_namespace(ns))
		return harden_refuse(h, "host-network", "linux.namespaces",
			"%s is the host's network", ns->path);
	return mark_not_host(h, ns);
}

struct own_namespace {
	const char *type;
	const char *grant; /* NULL: there is none */
};

static int own_namespace(struct hardening *h, const struct own_namespace *own)
{
	struct oci_linux *linux_ = harden_need_linux(h);
	struct oci_namespace *ns;

	if (!linux_)
		return harden_out_of_memory(h);
	ns = oci_find_namespace(h->config, own->type);
	if (is_new(ns) || (own->grant && harden_granted(h, own->grant)))
		return 0;
	if (ns && !is_host_namespace(ns))
		return mark_not_host(h, ns);
	if (ns) {
		harden_note(h,
			harden_text(
				h, "linux.namespaces[%zu].path", (size_t)(ns - linux_->namespaces)),
			harden_json_of_string(h, ns->path), NULL);
		ns->path = NULL;
		return 0;
	}
	if (!oci_add_namespace(h->arena, h->config, own->type))
		return harden_out_of_memory(h);
	harden_note(h, harden_text(h, "linux.namespaces[%zu]", linux_->n_namespaces - 1), NULL,
		harden_text(h, "{\"type\":\"%s\"}", own->type));
	return 0;
}

int rule_namespaces(struct hardening *h)
{
	static const struct own_namespace owns[] = {
		{"mount", NULL},
		{"pid", "host-pid"},
		{"ipc", "host-ipc"},
		{"uts", NULL},
		{"cgroup", NULL},
	};

	for (size_t i = 0; i < sizeof(owns) / sizeof(owns[0]); i++) {
		int r = own_namespace(h, &owns[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* A fresh procfs can only be mounted in a user namespace made inside if nothing lies on the one
 * that is there (the kernel's mount_too_revealing). In a user namespace these files are protected
 * by their owner, who is not in it; without one they stay hidden, since root could write them. */
static bool leaves_proc_open(const struct hardening *h)
{
	return h->profile->flags & PROFILE_FRESH_PROC && oci_find_namespace(h->config, "user");
}

static int add_missing(
	struct hardening *h, struct oci_strings *list, const char *const *wanted, const char *path)
{
	const struct oci_strings before = *list;
	const bool no_proc = leaves_proc_open(h);

	for (; *wanted; wanted++) {
		if (no_proc && path_within(*wanted, "/proc"))
			continue;
		if (!oci_strings_have(list, *wanted) &&
			!harden_append_word(h->arena, list, *wanted))
			return harden_out_of_memory(h);
	}
	if (list->n != before.n)
		harden_note_words(h, path, NULL, &before, list);
	return 0;
}

int rule_hidden_paths(struct hardening *h)
{
	struct oci_linux *linux_ = harden_need_linux(h);
	int r;

	if (!linux_)
		return harden_out_of_memory(h);
	r = add_missing(h, &linux_->masked_paths, h->profile->masked_paths, "linux.maskedPaths");
	if (r < 0)
		return r;
	return add_missing(
		h, &linux_->readonly_paths, h->profile->readonly_paths, "linux.readonlyPaths");
}

/* config-linux.md, Default Devices, with the console and the pseudo-terminals. MINOR -1: all. */
static const struct {
	int64_t major;
	int64_t minor;
} default_numbers[] = {
	/* clang-format off */
	{ 1, 3 },	/* null */
	{ 1, 5 },	/* zero */
	{ 1, 7 },	/* full */
	{ 1, 8 },	/* random */
	{ 1, 9 },	/* urandom */
	{ 5, 0 },	/* tty */
	{ 5, 1 },	/* console */
	{ 5, 2 },	/* ptmx */
	{ 136, -1 },	/* pts */
	/* clang-format on */
};

static int64_t number_of(const struct oci_i64 *number)
{
	return number->set ? number->value : -1;
}

static bool is_type(const struct oci_device_rule *rule, char type)
{
	return (rule->type ? rule->type[0] : 'a') == type;
}

static bool is_default_device(const struct oci_device_rule *rule)
{
	for (size_t i = 0; i < sizeof(default_numbers) / sizeof(default_numbers[0]); i++) {
		if (is_type(rule, 'c') && default_numbers[i].major == number_of(&rule->major) &&
			(default_numbers[i].minor == number_of(&rule->minor) ||
				default_numbers[i].minor == -1))
			return true;
	}
	return false;
}

static bool is_one_device(const struct oci_device_rule *rule)
{
	return !is_type(rule, 'a') && number_of(&rule->major) >= 0 && number_of(&rule->minor) >= 0;
}

static bool is_listed_device(const struct oci_linux *linux_, const struct oci_device_rule *rule)
{
	for (size_t i = 0; i < linux_->n_devices; i++) {
		const struct oci_device *device = &linux_->devices[i];
		char type = device->type[0] == 'u' ? 'c' : device->type[0];

		if (is_type(rule, type) && device->major.set && device->minor.set &&
			device->major.value == number_of(&rule->major) &&
			device->minor.value == number_of(&rule->minor))
			return true;
	}
	return false;
}

/* A granted device that is not in linux.devices comes by a bind mount. Its numbers are not known
 * here, so that every rule for a single device has to stay. */
static bool comes_by_mount(const struct hardening *h, const char *path)
{
	const struct oci_linux *linux_ = h->config->linux_;

	for (size_t i = 0; i < linux_->n_devices; i++) {
		if (!strcmp(linux_->devices[i].path, path))
			return false;
	}
	return true;
}

static bool may_stay(struct hardening *h, const struct oci_device_rule *rule)
{
	if (!rule->allow || is_default_device(rule))
		return true;
	if (!is_one_device(rule))
		return false;
	return is_listed_device(h->config->linux_, rule) ||
	       harden_granted_any(h, "device", comes_by_mount);
}

static bool is_default_node(const struct oci_device *device)
{
	const struct oci_device_rule rule = {
		.type = device->type, .major = device->major, .minor = device->minor};

	return device->type[0] == 'p' || is_default_device(&rule);
}

/* A node that cannot be opened is not made either. */
static void drop_nodes(struct hardening *h)
{
	struct oci_linux *linux_ = h->config->linux_;
	size_t kept = 0;

	for (size_t i = 0; i < linux_->n_devices; i++) {
		const struct oci_device *device = &linux_->devices[i];

		if (is_default_node(device) || harden_granted_path(h, "device", device->path))
			linux_->devices[kept++] = *device;
		else
			harden_note(h, harden_text(h, "linux.devices[%zu]", i),
				harden_json_of_string(h, device->path), NULL);
	}
	linux_->n_devices = kept;
}

/* [{"allow": false, "access": "rwm"}] in front, as engines send it. */
static bool denies_all(const struct oci_device_rule *rule)
{
	return !rule->allow && is_type(rule, 'a') && number_of(&rule->major) < 0 &&
	       number_of(&rule->minor) < 0 &&
	       (!rule->access || (strchr(rule->access, 'r') && strchr(rule->access, 'w') &&
					 strchr(rule->access, 'm')));
}

static const char *number_text(struct hardening *h, const char *name, const struct oci_i64 *number)
{
	return number->set ? harden_text(h, ",\"%s\":%lld", name, (long long)number->value) : "";
}

static const char *json_of_rule(struct hardening *h, const struct oci_device_rule *rule)
{
	return harden_text(h, "{\"allow\":%s,\"type\":\"%.1s\"%s%s,\"access\":\"%.8s\"}",
		rule->allow ? "true" : "false", rule->type ? rule->type : "a",
		number_text(h, "major", &rule->major), number_text(h, "minor", &rule->minor),
		rule->access ? rule->access : "rwm");
}

int rule_devices(struct hardening *h)
{
	struct oci_resources *resources = harden_need_resources(h);
	struct oci_device_rule *larger;
	size_t kept = 0;

	if (!resources)
		return harden_out_of_memory(h);
	if (h->profile->flags & PROFILE_DEFAULT_DEVICES)
		drop_nodes(h);
	for (size_t i = 0; i < resources->n_devices; i++) {
		if (may_stay(h, &resources->devices[i]))
			resources->devices[kept++] = resources->devices[i];
		else
			harden_note(h, harden_text(h, "linux.resources.devices[%zu]", i),
				json_of_rule(h, &resources->devices[i]), NULL);
	}
	resources->n_devices = kept;
	if (kept && denies_all(&resources->devices[0]))
		return 0;
	larger = harden_insert_element(h->arena, resources->devices, kept, sizeof(*larger), 0);
	if (!larger)
		return harden_out_of_memory(h);
	larger[0].access = "rwm";
	resources->devices = larger;
	resources->n_devices++;
	harden_note(h, "linux.resources.devices[0]", NULL, json_of_rule(h, &larger[0]));
	return 0;
}
