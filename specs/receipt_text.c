/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "specs/escape.h"
#include "specs/receipt.h"

/* Prints a receipt for people. Anybody may have written the words in it, so none may control the
 * terminal. */

static void put(FILE *out, const char *text)
{
	const char *at = text ? text : "-";

	while (*at) {
		uint32_t code;
		bool seen;
		const size_t n = escape_char(at, strlen(at), &code, &seen);

		if (n && seen)
			(void)fwrite(at, 1, n, out);
		else
			(void)fputc('?', out);
		at += n ? n : 1;
	}
}

static void line(FILE *out, const char *name, const char *text)
{
	(void)fprintf(out, "%-12s ", name);
	put(out, text);
	(void)fputc('\n', out);
}

static void number(FILE *out, const char *name, uint64_t value, const char *unit)
{
	(void)fprintf(out, "%-12s %" PRIu64 "%s\n", name, value, unit);
}

static void print_run(FILE *out, const struct receipt *r)
{
	line(out, "container", r->invocation.id);
	line(out, "started", r->invocation.started);
	line(out, "finished", r->invocation.finished);
	if (r->exit_status.set)
		(void)fprintf(out, "%-12s %" PRId32 "\n", "exit status", r->exit_status.value);
	if (r->resources.memory_peak.set)
		number(out, "memory peak", r->resources.memory_peak.value, " bytes");
	if (r->resources.cpu_usec.set)
		number(out, "CPU time", r->resources.cpu_usec.value, " us");
	line(out, "runtime", r->runtime.name);
	line(out, "  version", r->runtime.version);
	line(out, "  sha256", r->runtime.sha256);
	if (r->image)
		line(out, "image", r->image->digest);
	line(out, "config", r->config.given_sha256);
	line(out, "  as run", r->config.run_sha256);
	if (r->config.end_sha256)
		line(out, "  at the end", r->config.end_sha256);
}

static void print_rules(FILE *out, const struct receipt *r)
{
	size_t whole = 0;

	line(out, "profile", r->profile);
	for (size_t i = 0; i < r->n_rules; i++)
		whole += r->rules[i].enforced;
	(void)fprintf(out, "%-12s %zu of %zu fully enforced\n", "rules", whole, r->n_rules);
	for (size_t i = 0; i < r->n_rules; i++) {
		if (r->rules[i].enforced)
			continue;
		(void)fputs("  gap        ", out);
		put(out, r->rules[i].name);
		(void)fputs(": ", out);
		put(out, r->rules[i].gap);
		(void)fputc('\n', out);
	}
	for (size_t i = 0; i < r->n_grants; i++) {
		(void)fprintf(out, "%-12s ", "grant");
		put(out, r->grants[i].grant);
		(void)fputs(", by ", out);
		put(out, r->grants[i].by);
		(void)fputs(r->grants[i].used ? "\n" : ", without effect\n", out);
	}
}

static void print_egress(FILE *out, const struct receipt_egress *egress)
{
	for (size_t i = 0; i < egress->rules.n; i++)
		line(out, "egress", egress->rules.items[i]);
	number(out, "denied", egress->denied, "");
	for (size_t i = 0; i < egress->n_denials; i++) {
		(void)fprintf(out, "  %-10" PRIu64 " ", egress->denials[i].count);
		put(out, egress->denials[i].destination ? egress->denials[i].destination
							: egress->denials[i].reason);
		(void)fputc('\n', out);
	}
}

static void print_workspace(FILE *out, const struct receipt_workspace *workspace)
{
	const struct receipt_counts *n = &workspace->counts;

	line(out, "workspace", workspace->source);
	line(out, "  form", workspace->form);
	(void)fprintf(out,
		"  changes    %" PRIu64 " added, %" PRIu64 " modified, %" PRIu64
		" deleted, %" PRIu64 " renamed, %" PRIu64 " replaced; %" PRIu64 " refused, %" PRIu64
		" conflicts\n",
		n->added, n->modified, n->deleted, n->renamed, n->replaced, n->refused,
		n->conflicts);
}

static void print_rest(FILE *out, const struct receipt_statement *statement)
{
	const struct receipt *r = &statement->predicate;

	for (size_t i = 0; i < r->n_incomplete; i++) {
		(void)fprintf(out, "%-12s ", "not observed");
		put(out, r->incomplete[i].member);
		(void)fputs(": ", out);
		put(out, r->incomplete[i].reason);
		(void)fputc('\n', out);
	}
	line(out, "key", r->chain.key_id);
	number(out, "sequence", r->chain.sequence, "");
	line(out, "  after", r->chain.previous_sha256 ? r->chain.previous_sha256 : "none");
	for (size_t i = 0; i < statement->n_subjects; i++) {
		line(out, "subject", statement->subjects[i].name);
		line(out, "  sha256", statement->subjects[i].digest.sha256);
	}
}

int receipt_statement_text(
	const struct receipt_statement *statement, char **ret_text, struct nacre_error *err)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return fail(err, ENOMEM, "receipt: out of memory");
	print_run(out, &statement->predicate);
	print_rules(out, &statement->predicate);
	print_egress(out, &statement->predicate.egress);
	for (size_t i = 0; i < statement->predicate.n_workspaces; i++)
		print_workspace(out, &statement->predicate.workspaces[i]);
	print_rest(out, statement);
	if (fclose(out) != 0) {
		free(text);
		return fail(err, ENOMEM, "receipt: out of memory");
	}
	*ret_text = text;
	return 0;
}
