/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "libcontainer/base/cleanup.h"
#include "libcontainer/systemd/systemd.h"
#include "libcontainer/systemd/systemd_property.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_systemd_properties(void);

static struct nacre_error err;

static char *properties(const char *path, const struct oci_resources *resources)
{
	struct systemd_unit unit;
	char *text;

	ck_assert_int_eq(systemd_unit_from_path(path, "web", false, &unit, &err), 0);
	ck_assert_int_eq(
		systemd_unit_properties(&unit, "web", 42, resources, NULL, true, &text, &err), 0);
	return text;
}

#define NUMBER(n)         \
	{                 \
		true, (n) \
	}

static const char scope_text[] =
	"Description\ts\tnacre container web\n"
	"Slice\ts\tmachine.slice\n"
	"PIDs\tau\t+\t42\t-\n"
	"Delegate\tb\t1\n"
	"CollectMode\ts\tinactive-or-failed\n"
	"DefaultDependencies\tb\t0\n"
	"CPUAccounting\tb\t1\n"
	"IOAccounting\tb\t1\n"
	"MemoryAccounting\tb\t1\n"
	"TasksAccounting\tb\t1\n"
	"DeviceAllow\ta(ss)\t-\n"
	"DevicePolicy\ts\tstrict\n"
	"DeviceAllow\ta(ss)\t+\tchar-*\tm\t+\tblock-*\tm\t+\tchar-136\trwm\t+\t/dev/char/1:3\trwm";

START_TEST(a_scope_has_its_process_and_its_slice)
{
	char *text = properties("machine.slice:p:web", NULL);

	ck_assert_msg(strncmp(text, scope_text, strlen(scope_text)) == 0, "%s", text);
	free(text);
}
END_TEST

START_TEST(a_slice_has_neither_process_nor_delegation)
{
	char *text = properties("machine.slice:p:a-b.slice", NULL);

	ck_assert(strstr(text, "Wants\tas\t+\tmachine.slice\t-\n"));
	ck_assert(!strstr(text, "Slice\t") && !strstr(text, "PIDs") && !strstr(text, "Delegate"));
	free(text);
}
END_TEST

static char *limits(const struct oci_resources *resources)
{
	char *text;

	ck_assert_int_eq(systemd_limit_properties(resources, false, &text, &err), 0);
	return text;
}

START_TEST(limits_become_properties)
{
	struct oci_memory memory = {
		.limit = NUMBER(1000), .swap = NUMBER(1500), .reservation = NUMBER(500)};
	struct oci_cpu cpu = {.shares = NUMBER(1024),
		.quota = NUMBER(33333),
		.period = NUMBER(100000),
		.cpus = "0-2,9",
		.mems = "0"};
	struct oci_pids pids = {.limit = -1};
	struct oci_block_io io = {.weight = NUMBER(1000)};
	struct oci_resources resources = {
		.memory = &memory, .cpu = &cpu, .pids = &pids, .block_io = &io};
	char *text = limits(&resources);

	ck_assert_str_eq(text, "TasksMax\tt\t18446744073709551615\n"
			       "MemorySwapMax\tt\t500\n"
			       "MemoryMax\tt\t1000\n"
			       "MemoryLow\tt\t500\n"
			       "CPUWeight\tt\t100\n"
			       "CPUQuotaPeriodUSec\tt\t100000\n"
			       "CPUQuotaPerSecUSec\tt\t340000\n"
			       "AllowedCPUs\tay\t+\t7\t+\t2\t-\n"
			       "AllowedMemoryNodes\tay\t+\t1\t-\n"
			       "IOWeight\tt\t10000\n");
	free(text);
}
END_TEST

START_TEST(what_is_unset_is_left_to_systemd)
{
	struct oci_memory memory = {.limit = {false, 0}};
	struct oci_cpu cpu = {.shares = {false, 0}};
	struct oci_block_io io = {.weight = NUMBER(0)};
	struct oci_resources resources = {.memory = &memory, .cpu = &cpu, .block_io = &io};
	char *text = limits(&resources);

	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

START_TEST(zero_is_a_limit_of_processes)
{
	struct oci_pids pids = {.limit = 0};
	struct oci_resources resources = {.pids = &pids};
	char *text = limits(&resources);

	ck_assert_str_eq(text, "TasksMax\tt\t1\n");
	free(text);
}
END_TEST

/* What systemd makes of the share again, with whole per cents: it rounds down. */
static int64_t quota_of_text(const char *text, uint64_t period)
{
	static const char property[] = "CPUQuotaPerSecUSec\tt\t";
	const char *found = strstr(text, property);
	uint64_t share;

	ck_assert_ptr_nonnull(found);
	share = strtoull(found + strlen(property), NULL, 10);
	return (int64_t)(share / 10000 * 10000 * period / 1000000);
}

START_TEST(a_quota_is_rounded_up_to_what_systemd_keeps)
{
	static const uint64_t periods[] = {1000, 3000, 33333, 100000, 999999, 1000000};

	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		for (int64_t quota = 1000; quota < 3000; quota += 7) {
			struct oci_cpu cpu = {.quota = NUMBER(quota), .period = NUMBER(periods[i])};
			struct oci_resources resources = {.cpu = &cpu};
			char *text;

			systemd_round_quota(&resources);
			ck_assert_int_ge(cpu.quota.value, quota);
			ck_assert_int_lt(cpu.quota.value, quota + (int64_t)periods[i] / 100 + 1);
			ck_assert_int_eq(
				systemd_limit_properties(&resources, false, &text, &err), 0);
			ck_assert_int_eq(quota_of_text(text, periods[i]), cpu.quota.value);
			free(text);
		}
	}
}
END_TEST

