/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "specs/harden_rules.h"
#include "specs/json.h"

/* Functions with which rules note what they do. */

int harden_out_of_memory(struct hardening *h)
{
	return arena_fail(h->arena, "tightened config", h->err);
}

const char *harden_text(struct hardening *h, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = arena_vprintf(h->arena, format, args);
	va_end(args);
	if (!text)
		h->failed = harden_out_of_memory(h);
	return text ? text : "";
}

/* Copies the text of W into the arena. */
static const char *finish(struct hardening *h, struct json_writer *w)
{
	char *text = NULL;
	const char *copy = NULL;
	int r = json_writer_finish(w, &text, h->err);

	if (r == 0) {
		copy = arena_strdup(h->arena, text);
		r = copy ? 0 : harden_out_of_memory(h);
	}
	free(text);
	if (r < 0)
		h->failed = r;
	return copy ? copy : "";
}

const char *harden_json_of_string(struct hardening *h, const char *text)
{
	struct json_writer *w = json_writer_new(false);

	json_string(w, text);
	return finish(h, w);
}

const char *harden_json_of_integer(struct hardening *h, int64_t value)
{
	return harden_text(h, "%" PRId64, value);
}

const char *harden_json_of_words(struct hardening *h, const struct oci_strings *words)
{
	struct json_writer *w = json_writer_new(false);

	json_strings(w, words->items, words->n);
	return finish(h, w);
}

static void add_change(struct hardening *h, const struct harden_change *change)
{
	struct harden_report *report = h->report;

	if (report->n_changes == h->room) {
		size_t room = h->room ? 2 * h->room : 16;
		struct harden_change *larger = arena_array(h->arena, room, sizeof(*larger));

		if (!larger) {
			h->failed = harden_out_of_memory(h);
			return;
		}
		if (report->n_changes)
			memcpy(larger, report->changes, report->n_changes * sizeof(*larger));
		report->changes = larger;
		h->room = room;
	}
	report->changes[report->n_changes++] = *change;
}

void harden_note(struct hardening *h, const char *path, const char *from, const char *to)
{
	struct harden_change change = {
		.rule = h->rule->name, .path = path, .from = from, .to = to, .why = h->rule->why};

	if (!from)
		change.summary = harden_text(h, "added %s", to);
	else if (!to)
		change.summary = harden_text(h, "removed %s", from);
	else
		change.summary = harden_text(h, "%s -> %s", from, to);
	add_change(h, &change);
}

/* Doubles the room at 0, 1, 2, 4, ... words: a config can have ten thousand of them. */
static bool append_taken(struct hardening *h, const char *text)
{
	struct oci_strings *taken = &h->report->taken;
	const char **larger;

	if (!(taken->n & (taken->n - 1))) {
		larger = arena_array(h->arena, 2 * taken->n + 1, sizeof(*larger));
		if (!larger)
			return false;
		if (taken->n)
			memcpy(larger, taken->items, taken->n * sizeof(*larger));
		taken->items = larger;
	}
	taken->items[taken->n++] = text;
	return true;
}

void harden_taken(struct hardening *h, const char *grant, const char *what, ...)
{
	const char *reported;
	char text[512];
	va_list args;

	/* All of them are reported in one line; the report's changes have the rest. */
	if (h->report->taken.n >= HARDEN_REPORTED_MAX)
		return;
	va_start(args, what);
	(void)vsnprintf(text, sizeof(text), what, args);
	va_end(args);
	reported = harden_text(h, "%s", text);
	/* If the rule is required, no grant helps. */
	if (grant && !harden_is_required(h))
		reported = harden_text(h, "%.400s (--allow %.80s)", text, grant);
	if (!append_taken(h, reported))
		h->failed = harden_out_of_memory(h);
}

/* Appends " SIGN WORD" for each word of A that is not in B. One list was made from the other, so
 * their words have the same order, and few or none must be searched. */
static void list_missing(char *text, size_t size, char sign, const struct oci_strings *a,
	const struct oci_strings *b)
{
	size_t used = strlen(text), next = 0;

	for (size_t i = 0; i < a->n && used < size; i++) {
		if (next < b->n && strcmp(a->items[i], b->items[next]) == 0)
			next++;
		else if (!oci_strings_have(b, a->items[i]))
			used += (size_t)snprintf(text + used, size - used, "%s%c%s",
				used ? " " : "", sign, a->items[i]);
	}
}

void harden_note_words(struct hardening *h, const char *path, const char *label,
	const struct oci_strings *from, const struct oci_strings *to)
{
	char words[512] = "";
	struct harden_change change = {.rule = h->rule->name, .path = path, .why = h->rule->why};

	if (label)
		(void)snprintf(words, sizeof(words), "%s:", label);
	list_missing(words, sizeof(words), '-', from, to);
	list_missing(words, sizeof(words), '+', to, from);
	change.from = from->n ? harden_json_of_words(h, from) : NULL;
	change.to = harden_json_of_words(h, to);
	change.summary = harden_text(h, "%s", words);
	add_change(h, &change);
}

int harden_refuse(struct hardening *h, const char *grant, const char *path, const char *format, ...)
{
	char reason[768];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	if (harden_is_required(h))
		return fail(h->err, EPERM,
			"profile %s, rule %s: %s: %s; the rule is required, so no grant can allow "
			"it",
			h->profile->name, h->rule->name, path, reason);
	if (h->request->in_pod)
		return fail(h->err, EPERM,
			"profile %s, rule %s: %s: %s; allow it with the annotation "
			"run.nacre.allow: %s, if annotations.may_allow of the node's policy.json "
			"lists it",
			h->profile->name, h->rule->name, path, reason, grant);
	return fail(h->err, EPERM, "profile %s, rule %s: %s: %s; allow it with --allow %s",
		h->profile->name, h->rule->name, path, reason, grant);
}

bool harden_append_word(struct arena *arena, struct oci_strings *list, const char *word)
{
	const char **items = arena_array(arena, list->n + 1, sizeof(*items));

	if (!items)
		return false;
	if (list->n)
		memcpy(items, list->items, list->n * sizeof(*items));
	items[list->n++] = word;
	list->items = items;
	return true;
}

void *harden_insert_element(struct arena *arena, const void *from, size_t n, size_t size, size_t at)
{
	char *to = arena_array(arena, n + 1, size);

	if (!to)
		return NULL;
	if (at)
		memcpy(to, from, at * size);
	if (n > at)
		memcpy(to + (at + 1) * size, (const char *)from + at * size, (n - at) * size);
	return to;
}

struct oci_linux *harden_need_linux(struct hardening *h)
{
	if (!h->config->linux_)
		h->config->linux_ = arena_alloc(h->arena, sizeof(*h->config->linux_));
	return h->config->linux_;
}

struct oci_hardened *harden_need_hardened(struct hardening *h)
{
	if (!h->config->nacre)
		h->config->nacre = arena_alloc(h->arena, sizeof(*h->config->nacre));
	return h->config->nacre;
}

struct oci_resources *harden_need_resources(struct hardening *h)
{
	struct oci_linux *linux_ = harden_need_linux(h);

	if (linux_ && !linux_->resources)
		linux_->resources = arena_alloc(h->arena, sizeof(*linux_->resources));
	return linux_ ? linux_->resources : NULL;
}
