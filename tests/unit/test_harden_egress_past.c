/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include <errno.h>
#include <string.h>

Suite *suite_harden_egress_past(void);

/* How a process would leave the cgroup that rules of egress hold for. */

/* Of the pid and the user namespace of a container, with what is granted. */
static const struct {
	const char *pid, *user; /* a path; "": none at all; NULL: new */
	const char *profile, *allow;
	bool refused;
} processes[] = {
	/* clang-format off */
	{NULL, "", "oci", NULL, false},
	{"", "", "oci", NULL, true},
	{"/proc/1/ns/pid", "", "oci", NULL, true},
	{"/proc/55/ns/pid", "", "oci", NULL, false},
	{"", NULL, "oci", NULL, false},
	{"", "/proc/77/ns/user", "oci", NULL, false},
	{"", "/proc/1/ns/user", "oci", NULL, true},
	{"", "/proc/55/ns/user", "oci", NULL, true}, /* its root is the host's */
	{"", "", "agent", "host-pid", true},
	{"/proc/1/ns/pid", "", "strict", "host-pid", true},
	{"/proc/1/ns/pid", NULL, "agent", "host-pid", false},
	{"", "", "agent", NULL, false}, /* the profile adds one */
	/* clang-format on */
};

static void set_namespace(struct oci_config *config, const char *type, const char *path)
{
	struct oci_namespace *ns = oci_find_namespace(config, type);

	if (path && !*path) {
		if (ns)
			*ns = config->linux_->namespaces[--config->linux_->n_namespaces];
		return;
	}
	if (!ns)
		ck_assert(oci_add_namespace(arena, config, type));
	oci_find_namespace(config, type)->path = path;
}

START_TEST(rules_need_what_hides_the_processes_of_the_host)
{
	struct harden_request request = {.profile = processes[_i].profile,
		.grants = split(processes[_i].allow ? processes[_i].allow : ""),
		.egress = split("10.0.0.0/8")};
	struct oci_config *config = tight("", "", "", LIMITED), *got;
	struct harden_report *report;
	struct nacre_error err;
	int r;

	set_namespace(config, "pid", processes[_i].pid);
	set_namespace(config, "user", processes[_i].user);
	config->nacre = NULL;
	look_at_host(config, &request);
	r = harden(arena, config, &request, &got, &report, &err);
	ck_assert_int_eq(r, processes[_i].refused ? -EPERM : 0);
	if (processes[_i].refused)
		ck_assert_ptr_nonnull(strstr(err.text, "add {\"type\": \"pid\"}"));
	else if (processes[_i].pid && *processes[_i].pid && !processes[_i].allow)
		ck_assert(oci_strings_have(&got->nacre->not_host, "pid"));
	request.egress = split("open");
	ck_assert_int_eq(harden(arena, config, &request, &got, &report, &err), 0);
}
END_TEST

/* No word of the pod takes raw packets out of the container that the engine adds. */
START_TEST(raw_packets_are_taken_from_the_container_of_the_pod_itself)
{
	static struct oci_pair type[] = {{"io.kubernetes.cri.container-type", "sandbox"}};
	struct oci_config *config = tight("", ",\"capabilities\":{\"bounding\":[\"CAP_NET_RAW\"]}",
				  "", LIMITED),
			  *got;
	struct harden_request request = {.profile = "oci", .egress = split("10.0.0.0/8")};
	struct harden_report *report;
	struct nacre_error err;

	config->annotations = (struct oci_map){type, 1};
	look_at_host(config, &request);
	ck_assert_int_eq(harden(arena, config, &request, &got, &report, &err), 0);
	ck_assert_uint_eq(got->process->capabilities->bounding.n, 0);
	ck_assert_uint_eq(config->process->capabilities->bounding.n, 1);
	ck_assert_str_eq(report->changes[report->n_changes - 1].rule, "egress");
	/* A process that runs keeps what it has. */
	config->nacre->egress.n = 0;
	request.egress_replaces = true;
	ck_assert_int_eq(harden(arena, config, &request, &got, &report, &err), -EPERM);
	request.egress_replaces = false;
	/* A container of the pod can do without, and its maker is told how. */
	type[0].value = "container";
	request.in_pod = true;
	ck_assert_int_eq(harden(arena, config, &request, &got, &report, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "securityContext.capabilities.drop: NET_RAW"));
}
END_TEST

Suite *suite_harden_egress_past(void)
{
	Suite *suite = suite_create("harden_egress_past");
	TCase *tcase = tcase_create("harden_egress_past");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_loop_test(
		tcase, rules_need_what_hides_the_processes_of_the_host, 0, COUNT(processes));
	tcase_add_test(tcase, raw_packets_are_taken_from_the_container_of_the_pod_itself);
	suite_add_tcase(suite, tcase);
	return suite;
}
