/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/facts.h"
#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"
#include "libcontainer/api/receipt.h"
#include "libcontainer/api/update_egress.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/cgroup/cgroup_limits.h"
#include "libcontainer/cgroup/resctrl.h"
#include "libcontainer/life/audit.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/systemd/systemd.h"
#include "specs/update.h"
#include "specs/validate.h"

#define RESOURCES "linux.resources."

/* nacre_update: changes limits and egress rules of an existing container. */

struct update {
	const struct nacre_update_options *options;
	const struct oci_resources *given;
	struct oci_config *next; /* hardened */
	struct oci_resources changes;
	bool has_egress;
	struct update_egress egress;
};

static void warn_of(struct container *c, const struct harden_report *report)
{
	for (size_t i = 0; i < report->n_changes; i++) {
		const struct harden_change *change = &report->changes[i];
		char *text;

		/* Some changes of create are not stored. Hardening makes them again, which changes
		 * nothing. */
		if (strncmp(change->path, RESOURCES, strlen(RESOURCES)) != 0)
			continue;
		text = arena_printf(c->arena, "profile %s, rule %s: %s: %s", report->profile,
			change->rule, change->path, change->summary);

		if (text)
			container_warn(c, text);
	}
}

static bool has_oom_group(const struct oci_config *config)
{
	const struct oci_linux *linux_ = config->linux_;
	const struct oci_map *unified = linux_ && linux_->resources ? &linux_->resources->unified
								    : NULL;

	for (size_t i = 0; unified && i < unified->n; i++) {
		if (!strcmp(unified->items[i].key, "memory.oom.group"))
			return !strcmp(unified->items[i].value, "1");
	}
	return false;
}

/* The profile and grants of create apply to an update. The stored config is hardened already, so
 * every change that a rule makes now is due to the update. */
static int tighten(struct container *c, const struct update *u, struct oci_config *merged,
	struct oci_config **ret_next, struct nacre_error *err)
{
	struct harden_report *report;
	struct harden_request request;
	int r;

	r = container_request(c, &request, err);
	if (r >= 0 && u->has_egress)
		r = update_egress_ask(c, u->options->egress, &request, err);
	if (r >= 0)
		r = u->has_egress ? update_egress_look(c, merged, &request, err)
				  : facts_look(c->arena, merged, NULL, &request, err);
	/* The policy of the creation, which is not stored, decided it. */
	request.oom_group = (struct oci_bool){.set = true, .value = has_oom_group(c->config)};
	request.egress_stays = !u->has_egress;
	if (r >= 0)
		r = harden(c->arena, merged, &request, ret_next, &report, err);
	if (r < 0)
		return r;
	warn_of(c, report);
	return 0;
}

/* memory.checkBeforeUpdate, with runc's messages: without it the kernel reclaims and then kills. */
static int check_usage(const struct container *c, const struct update *u, struct nacre_error *err)
{
	const struct oci_memory *given = u->given->memory,
				*next = u->next->linux_->resources->memory;
	cleanup_free char *text = NULL;
	struct nacre_error ignored; /* without the controller the limit itself is refused */
	int64_t usage;

	if (!given || !given->check_before_update.value ||
		file_read(c->cgroup.fd, "memory.current", 64, &text, NULL, &ignored) < 0)
		return 0;
	usage = strtoll(text, NULL, 10);
	if (next->swap.value > 0 && next->swap.value <= usage)
		return fail(err, EBUSY, "rejecting memory+swap limit %lld <= usage %lld",
			(long long)next->swap.value, (long long)usage);
	if (next->limit.value > 0 && next->limit.value <= usage)
		return fail(err, EBUSY, "rejecting memory limit %lld <= usage %lld",
			(long long)next->limit.value, (long long)usage);
	return 0;
}

static int decode(struct container *c, struct update *u, struct nacre_error *err)
{
	const char *text = u->options->resources ? u->options->resources : "{}";
	const struct oci_part part = {
		.name = u->options->name ? u->options->name : "resources",
		.text = text,
		.length = strlen(text),
		.warn = c->callbacks->warn,
		.data = c->callbacks->data,
	};
	struct oci_linux linux_ = {.n_namespaces = 0};
	struct oci_config config = {.linux_ = &linux_};
	int r;

	r = oci_resources_decode(c->arena, &part, &linux_.resources, err);
	if (r < 0)
		return r;
	u->given = linux_.resources;
	oci_config_warnings(&config, c->callbacks->warn, c->callbacks->data);
	if (u->given->cpu && u->given->cpu->idle.value != 0 && u->given->cpu->shares.value != 0)
		container_warn(c,
			"linux.resources.cpu: unable to apply both shares and idle: what is "
			"idle has the smallest weight");
	return 0;
}