START_TEST(what_is_no_quota_is_not_rounded)
{
	struct oci_cpu cpu = {.quota = NUMBER(-1)};
	struct oci_resources resources = {.cpu = &cpu}, none = {.cpu = NULL};

	systemd_round_quota(&none);
	systemd_round_quota(&resources);
	ck_assert_int_eq(cpu.quota.value, -1);
	cpu.quota.value = INT64_MAX;
	systemd_round_quota(&resources);
	ck_assert_int_eq(cpu.quota.value, INT64_MAX);
}
END_TEST

static const struct {
	const char *key, *value;
	const char *text; /* "": left to the file alone */
} unified[] = {
	/* clang-format off */
	{"memory.high",      "max",           "MemoryHigh\tt\t18446744073709551615\n"},
	{"memory.max",       "4096",          "MemoryMax\tt\t4096\n"},
	{"memory.min",       "1",             "MemoryMin\tt\t1\n"},
	{"memory.low",       "2",             "MemoryLow\tt\t2\n"},
	{"memory.swap.max",  "0",             "MemorySwapMax\tt\t0\n"},
	{"memory.oom.group", "1",             "?OOMPolicy\ts\tkill\n"},
	{"memory.oom.group", "0",             "?OOMPolicy\ts\tcontinue\n"},
	{"pids.max",         "7",             "TasksMax\tt\t7\n"},
	{"pids.max",         "0",             ""},
	{"cpu.weight",       "55",            "CPUWeight\tt\t55\n"},
	{"cpu.weight",       "0",             ""},
	{"cpu.idle",         "1",             "?CPUWeight\tt\t0\n"},
	{"cpu.idle",         "0",             ""},
	{"cpu.max",          "max",           "CPUQuotaPerSecUSec\tt\t18446744073709551615\n"},
	{"cpu.max",          "50000",         "CPUQuotaPerSecUSec\tt\t500000\n"},
	{"cpu.max",          "5000 10000",    "CPUQuotaPeriodUSec\tt\t10000\nCPUQuotaPerSecUSec\tt\t500000\n"},
	{"cpu.max",          "max 10000",     "CPUQuotaPeriodUSec\tt\t10000\nCPUQuotaPerSecUSec\tt\t18446744073709551615\n"},
	{"cpu.max",          "lots",          ""},
	{"cpuset.cpus",      "1",             "AllowedCPUs\tay\t+\t2\t-\n"},
	{"cpuset.cpus",      "3-1",           ""},
	{"cpuset.cpus",      "99999999",      ""},
	{"cpuset.mems",      "0-1",           "AllowedMemoryNodes\tay\t+\t3\t-\n"},
	{"io.weight",        "default 200",   "IOWeight\tt\t200\n"},
	{"io.weight",        "8:0 200",       ""},
	{"hugetlb.2MB.max",  "0",             ""},
	{"memory.max",       "1\nDelegate\tb\t0", ""},
	/* clang-format on */
};

START_TEST(unified_keys_that_systemd_writes_too_become_properties)
{
	struct oci_pair pair = {unified[_i].key, unified[_i].value};
	struct oci_resources resources = {.unified = {&pair, 1}};
	char *text = limits(&resources);

	ck_assert_str_eq(text, unified[_i].text);
	free(text);
}
END_TEST

/* --- devices --- */

