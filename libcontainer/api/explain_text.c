/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "specs/egress_names.h"
#include "specs/json.h"

/* Renders the result of explain.c as text, as JSON, and ready to be pasted. */

enum {
	SUMMARY_LINES = 8, /* a person or a model reads it after a failed job */
};

static void print_words(FILE *out, const struct oci_strings *words)
{
	for (size_t i = 0; i < words->n; i++)
		(void)fprintf(out, "%s%s", i ? " " : "", words->items[i]);
}

/* Grants a rule in addition to those of the policy; --egress would replace them. */
#define ADD_EGRESS "egress:"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,@%+=-"

void explain_print_allow(FILE *out, const char *kind, const char *item)
{
	const bool plain = !item[strspn(item, PLAIN)];

	(void)fprintf(out, "--allow %s%s", plain ? "" : "'", kind);
	for (; *item; item++)
		(void)fprintf(out, *item == '\'' ? "'\\%c'" : "%c", *item);
	(void)fputs(plain ? "" : "'", out);
}

static void print_allowed(FILE *out, const char *kind, const struct oci_strings *items)
{
	for (size_t i = 0; i < items->n; i++) {
		(void)fputs(i ? " " : "", out);
		explain_print_allow(out, kind, items->items[i]);
	}
}

/* Prints everything on one line. */
static void print_flags(FILE *out, const struct explanation *e)
{
	print_allowed(out, "", &e->allow);
	if (e->allow.n && e->egress.n)
		(void)fputs(" ", out);
	print_allowed(out, ADD_EGRESS, &e->egress);
	if (e->allow.n || e->egress.n)
		(void)fputs("\n", out);
}

/* --- for people --- */

static void print_counted(FILE *out, const struct explained *x)
{
	(void)fprintf(out, "%-8llu %s", (unsigned long long)x->count, x->what);
	if (!x->count) {
		(void)fputs("\n", out);
	} else if (x->egress) {
		(void)fprintf(out, " (rule %s; ", x->rule);
		explain_print_allow(out, ADD_EGRESS, x->egress);
		(void)fputs(")\n", out);
	} else if (*x->rule) {
		(void)fprintf(out, " (rule %s; %s)\n", x->rule, *x->grant ? x->grant : x->remedy);
	} else {
		(void)fprintf(out, " (%s)\n", x->remedy);
	}
}

static void print_call(FILE *out, const struct explained *x)
{
	(void)fprintf(out, "%-8llu %s: %s: %s", (unsigned long long)x->count, x->call,
		strerrorname_np(x->error), x->what);
	if (x->grants.n) {
		(void)fputs(" (", out);
		print_words(out, &x->grants);
		(void)fputs(")", out);
	}
	(void)fputs("\n", out);
}

static void print_log(FILE *out, const struct explanation *e)
{
	if (e->n_logged == 0)
		return;
	(void)fprintf(out, "\nSYSTEM CALLS IN THE KERNEL'S LOG (filter of config.json)\n");
	if (e->n_logged < 0)
		(void)fprintf(out, "not readable: %s\n", e->log_error.text);
	for (int i = 0; i < e->n_logged; i++)
		(void)fprintf(out, "%-8llu %s: %s\n", (unsigned long long)e->logged[i].count,
			e->logged[i].call, seccomp_action_word(e->logged[i].action));
}

static const struct oci_strings *egress_of(const struct explanation *e)
{
	static const struct oci_strings none;

	return e->c->config->nacre ? &e->c->config->nacre->egress : &none;
}

/* Returns the text that follows the rules. */
static const char *by_host(const struct explanation *e)
{
	if (e->c->record.active & EGRESS_BY_RELAY && e->c->record.active & EGRESS_NAMES)
		return " (over the host's network)\n";
	if (e->names_by_host < 0)
		return " (names over the host's network, unless the container's own leads out)\n";
	return e->names_by_host ? " (names over the host's network)\n" : "\n";
}

static void print_egress(FILE *out, const struct explanation *e)
{
	if (!egress_of(e)->n)
		return;
	(void)fputs("\nMAY CONNECT TO\n", out);
	print_words(out, egress_of(e));
	(void)fputs(by_host(e), out);
	if (!e->ports_taken.n)
		return;
	(void)fputs(
		"\nPORTS THAT THE EGRESS RELAY HAS TAKEN (EADDRINUSE for a server inside)\n", out);
	print_words(out, &e->ports_taken);
	(void)fputs("\n", out);
}

