/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/harden_rules.h"
#include "specs/mount_types.h"
#include "specs/path_text.h"

/* Rules on namespaces, hidden paths and network devices. */

/* Returns what was found out before. Whether the path still leads elsewhere is checked when it is
 * joined: nacre.notHost. */
static bool is_host_namespace(const struct hardening *h, const struct oci_namespace *ns)
{
	return ns->path && oci_strings_have(&h->request->host.own_namespaces, ns->type);
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

bool harden_has_host_network(const struct hardening *h)
{
	const struct oci_namespace *ns = oci_find_namespace(h->config, "network");

	return !ns || is_host_namespace(h, ns);
}

/* Returns 1 if the container has a namespace of TYPE that is not the host's, 0 if not. */
static int has_own(struct hardening *h, const char *type)
{
	const struct oci_namespace *ns = oci_find_namespace(h->config, type);

	if (!ns || is_host_namespace(h, ns))
		return 0;
	return !ns->path || mark_not_host(h, ns) == 0 ? 1 : -ENOMEM;
}

/* Returns whether the container can reach processes of the host. To follow /proc/PID/root needs
 * ptrace(2) access, which across user namespaces needs CAP_SYS_PTRACE in the other one, also for
 * the same user. */
int harden_sees_host_processes(struct hardening *h)
{
	int r = has_own(h, "pid");

	if (r == 0 && (oci_has_new_namespace(h->config, "user") || h->request->host.user_apart))
		r = has_own(h, "user");
	return r < 0 ? r : !r;
}

int rule_joined_network(struct hardening *h)
{
	const struct oci_namespace *ns = oci_find_namespace(h->config, "network");

	if (!ns || !ns->path || harden_will_filter(h) || harden_granted(h, "join-network"))
		return 0;
	return harden_refuse(h, "join-network", "linux.namespaces",
		"%s is a network namespace that was made for others", ns->path);
}

int rule_host_network(struct hardening *h)
{
	const struct oci_namespace *ns = oci_find_namespace(h->config, "network");

	if (oci_has_new_namespace(
		    h->config, "network")) /* rule egress checks the names that lead out of it */
		return 0;
	if (ns && !is_host_namespace(h, ns))
		return mark_not_host(h, ns);
	if (harden_granted(h, "host-network"))
		return 0;
	if (!ns)
		return harden_refuse(h, "host-network", "linux.namespaces",
			"without {\"type\": \"network\"} the container would share the host's "
			"network");
	return harden_refuse(h, "host-network", "linux.namespaces",
		"%s is the host's network namespace", ns->path);
}

int rule_network_devices(struct hardening *h)
{
	const struct oci_linux *linux_ = h->config->linux_;

	for (size_t i = 0; linux_ && i < linux_->n_net_devices; i++) {
		const char *name = linux_->net_devices[i].host_name;

		if (!harden_granted_item(h, "network-device", name))
			return harden_refuse(h, harden_text(h, "network-device:%s", name),
				harden_text(h, "linux.netDevices.%s", name),
				"an interface of the host would be moved into the container");
	}
	return 0;
}

struct own_namespace {
	const char *type;
	const char *grant; /* NULL: no grant */
};

static void report_taken(struct hardening *h, const struct own_namespace *own)
{
	if (own->grant)
		harden_taken(h, own->grant, "the host's %s namespace", own->type);
}

static int own_namespace(struct hardening *h, const struct own_namespace *own)
{
	struct oci_linux *linux_ = harden_need_linux(h);
	struct oci_namespace *ns;

	if (!linux_)
		return harden_out_of_memory(h);
	ns = oci_find_namespace(h->config, own->type);
	if (ns && !ns->path)
		return 0;
	if (ns && !is_host_namespace(h, ns))
		return mark_not_host(h, ns);
	if (own->grant && harden_granted(h, own->grant))
		return 0;
	if (ns) {
		harden_note(h,
			harden_text(
				h, "linux.namespaces[%zu].path", (size_t)(ns - linux_->namespaces)),
			harden_json_of_string(h, ns->path), NULL);
		ns->path = NULL;
		report_taken(h, own);
		return 0;
	}
	if (!oci_add_namespace(h->arena, h->config, own->type))
		return harden_out_of_memory(h);
	harden_note(h, harden_text(h, "linux.namespaces[%zu]", linux_->n_namespaces - 1), NULL,
		harden_text(h, "{\"type\":\"%s\"}", own->type));
	report_taken(h, own);
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

bool harden_maps_id(const struct oci_id_mapping *mappings, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (id >= mappings[i].host_id && id - mappings[i].host_id < mappings[i].size)
			return true;
	}
	return false;
}

bool harden_is_apart(const struct hardening *h, const struct oci_namespace *user)
{
	const struct oci_linux *linux_ = h->config->linux_;
	const struct harden_host *host = &h->request->host;

	if (user->path)
		return host->user_apart;
	return !harden_maps_id(linux_->uid_mappings, linux_->n_uid_mappings, host->root_uid) &&
	       !harden_maps_id(linux_->gid_mappings, linux_->n_gid_mappings, host->root_gid);
}

/* Returns whether /proc stays unmasked. A procfs can only be mounted in a user namespace made
 * inside if the present one has nothing mounted on it (the kernel's mount_too_revealing). The files
 * are then protected by their owner, if the user namespace does not map it; if it does, they stay
 * masked, since root could write them. */
static bool leaves_proc_open(const struct hardening *h)
{
	const struct oci_namespace *user = oci_find_namespace(h->config, "user");

	return h->profile->flags & PROFILE_FRESH_PROC && user && harden_is_apart(h, user);
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

/* Masks other views of /proc and /sys too: the lists name these, and elsewhere they are the same
 * files. */
static int mask_views(struct hardening *h)
{
	struct oci_hardened *nacre = harden_need_hardened(h);

	if (!nacre)
		return harden_out_of_memory(h);
	for (size_t i = 0; i < h->config->n_mounts && !nacre->mask_views; i++) {
		if (!mount_view_elsewhere(&h->config->mounts[i]))
			continue;
		nacre->mask_views = true;
		harden_note(h, "nacre.maskViews", NULL, "true");
	}
	return 0;
}

int rule_hidden_paths(struct hardening *h)
{
	struct oci_linux *linux_ = harden_need_linux(h);
	int r;

	if (!linux_)
		return harden_out_of_memory(h);
	if (leaves_proc_open(h) && !oci_has_new_namespace(h->config, "user")) {
		r = mark_not_host(h, oci_find_namespace(h->config, "user"));
		if (r < 0)
			return r;
	}
	r = mask_views(h);
	if (r < 0)
		return r;
	r = add_missing(h, &linux_->masked_paths, h->profile->masked_paths, "linux.maskedPaths");
	if (r < 0)
		return r;
	return add_missing(
		h, &linux_->readonly_paths, h->profile->readonly_paths, "linux.readonlyPaths");
}