static bool changes_rdt(const struct nacre_update_options *options)
{
	return options->l3_cache_schema || options->mem_bw_schema;
}

static int plan_rdt(const struct nacre_update_options *options, struct oci_config *next,
	struct nacre_error *err)
{
	struct oci_intel_rdt *rdt = next->linux_->intel_rdt;

	if (!changes_rdt(options))
		return 0;
	if (!rdt)
		return fail(err, EINVAL,
			"updating a non-existent Intel RDT configuration is not supported: the "
			"container has no linux.intelRdt");
	if (options->l3_cache_schema)
		rdt->l3_cache_schema = options->l3_cache_schema;
	if (options->mem_bw_schema)
		rdt->mem_bw_schema = options->mem_bw_schema;
	return 0;
}

static int plan_update(struct container *c, struct update *u, struct nacre_error *err)
{
	struct oci_config *merged;
	int r;

	r = decode(c, u, err);
	if (r >= 0)
		r = update_merge(c->arena, c->config, u->given, &merged, err);
	if (r >= 0)
		r = plan_rdt(u->options, merged, err);
	if (r >= 0)
		r = tighten(c, u, merged, &u->next, err);
	if (r < 0)
		return r;
	if (u->has_egress)
		r = update_egress_plan(c, u->next, &u->egress, err);
	if (r < 0)
		return r;
	if (c->record.unit)
		systemd_round_quota(u->next->linux_->resources);
	return update_changes(c->arena, c->config, u->given, u->next, &u->changes, err);
}

/* What perform has done. */
struct done {
	struct rollback rollback;
	bool devices, unit;
	int resctrl_fd; /* root of resctrl */
	char *schemata; /* its old value; NULL: not changed */
};

static int apply_rdt(
	struct container *c, const struct update *u, struct done *done, struct nacre_error *err)
{
	if (!changes_rdt(u->options))
		return 0;
	done->resctrl_fd = resctrl_open(err);
	if (done->resctrl_fd < 0)
		return done->resctrl_fd;
	return resctrl_change(
		done->resctrl_fd, c->id, u->next->linux_->intel_rdt, &done->schemata, err);
}

static int apply_devices(struct container *c, const struct oci_config *config,
	const struct update *u, struct nacre_error *err)
{
	const struct oci_resources *resources = config->linux_ ? config->linux_->resources : NULL;
	static const struct oci_resources none;

	if (u->given->n_devices == 0)
		return 0;
	return step_apply_device_rules(c, resources ? resources : &none, err);
}

/* Writes again the limits that systemd sets differently from the config. For an IOWeight it also
 * writes io.bfq.weight, in its own conversion, and BFQ then forgets the weights of devices; and for
 * a period without a quota it writes the default. No rollback: undo informs systemd too, and calls
 * this again. */
static int repeat_limits(
	struct container *c, const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_resources *all = config->linux_->resources;
	struct oci_block_io io = {.n_weight_device = 0};
	struct oci_cpu cpu = {.cpus = NULL};
	const struct oci_resources again = {.block_io = &io, .cpu = &cpu, .unified = all->unified};

	if (all->block_io && all->block_io->weight.value != 0) {
		io.weight = all->block_io->weight;
		io.weight_device = all->block_io->weight_device;
		io.n_weight_device = all->block_io->n_weight_device;
	}
	if (all->cpu && all->cpu->quota.value <= 0) {
		cpu.quota = all->cpu->quota;
		cpu.period = all->cpu->period;
	}
	if (io.weight.value == 0 && cpu.period.value == 0)
		return 0;
	return cgroup_limits_apply(c->cgroup.fd, &again, oci_best_effort(config), NULL,
		c->callbacks->warn, c->callbacks->data, err);
}

/* systemd may rewrite the limits of a unit, so it must know the new ones. */
static int apply_unit(struct container *c, const struct oci_config *config, const struct update *u,
	struct nacre_error *err)
{
	const struct oci_resources *resources = config->linux_ ? config->linux_->resources : NULL;
	cleanup_free char *properties = NULL;
	int r;