static void print_text(FILE *out, const struct explanation *e)
{
	(void)fprintf(out, "container %s, profile %s\n\nDENIED SINCE THE START\n", e->c->id,
		e->c->record.profile);
	for (size_t i = 0; i < e->n_denied; i++) {
		if (e->denied[i].counter)
			print_counted(out, &e->denied[i]);
	}
	if (e->c->record.active & TRACE)
		(void)fprintf(out, "\nSYSTEM CALLS REFUSED (nacre's own filter)\n");
	for (size_t i = 0; i < e->n_denied; i++) {
		if (e->denied[i].call)
			print_call(out, &e->denied[i]);
	}
	if (e->by_config.n) {
		(void)fprintf(out, "\nREFUSED BY config.json (linux.seccomp; no --allow helps)\n");
		print_words(out, &e->by_config);
		(void)fputs("\n", out);
	}
	print_egress(out, e);
	explain_print_workspaces(out, e);
	for (size_t i = 0; i < e->inside_lacks.n; i++)
		(void)fprintf(out, "\n%s\n", e->inside_lacks.items[i]);
	print_log(out, e);
	for (size_t i = 0; i < e->not_enforced.n; i++)
		(void)fprintf(out, "\nNOT ENFORCED: %s: this host has no controller for it\n",
			e->not_enforced.items[i]);
	for (size_t i = 0; i < e->left_out.n; i++)
		(void)fprintf(out, "\nLEFT OUT: %s\n", e->left_out.items[i]);
	explain_print_mounts(out, e);
	if (e->allow.n || e->egress.n)
		(void)fprintf(out, "\nWHAT WOULD ALLOW IT\n");
	print_flags(out, e);
	(void)fprintf(out, "\nWHAT CANNOT BE COUNTED\n");
	for (size_t i = 0; i < e->not_counted.n; i++)
		(void)fprintf(out, "%s\n", e->not_counted.items[i]);
}

/* "3 bpf: EPERM (--allow syscall:bpf)" */
static void print_failed(FILE *out, const struct explained *x)
{
	(void)fprintf(out, "  %llu %s", (unsigned long long)x->count, x->call ? x->call : x->what);
	if (x->call)
		(void)fprintf(out, ": %s", x->error ? strerrorname_np(x->error) : x->what);
	if (x->grants.n) {
		(void)fputs(" (", out);
		print_allowed(out, "", &x->grants);
		(void)fputs(")", out);
	} else if (x->egress) {
		(void)fputs(" (", out);
		explain_print_allow(out, ADD_EGRESS, x->egress);
		(void)fputs(")", out);
	} else if (*x->remedy) {
		(void)fprintf(out, " (%s)", x->remedy);
	}
	(void)fputs("\n", out);
}

static void print_summary(FILE *out, const struct explanation *e)
{
	size_t failed = 0;

	for (size_t i = 0; i < e->n_denied; i++) {
		if (!e->denied[i].failed)
			continue;
		if (failed == 0)
			(void)fprintf(out, "container %s, profile %s, refused:\n", e->c->id,
				e->c->record.profile);
		if (failed++ < SUMMARY_LINES)
			print_failed(out, &e->denied[i]);
	}
	if (failed > SUMMARY_LINES)
		(void)fprintf(out, "  and %zu other kinds\n", failed - SUMMARY_LINES);
	if (e->allow.n || e->egress.n)
		(void)fputs("all of it is allowed by: ", out);
	print_flags(out, e);
}

static void print_failure(FILE *out, const struct explanation *e)
{
	print_summary(out, e);
	explain_print_causes(out, e);
}

static int print(const struct explanation *e, void (*one)(FILE *out, const struct explanation *e),
	char **ret_text, struct nacre_error *err)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return fail_errno(err, ENOMEM, "explain");
	one(out, e);
	if (fclose(out) != 0) {
		free(text);
		return fail_errno(err, ENOMEM, "explain");
	}
	*ret_text = text;
	return 0;
}

/* --- for programs --- */

