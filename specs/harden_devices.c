/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/harden_rules.h"

/* The rule on devices. Type and numbers identify a device, not its name in the container. */

/* The default devices of config-linux.md, with the console and the pseudo-terminals. MINOR -1:
 * all. */
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

static bool is_node(const struct harden_node *node, const char *type, const struct oci_i64 *major,
	const struct oci_i64 *minor)
{
	/* In linux.devices "u" also means a character device. */
	const char letter = type[0] == 'u' ? 'c' : type[0];

	return node->type && node->type == letter && major->set && major->value == node->major &&
	       minor->set && minor->value == node->minor;
}

/* Returns whether a grant device:PATH names a node of the host with this type and these numbers.
 * The name in the config does not count. */
static bool is_granted(struct hardening *h, const char *type, const struct oci_i64 *major,
	const struct oci_i64 *minor)
{
	const struct oci_strings *grants = &h->request->grants;
	const struct harden_node *nodes = h->request->host.nodes;
	bool found = false;

	for (size_t i = 0; nodes && i < grants->n; i++) {
		if (is_node(&nodes[i], type, major, minor) && harden_granted(h, grants->items[i]))
			found = true;
	}
	return found;
}

static bool may_stay(struct hardening *h, const struct oci_device_rule *rule)
{
	if (!rule->allow || is_default_device(rule))
		return true;
	if (!is_one_device(rule))
		return false;
	return is_listed_device(h->config->linux_, rule) ||
	       is_granted(h, rule->type ? rule->type : "a", &rule->major, &rule->minor);
}

static bool is_default_node(const struct oci_device *device)
{
	const struct oci_device_rule rule = {
		.type = device->type, .major = device->major, .minor = device->minor};

	return device->type[0] == 'p' || is_default_device(&rule);
}

static void drop_node(struct hardening *h, size_t i)
{
	const char *path = h->config->linux_->devices[i].path;

	harden_note(
		h, harden_text(h, "linux.devices[%zu]", i), harden_json_of_string(h, path), NULL);
	harden_taken(h, "device:PATH", "the device %s", path);
}

/* Removes nodes that the container may not open. */
static void drop_nodes(struct hardening *h)
{
	struct oci_linux *linux_ = h->config->linux_;
	size_t kept = 0;

	for (size_t i = 0; i < linux_->n_devices; i++) {
		const struct oci_device *device = &linux_->devices[i];

		if (is_default_node(device) ||
			is_granted(h, device->type, &device->major, &device->minor))
			linux_->devices[kept++] = *device;
		else
			drop_node(h, i);
	}
	linux_->n_devices = kept;
}

/* Recognizes the first rule as engines send it: [{"allow": false, "access": "rwm"}]. */
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

/* Removes a rule. Only the rule for all devices, which means --privileged, is reported: engines
 * write rules for devices that the user has not asked for. */
static void drop_rule(struct hardening *h, size_t i)
{
	const struct oci_device_rule *rule = &h->config->linux_->resources->devices[i];

	harden_note(
		h, harden_text(h, "linux.resources.devices[%zu]", i), json_of_rule(h, rule), NULL);
	if (is_type(rule, 'a') && number_of(&rule->major) < 0 && number_of(&rule->minor) < 0)
		harden_taken(h, "device:PATH", "all devices");
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
			drop_rule(h, i);
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
