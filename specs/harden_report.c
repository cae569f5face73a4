/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "specs/harden_opened.h"
#include "specs/harden_rules.h"
#include "specs/json.h"
#include "specs/nearest.h"
#include "specs/policy.h"

static void write_value(struct json_writer *w, const char *key, const char *json)
{
	if (!json)
		return;
	json_key(w, key);
	json_raw(w, json);
}

static void write_change(struct json_writer *w, const struct harden_change *change)
{
	json_open_object(w);
	json_key_string(w, "rule", change->rule);
	json_key_string(w, "path", change->path);
	write_value(w, "from", change->from);
	write_value(w, "to", change->to);
	json_key_string(w, "why", change->why);
	json_close_object(w);
}

static void write_grants(struct json_writer *w, const struct harden_report *report)
{
	const struct harden_request *request = &report->request;

	json_key(w, "grants");
	json_open_array(w);
	for (size_t i = 0; i < request->grants.n; i++) {
		json_open_object(w);
		json_key_string(w, "grant", request->grants.items[i]);
		if (request->granted_by) {
			json_key_string(w, "by", request->granted_by[i]);
		}
		json_key(w, "used");
		json_bool(w, oci_strings_have(&report->granted, request->grants.items[i]));
		json_close_object(w);
	}
	json_close_array(w);
}

int harden_report_json(const struct harden_report *report, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(true);

	json_open_object(w);
	json_key(w, "version");
	json_u64(w, HARDEN_REPORT_VERSION);
	json_key_string(w, "profile", report->profile);
	json_key_strings(w, "rules", report->rules.items, report->rules.n);
	json_key_strings(w, "required", report->request.require.items, report->request.require.n);
	json_key_strings(w, "bestEffort", report->best_effort.items, report->best_effort.n);
	json_key_strings(w, "leftOut", report->left_out.items, report->left_out.n);
	json_key_strings(w, "granted", report->granted.items, report->granted.n);
	write_grants(w, report);
	json_key_strings(w, "workspaces", report->workspaces.items, report->workspaces.n);
	json_key(w, "changes");
	json_open_array(w);
	for (size_t i = 0; i < report->n_changes; i++)
		write_change(w, &report->changes[i]);
	json_close_array(w);
	json_close_object(w);
	return json_writer_finish(w, ret_text, err);
}

static int wider(int width, const char *text)
{
	int length = (int)strlen(text);

	return length > width ? length : width;
}

/* Replaces control characters: the tenant may have written the config, and must not control the
 * reader's terminal. */
static void print_plain(FILE *out, const char *text)
{
	for (; *text; text++)
		(void)fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
	(void)fputc('\n', out);
}

static void print_changes(FILE *out, const struct harden_report *report)
{
	int rule = wider(0, "RULE"), path = wider(0, "PATH");

	for (size_t i = 0; i < report->n_changes; i++) {
		rule = wider(rule, report->changes[i].rule);
		path = wider(path, report->changes[i].path);
	}
	(void)fprintf(out, "\n%-*s  %-*s  %s\n", rule, "RULE", path, "PATH", "CHANGE");
	for (size_t i = 0; i < report->n_changes; i++) {
		const struct harden_change *change = &report->changes[i];

		(void)fprintf(out, "%-*s  %-*s  ", rule, change->rule, path, change->path);
		print_plain(out, change->summary);
	}
}

static void print_rules(FILE *out, const struct harden_report *report)
{
	int width = 0;

	for (size_t i = 0; i < report->rules.n; i++)
		width = wider(width, report->rules.items[i]);
	(void)fprintf(out, "\n%-*s  EFFECT   WHY\n", width, "RULE");
	for (const struct rule *rule = harden_rules; rule->name; rule++) {
		if (oci_strings_have(&report->rules, rule->name))
			(void)fprintf(out, "%-*s  %-7s  %s\n", width, rule->name,
				rule->effect == RULE_EFFECT_EDITS ? "edits" : "refuses", rule->why);
	}
}

/* Returns the first one who gave the grant. */
static const char *origin(const struct harden_report *report, const char *grant)
{
	const struct harden_request *request = &report->request;

	for (size_t i = 0; request->granted_by && i < request->grants.n; i++) {
		if (!strcmp(request->grants.items[i], grant))
			return request->granted_by[i];
	}
	return NULL;
}

static void print_head(FILE *out, const struct harden_report *report)
{
	(void)fprintf(out, "profile %s: %zu rules, %zu changes\n", report->profile, report->rules.n,
		report->n_changes);
	for (size_t i = 0; i < report->granted.n; i++) {
		const char *by = origin(report, report->granted.items[i]);

		(void)fprintf(out, "allowed: %s%s%s%s\n", report->granted.items[i], by ? " (" : "",
			by ? by : "", by ? ")" : "");
	}
	for (size_t i = 0; i < report->request.require.n; i++)
		(void)fprintf(out, "required: %s\n", report->request.require.items[i]);
	for (size_t i = 0; i < report->workspaces.n; i++) {
		(void)fputs("workspace: ", out);
		print_plain(out, report->workspaces.items[i]);
	}
	for (size_t i = 0; i < report->best_effort.n; i++)
		(void)fprintf(out,
			"best effort: the limit of %s, which a host without the cgroup controller "
			"does not enforce\n",
			report->best_effort.items[i]);
	for (size_t i = 0; i < report->left_out.n; i++) {
		(void)fputs("left out: ", out);
		print_plain(out, report->left_out.items[i]);
	}
}