	if (!c->record.unit || !resources)
		return 0;
	r = systemd_limit_properties(resources, u->given->n_devices > 0, &properties, err);
	if (r < 0)
		return r;
	r = systemd_set(c->record.unit, c->record.user_unit, properties, err);
	if (r < 0)
		return r;
	return repeat_limits(c, config, err);
}

static void undo(struct container *c, const struct update *u, const struct done *done)
{
	struct nacre_error err;

	if (done->schemata && resctrl_restore(done->resctrl_fd, c->id, c->config->linux_->intel_rdt,
				      done->schemata, &err) < 0)
		container_warn(c, err.text);
	if (done->unit && apply_unit(c, c->config, u, &err) < 0)
		container_warn(c, err.text);
	if (done->devices && apply_devices(c, c->config, u, &err) < 0)
		container_warn(c, err.text);
	if (rollback_restore(&done->rollback, c->cgroup.fd, &err) < 0) {
		(void)fail_prefix(&err, "the old limits could not be restored");
		container_warn(c, err.text);
	}
}

/* Applies limits, device rules, cache shares, the unit, egress rules in addition to the old ones,
 * and the stored config. If one fails, the earlier ones are undone, except for the rules in the
 * relay. Then the old rules are removed. */
static int perform(struct container *c, struct update *u, struct nacre_error *err)
{
	struct done done = {.resctrl_fd = -1};
	int r = cgroup_limits_apply(c->cgroup.fd, &u->changes, oci_best_effort(u->next),
		&done.rollback, c->callbacks->warn, c->callbacks->data, err);

	if (r == 0) {
		done.devices = true;
		r = apply_devices(c, u->next, u, err);
	}
	if (r == 0)
		r = apply_rdt(c, u, &done, err);
	if (r == 0) {
		done.unit = true;
		r = apply_unit(c, u->next, u, err);
	}
	if (r == 0 && u->has_egress)
		r = update_egress_begin(c, &u->egress, err);
	if (r == 0)
		r = container_save_config(c, u->next, err);
	if (r < 0) {
		update_egress_undo(c, &u->egress);
		undo(c, u, &done);
	}
	if (r < 0 && u->egress.begun)
		r = fail_prefix(err, "--egress: no more is allowed than before, and perhaps less, "
				     "until it is done again");
	else if (r == 0 && u->has_egress)
		r = update_egress_finish(c, &u->egress, err);
	rollback_done(&done.rollback);
	free(done.schemata);
	fd_close(&done.resctrl_fd);
	return r;
}

/* Records only a change of egress rules. */
static void record(struct container *c, const struct update *u, int result, struct nacre_error *err)
{
	struct audit_event event = {.event = "update"};

	if (!u->has_egress)
		return;
	event.egress = u->next->nacre->egress;
	audit_fact(c, &event, result, err);
}

static int update(struct nacre *nacre, const char *id, const struct nacre_update_options *options,
	struct nacre_error *err)
{
	struct update u = {.options = options,
		.has_egress = options->egress && *options->egress,
		.egress = {.relay_fd = -1}};
	enum container_status status;
	struct container c;
	int r = container_open(nacre, id, CONTAINER_LOCKED, &c, &status, err);

	if (r == 0 && (status == STATUS_STOPPED || status == STATUS_CREATING))
		r = fail(err, ESRCH, "container not running");
	if (r == 0)
		r = container_load_config(&c, err);
	if (r == 0)
		r = plan_update(&c, &u, err);
	if (r == 0)
		r = container_open_cgroup(&c, err);
	if (r == 0)
		r = check_usage(&c, &u, err);
	if (r == 0 && u.has_egress)
		r = update_egress_check(&c, &u.egress, err);
	if (r == 0 && u.has_egress)
		r = audit_open(&c, err);
	if (r == 0)
		r = receipt_note_update(&c, err);
	if (r == 0) {
		r = perform(&c, &u, err);
		record(&c, &u, r, err);
	}
	update_egress_done(&u.egress);
	container_done(&c);
	return r;
}

int nacre_update(struct nacre *nacre, const char *id, const struct nacre_update_options *given,
	struct nacre_error *err)
{
	struct nacre_update_options options;
	int r = options_take_update(given, &options, err);

	return r < 0 ? r : update(nacre, id, &options, err);
}