static bool is_allowed(const char *text, char type, int64_t major, int64_t minor, char access)
{
	char device[64], group[64], all[64];
	const char *name = type == 'c' ? "char" : "block";
	cleanup_free char *copy = strdup(text);
	char *at = NULL, *mark;

	(void)snprintf(device, sizeof(device), "/dev/%s/%d:%d", name, (int)major, (int)minor);
	(void)snprintf(group, sizeof(group), "%s-%d", name, (int)major);
	(void)snprintf(all, sizeof(all), "%s-*", name);
	ck_assert_str_eq(strtok_r(copy, "\t\n", &at), "DeviceAllow");
	ck_assert_str_eq(strtok_r(NULL, "\t\n", &at), "a(ss)");
	while ((mark = strtok_r(NULL, "\t\n", &at)) && *mark == '+') {
		const char *path = strtok_r(NULL, "\t\n", &at);
		const char *letters = strtok_r(NULL, "\t\n", &at);

		if (strchr(letters, access) &&
			(strcmp(path, device) == 0 || strcmp(path, group) == 0 ||
				strcmp(path, all) == 0))
			return true;
	}
	ck_assert_str_eq(mark, "-");
	return false;
}

/* As the spec has it: the last rule that speaks about it decides. */
static bool is_meant(const struct oci_device_rule *rules, size_t n, char type, int64_t major,
	int64_t minor, char access)
{
	bool allowed = false;

	for (size_t i = 0; i < n; i++)
		if ((*rules[i].type == 'a' || *rules[i].type == type) &&
			(!rules[i].major.set || rules[i].major.value == major) &&
			(!rules[i].minor.set || rules[i].minor.value == minor) &&
			strchr(rules[i].access, access))
			allowed = rules[i].allow;
	return allowed;
}

static void random_rules(struct oci_device_rule *rules, size_t n)
{
	static const char *const types[] = {"a", "b", "c"};
	static const char *const accesses[] = {"r", "w", "m", "rw", "rwm", "rwm"};

	for (size_t i = 0; i < n; i++)
		rules[i] = (struct oci_device_rule){
			.allow = random() % 2,
			.type = types[random() % 3],
			.major = {random() % 3 > 0, random() % 3},
			.minor = {random() % 3 > 0, random() % 3},
			.access = accesses[random() % 6],
		};
}

START_TEST(systemd_denies_no_device_that_the_config_allows)
{
	const char *const cleared = "DeviceAllow\ta(ss)\t-\n";
	const char *const strict = "DevicePolicy\ts\tstrict\n";
	struct oci_device_rule rules[5];
	const char *rest;

	srandom(1);
	for (int round = 0; round < 4000; round++) {
		size_t n = (size_t)random() % 6, length;
		char type = random() % 2 ? 'b' : 'c', access = "rwm"[random() % 3], *text = NULL;
		int64_t major = random() % 3, minor = random() % 3;
		FILE *out = open_memstream(&text, &length);

		random_rules(rules, n);
		systemd_properties_of_devices(out, rules, n);
		ck_assert_int_eq(fclose(out), 0);
		ck_assert_int_eq(strncmp(text, cleared, strlen(cleared)), 0);
		rest = text + strlen(cleared);
		if (strncmp(rest, strict, strlen(strict)) == 0 &&
			is_meant(rules, n, type, major, minor, access))
			ck_assert_msg(is_allowed(rest + strlen(strict), type, major, minor, access),
				"%c %d:%d %c: %s", type, (int)major, (int)minor, access, text);
		free(text);
	}
}
END_TEST

START_TEST(who_may_use_all_devices_gets_no_filter_of_systemd)
{
	const struct oci_device_rule rules[] = {
		{.allow = false, .type = "a", .access = "rwm"},
		{.allow = true, .type = "a", .access = "rwm"},
		{.allow = false, .type = "b", .access = "rwm"},
	};
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	systemd_properties_of_devices(out, rules, 3);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(text, "DeviceAllow\ta(ss)\t-\nDevicePolicy\ts\tauto\n");
	free(text);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof(table[0]))

Suite *suite_systemd_properties(void)
{
	Suite *s = suite_create("systemd_properties");
	TCase *t = tcase_create("systemd_properties");
	tcase_add_test(t, a_scope_has_its_process_and_its_slice);
	tcase_add_test(t, a_slice_has_neither_process_nor_delegation);
	tcase_add_test(t, limits_become_properties);
	tcase_add_test(t, what_is_unset_is_left_to_systemd);
	tcase_add_test(t, zero_is_a_limit_of_processes);
	tcase_add_test(t, a_quota_is_rounded_up_to_what_systemd_keeps);
	tcase_add_test(t, what_is_no_quota_is_not_rounded);
	tcase_add_loop_test(
		t, unified_keys_that_systemd_writes_too_become_properties, 0, ROWS(unified));
	tcase_add_test(t, systemd_denies_no_device_that_the_config_allows);
	tcase_add_test(t, who_may_use_all_devices_gets_no_filter_of_systemd);
	suite_add_tcase(s, t);
	return s;
}