/* Closes OUT, a stream in memory, and returns its text. */
static int finish(FILE *out, char *const *text, char **ret_text, struct nacre_error *err)
{
	if (fclose(out) != 0) {
		free(*text);
		return fail(err, ENOMEM, "out of memory");
	}
	*ret_text = *text;
	return 0;
}

int harden_report_diff(const struct harden_report *report, char **ret_text, struct nacre_error *err)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return fail(err, ENOMEM, "out of memory");
	(void)fprintf(out, "--- oci\n+++ %s\n", report->profile);
	for (size_t i = 0; i < report->n_changes; i++) {
		const struct harden_change *change = &report->changes[i];

		(void)fprintf(out, "@@ %s @@ %s\n", change->path, change->rule);
		if (change->from) {
			(void)fputc('-', out);
			print_plain(out, change->from);
		}
		if (change->to) {
			(void)fputc('+', out);
			print_plain(out, change->to);
		}
	}
	return finish(out, &text, ret_text, err);
}

int harden_report_text(const struct harden_report *report, char **ret_text, struct nacre_error *err)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return fail(err, ENOMEM, "out of memory");
	print_head(out, report);
	if (report->n_changes)
		print_changes(out, report);
	if (report->rules.n)
		print_rules(out, report);
	return finish(out, &text, ret_text, err);
}

/* --- warnings --- */

/* Warns in a single line, as engines show it. */
static void warn_of_taken(
	const struct harden_report *report, void (*warn)(void *data, const char *text), void *data)
{
	char text[1024];
	size_t used;

	if (!report->taken.n)
		return;
	used = (size_t)snprintf(text, sizeof(text),
		"profile %s does not allow what config.json asks for: ", report->profile);
	for (size_t i = 0; i < report->taken.n && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? "; " : "",
			report->taken.items[i]);
	warn(data, text);
}

static void warn_of_unknown(
	const struct harden_report *report, void (*warn)(void *data, const char *text), void *data)
{
	for (size_t i = 0; i < report->unknown.n; i++) {
		const char *name = report->unknown.items[i];
		char hint[NEAREST_HINT], text[256];

		(void)snprintf(text, sizeof(text),
			"process.capabilities: \"%.63s\" is not a capability%s", name,
			harden_capability_hint(name, hint));
		warn(data, text);
	}
}

static bool has_node(const struct harden_report *report, size_t i)
{
	const struct harden_node *nodes = report->request.host.nodes;

	return strncmp(report->request.grants.items[i], "device:", strlen("device:")) != 0 ||
	       !nodes || nodes[i].type;
}

/* Returns whether the grant is about a source. Sources are judged when they are opened:
 * libcontainer/mount/mount_guard.h. */
static bool is_of_sources(const struct harden_request *request, size_t i)
{
	const char *grant = request->grants.items[i];

	return harden_has_rule(request, RULE_mount_sources) &&
	       (!strcmp(grant, "engine-socket") || harden_grant_item(grant, "mount"));
}

/* Warns of a grant without effect, except one of the policy, which is for every container, whatever
 * it needs. */
static void warn_of_grant(const struct harden_request *request, size_t i, const char *why,
	void (*warn)(void *data, const char *text), void *data)
{
	const char *by = request->granted_by ? request->granted_by[i] : NULL;
	char text[512];

	if (by && !strcmp(by, BY_POLICY))
		return;
	(void)snprintf(text, sizeof(text), "grant %.300s%s%s%s has no effect: %s",
		request->grants.items[i], by ? " (" : "", by ? by : "", by ? ")" : "", why);
	warn(data, text);
}

#define NOTHING_TAKEN "no rule forbids what it would allow"

static void warn_of_grants(
	const struct harden_report *report, void (*warn)(void *data, const char *text), void *data)
{
	const struct harden_request *request = &report->request;

	for (size_t i = 0; i < request->grants.n; i++) {
		if (!oci_strings_have(&report->granted, request->grants.items[i]) &&
			!is_of_sources(request, i))
			warn_of_grant(request, i,
				has_node(report, i) ? NOTHING_TAKEN
						    : "this host has no such device",
				warn, data);
	}
}

void harden_warn_of_sources(const struct harden_request *request, const struct oci_strings *granted,
	const bool *used, void (*warn)(void *data, const char *text), void *data)
{
	for (size_t i = 0; i < request->grants.n; i++) {
		if (is_of_sources(request, i) && !used[i] &&
			!oci_strings_have(granted, request->grants.items[i]))
			warn_of_grant(request, i, NOTHING_TAKEN, warn, data);
	}
}

void harden_report_warn(const struct harden_report *report, bool grants,
	void (*warn)(void *data, const char *text), void *data)
{
	for (size_t i = 0; i < report->left_out.n; i++)
		warn(data, report->left_out.items[i]);
	warn_of_taken(report, warn, data);
	warn_of_unknown(report, warn, data);
	if (grants)
		warn_of_grants(report, warn, data);
}
