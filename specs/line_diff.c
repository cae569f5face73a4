/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/line_diff.h"

#include <stdio.h>
#include <string.h>

enum {
	CONTEXT = 3,
	HEADER_MAX = 64,
};

/* Hashes with FNV-1a. A collision costs only a comparison. */
static uint32_t hash_of(const char *text, size_t n)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619U;
	return hash;
}

/* Splits TEXT into lines. A line includes its newline. */
static bool split(struct line_diff_text *t, const char *text, size_t size)
{
	const char *end = text + size;

	t->n = 0;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *next = newline ? newline + 1 : end;

		if (t->n == LINE_DIFF_LINES)
			return false;
		t->begin[t->n] = text;
		t->hash[t->n] = hash_of(text, (size_t)(next - text));
		t->changed[t->n++] = false;
		text = next;
	}
	t->begin[t->n] = end;
	return true;
}

static size_t length_of(const struct line_diff_text *t, int line)
{
	return (size_t)(t->begin[line + 1] - t->begin[line]);
}

static bool is_same(const struct line_diff *m, int old_line, int new_line)
{
	const struct line_diff_text *a = &m->old_text, *b = &m->new_text;
	const size_t n = length_of(a, old_line);

	return a->hash[old_line] == b->hash[new_line] && n == length_of(b, new_line) &&
	       !memcmp(a->begin[old_line], b->begin[new_line], n);
}

/* The lines without the common ones at the beginning and the end. */
struct middle {
	int first; /* the same in both */
	int n_old, n_new;
};

static struct middle find_middle(const struct line_diff *m)
{
	struct middle middle = {0, m->old_text.n, m->new_text.n};

	while (middle.n_old > 0 && middle.n_new > 0 && is_same(m, middle.first, middle.first)) {
		middle.first++;
		middle.n_old--;
		middle.n_new--;
	}
	while (middle.n_old > 0 && middle.n_new > 0 &&
		is_same(m, middle.first + middle.n_old - 1, middle.first + middle.n_new - 1)) {
		middle.n_old--;
		middle.n_new--;
	}
	return middle;
}

/*
 * Implements Myers, "An O(ND) Difference Algorithm and Its Variations", 1986. For D edits the trace
 * has, for each diagonal K = x - y, how far they lead in the old text, -1 if nowhere. LEVEL: the
 * values of D - 1 edits, one for every second diagonal from -(D - 1).
 */
static int step(const struct middle *middle, const int *level, int d, int k, bool *ret_added)
{
	int down = k < d ? level[(k + d) / 2] : -1; /* an added line: x does not change */
	int right = k > -d ? level[(k + d) / 2 - 1] : -1; /* a removed line */

	right = right >= 0 && right < middle->n_old ? right + 1 : -1;
	if (down >= 0 && down - k > middle->n_new)
		down = -1;
	*ret_added = down >= right;
	return *ret_added ? down : right;
}

static int *level_of(struct line_diff *m, int d)
{
	return m->trace + d * (d + 1) / 2;
}

/* Returns the number of edits, or -1 if they exceed the limit. */
static int find_edits(struct line_diff *m, const struct middle *middle)
{
	const int goal = middle->n_old - middle->n_new;

	for (int d = 0; d <= LINE_DIFF_EDITS && d <= middle->n_old + middle->n_new; d++) {
		int *level = level_of(m, d);

		for (int k = -d; k <= d; k += 2) {
			bool added;
			int x = d ? step(middle, level_of(m, d - 1), d, k, &added) : 0;

			while (x >= 0 && x < middle->n_old && x - k < middle->n_new &&
				is_same(m, middle->first + x, middle->first + x - k))
				x++;
			level[(k + d) / 2] = x;
			if (k == goal && x == middle->n_old)
				return d;
		}
	}
	return -1;
}

static void mark_edits(struct line_diff *m, const struct middle *middle, int edits)
{
	int k = middle->n_old - middle->n_new;

	for (int d = edits; d > 0; d--) {
		bool added;
		int x = step(middle, level_of(m, d - 1), d, k, &added);

		if (added)
			m->new_text.changed[middle->first + x - k - 1] = true;
		else
			m->old_text.changed[middle->first + x - 1] = true;
		k += added ? 1 : -1;
	}
}

static void mark_all(struct line_diff *m, const struct middle *middle)
{
	memset(m->old_text.changed + middle->first, true, (size_t)middle->n_old);
	memset(m->new_text.changed + middle->first, true, (size_t)middle->n_new);
}

