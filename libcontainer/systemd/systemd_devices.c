/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "libcontainer/systemd/systemd_property.h"

/*
 * Writes linux.resources.devices as DevicePolicy= and DeviceAllow=: systemd.resource-control(5).
 *
 * systemd attaches its own device filter to the unit's cgroup, and makes it again at each
 * daemon-reload. The kernel asks all filters of a cgroup, and nacre's (cgroup_devices.h) enforces
 * exactly the config. So systemd's filter may allow more, but never less, or a reload would take a
 * device away from a running container. Therefore every rule that allows is written; a rule that
 * denies counts only if it denies everything, and so cancels all rules before it; and what systemd
 * cannot express becomes "char-*".
 */

#define ACCESS_ALL "rwm"
#define NUMBER_ALL (-1)

/* The devices that cgroup_devices_compile.c always allows. */
/* clang-format off */
static const struct {
	const char *device, *access;
} defaults[] = {
	{"char-*",           "m"},
	{"block-*",          "m"},
	{"char-136",         ACCESS_ALL}, /* /dev/pts */
	{"/dev/char/1:3",    ACCESS_ALL}, /* /dev/null */
	{"/dev/char/1:5",    ACCESS_ALL}, /* /dev/zero */
	{"/dev/char/1:7",    ACCESS_ALL}, /* /dev/full */
	{"/dev/char/1:8",    ACCESS_ALL}, /* /dev/random */
	{"/dev/char/1:9",    ACCESS_ALL}, /* /dev/urandom */
	{"/dev/char/5:0",    ACCESS_ALL}, /* /dev/tty */
	{"/dev/char/5:2",    ACCESS_ALL}, /* /dev/ptmx */
	{"/dev/char/10:200", ACCESS_ALL}, /* /dev/net/tun */
};
/* clang-format on */

static int64_t number_of(struct oci_i64 number)
{
	return number.set ? number.value : NUMBER_ALL;
}

static const char *access_of(const struct oci_device_rule *rule)
{
	return rule->access && *rule->access ? rule->access : ACCESS_ALL;
}

static bool has_type(const struct oci_device_rule *rule, char type)
{
	return !rule->type || !*rule->type || *rule->type == 'a' || *rule->type == type;
}

static bool is_for_everything(const struct oci_device_rule *rule)
{
	const char *access = access_of(rule);

	return has_type(rule, 'b') && has_type(rule, 'c') && number_of(rule->major) == NUMBER_ALL &&
	       number_of(rule->minor) == NUMBER_ALL && strchr(access, 'r') && strchr(access, 'w') &&
	       strchr(access, 'm');
}

static void put_rule(FILE *out, const struct oci_device_rule *rule, const char *type)
{
	long long major = number_of(rule->major), minor = number_of(rule->minor);

	fputs("\t+", out);
	/* Writes numbers, which need neither such a node nor a driver that names the major. */
	if (major == NUMBER_ALL)
		fprintf(out, "\t%s-*", type);
	else if (minor == NUMBER_ALL)
		fprintf(out, "\t%s-%lld", type, major);
	else
		fprintf(out, "\t/dev/%s/%lld:%lld", type, major, minor);
	fprintf(out, "\t%s", access_of(rule));
}

void systemd_properties_of_devices(FILE *out, const struct oci_device_rule *rules, size_t n)
{
	size_t first = 0;

	for (size_t i = 0; i < n; i++)
		if (is_for_everything(&rules[i]))
			first = i + 1;
	/* A list is appended to the property; an empty list clears it. */
	fputs("DeviceAllow\ta(ss)\t-\n", out);
	if (first > 0 && rules[first - 1].allow) {
		systemd_property_string(out, "DevicePolicy", "auto"); /* no filter at all */
		return;
	}
	systemd_property_string(out, "DevicePolicy", "strict");
	fputs("DeviceAllow\ta(ss)", out);
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		fprintf(out, "\t+\t%s\t%s", defaults[i].device, defaults[i].access);
	for (size_t i = first; i < n; i++) {
		if (rules[i].allow && has_type(&rules[i], 'c'))
			put_rule(out, &rules[i], "char");
		if (rules[i].allow && has_type(&rules[i], 'b'))
			put_rule(out, &rules[i], "block");
	}
	fputs("\t-\n", out);
}