static void write_explained(struct json_writer *w, const struct explained *x)
{
	json_open_object(w);
	if (x->counter) {
		json_key_string(w, "counter", x->counter);
		json_key_string(w, "key", x->key);
	} else {
		json_key_string(w, "syscall", x->call);
		json_key_string(w, "errno", strerrorname_np(x->error));
	}
	json_key(w, "count");
	json_u64(w, x->count);
	json_key_string(w, "rule", x->rule);
	json_key_string(w, "what", x->what);
	json_key_string(w, "grant", x->grant);
	json_key_strings(w, "grants", x->grants.items, x->grants.n);
	if (x->destination)
		json_key_string(w, "destination", x->destination);
	if (x->egress)
		json_key_string(w, "egress", x->egress);
	json_key_string(w, "remedy", x->remedy);
	json_close_object(w);
}

static void write_log(struct json_writer *w, const struct explanation *e)
{
	json_key(w, "kernelLog");
	json_open_object(w);
	if (e->n_logged < 0)
		json_key_string(w, "error", e->log_error.text);
	json_key(w, "records");
	json_open_array(w);
	for (int i = 0; i < e->n_logged; i++) {
		json_open_object(w);
		json_key_string(w, "syscall", e->logged[i].call);
		json_key(w, "count");
		json_u64(w, e->logged[i].count);
		json_key_string(w, "action", seccomp_action_word(e->logged[i].action));
		json_close_object(w);
	}
	json_close_array(w);
	json_close_object(w);
}

static int render_json(const struct explanation *e, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(true);

	json_open_object(w);
	json_key(w, "version");
	json_u64(w, NACRE_EXPLAIN_VERSION);
	json_key_string(w, "id", e->c->id);
	json_key_string(w, "profile", e->c->record.profile);
	json_key(w, "denied");
	json_open_array(w);
	for (size_t i = 0; i < e->n_denied; i++)
		write_explained(w, &e->denied[i]);
	json_close_array(w);
	json_key_strings(w, "allow", e->allow.items, e->allow.n);
	json_key_strings(w, "egress", e->egress.items, e->egress.n);
	json_key_strings(w, "refusedByConfig", e->by_config.items, e->by_config.n);
	json_key_strings(w, "connectsTo", egress_of(e)->items, egress_of(e)->n);
	if (e->names_by_host >= 0) {
		json_key(w, "namesByHost");
		json_bool(w, e->names_by_host);
	}
	json_key_strings(w, "portsTaken", e->ports_taken.items, e->ports_taken.n);
	explain_write_workspaces(w, e);
	json_key_strings(w, "insideLacks", e->inside_lacks.items, e->inside_lacks.n);
	json_key(w, "traced");
	json_bool(w, e->c->record.active & TRACE);
	write_log(w, e);
	explain_write_mounts(w, e);
	json_key_strings(w, "notEnforced", e->not_enforced.items, e->not_enforced.n);
	json_key_strings(w, "leftOut", e->left_out.items, e->left_out.n);
	json_key_strings(w, "notCounted", e->not_counted.items, e->not_counted.n);
	json_close_object(w);
	return json_writer_finish(w, ret_text, err);
}

/* Makes a complete /etc/nacre/policy.json; the contents of an existing file must be kept. */
static int render_policy(const struct explanation *e, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(true);

	json_open_object(w);
	json_key(w, "version");
	json_u64(w, 1);
	json_key(w, "grants");
	json_open_object(w);
	json_key_strings(w, "given", e->allow.items, e->allow.n);
	json_close_object(w);
	if (e->egress.n) {
		json_key(w, "egress");
		json_open_object(w);
		json_key_strings(w, "always", e->egress.items, e->egress.n);
		json_close_object(w);
	}
	json_close_object(w);
	return json_writer_finish(w, ret_text, err);
}

int explain_render(const struct explanation *e, enum nacre_explain_format format, char **ret_text,
	struct nacre_error *err)
{
	switch (format) {
	case NACRE_EXPLAIN_JSON:
		return render_json(e, ret_text, err);
	case NACRE_EXPLAIN_POLICY:
		return render_policy(e, ret_text, err);
	case NACRE_EXPLAIN_FLAGS:
		return print(e, print_flags, ret_text, err);
	case NACRE_EXPLAIN_SUMMARY:
		return print(e, print_summary, ret_text, err);
	case NACRE_EXPLAIN_FAILURE:
		return print(e, print_failure, ret_text, err);
	default:
		return print(e, print_text, ret_text, err);
	}
}