/* --- hunks --- */

struct output {
	const struct line_diff *m;
	void (*put)(void *data, const char *bytes, size_t n);
	void *data;
};

struct hunk {
	int old_begin, old_end, new_begin, new_end;
};

static bool is_changed(const struct line_diff_text *t, int line)
{
	return line < t->n && t->changed[line];
}

/* Takes the changes that begin at the end of HUNK, and the common lines behind them, up to the next
 * change if that is within twice the context. */
static void take_changes(const struct line_diff *m, struct hunk *hunk)
{
	int same = 0;

	for (int i = hunk->old_end, j = hunk->new_end; same <= 2 * CONTEXT;) {
		if (is_changed(&m->old_text, i) || is_changed(&m->new_text, j)) {
			while (is_changed(&m->old_text, i))
				i++;
			while (is_changed(&m->new_text, j))
				j++;
			hunk->old_end = i;
			hunk->new_end = j;
			same = 0;
		} else if (i < m->old_text.n && j < m->new_text.n) {
			i++;
			j++;
			same++;
		} else {
			return;
		}
	}
}

static void put_line(const struct output *out, char sign, const struct line_diff_text *t, int line)
{
	static const char missing[] = "\n\\ No newline at end of file\n";
	const size_t n = length_of(t, line);

	out->put(out->data, &sign, 1);
	out->put(out->data, t->begin[line], n);
	if (t->begin[line][n - 1] != '\n')
		out->put(out->data, missing, sizeof(missing) - 1);
}

static void put_hunk(const struct output *out, const struct hunk *hunk)
{
	const struct line_diff_text *a = &out->m->old_text, *b = &out->m->new_text;
	const int n_old = hunk->old_end - hunk->old_begin, n_new = hunk->new_end - hunk->new_begin;
	char header[HEADER_MAX];
	int length = snprintf(header, sizeof(header), "@@ -%d,%d +%d,%d @@\n",
		hunk->old_begin + (n_old > 0), n_old, hunk->new_begin + (n_new > 0), n_new);

	out->put(out->data, header, (size_t)length);
	for (int i = hunk->old_begin, j = hunk->new_begin;
		i < hunk->old_end || j < hunk->new_end;) {
		while (i < hunk->old_end && a->changed[i])
			put_line(out, '-', a, i++);
		while (j < hunk->new_end && b->changed[j])
			put_line(out, '+', b, j++);
		if (i < hunk->old_end && j < hunk->new_end) {
			put_line(out, ' ', a, i++);
			j++;
		}
	}
}

static void put_hunks(const struct output *out)
{
	const struct line_diff *m = out->m;

	for (int i = 0, j = 0; i < m->old_text.n || j < m->new_text.n;) {
		struct hunk hunk;
		int before, behind;

		if (!is_changed(&m->old_text, i) && !is_changed(&m->new_text, j)) {
			i++;
			j++;
			continue;
		}
		hunk = (struct hunk){i, i, j, j};
		take_changes(m, &hunk);
		i = hunk.old_end;
		j = hunk.new_end;
		/* Before the first change, and behind the last, both texts have the same lines. */
		before = hunk.old_begin < hunk.new_begin ? hunk.old_begin : hunk.new_begin;
		before = before < CONTEXT ? before : CONTEXT;
		behind = m->old_text.n - i < CONTEXT ? m->old_text.n - i : CONTEXT;
		hunk.old_begin -= before;
		hunk.new_begin -= before;
		hunk.old_end += behind;
		hunk.new_end += behind;
		put_hunk(out, &hunk);
	}
}

enum line_diff_result line_diff(struct line_diff *memory, const char *old_text, size_t old_size,
	const char *new_text, size_t new_size, void (*put)(void *data, const char *bytes, size_t n),
	void *data)
{
	const struct output out = {memory, put, data};
	struct middle middle;
	int edits;

	if (memchr(old_text, '\0', old_size) || memchr(new_text, '\0', new_size))
		return LINE_DIFF_BINARY;
	if (old_size > LINE_DIFF_BYTES || new_size > LINE_DIFF_BYTES ||
		!split(&memory->old_text, old_text, old_size) ||
		!split(&memory->new_text, new_text, new_size))
		return LINE_DIFF_LARGE;
	middle = find_middle(memory);
	edits = find_edits(memory, &middle);
	if (edits < 0)
		mark_all(memory, &middle);
	else
		mark_edits(memory, &middle, edits);
	put_hunks(&out);
	return LINE_DIFF_DONE;
}
