/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/caps.h"

#include <ctype.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "libcontainer/base/sys.h"
#include "specs/nearest.h"

#define N_SETS 5
#define BIT(n) (UINT64_C(1) << (n))

/* Accepts only letters and underscores: cap_from_name(3) would take "3", and "CAP_CHOWN,junk", for
 * names. */
static bool is_name(const char *text)
{
	if (strncasecmp(text, "CAP_", 4) != 0)
		return false;
	for (; *text; text++)
		if (!isascii(*text) || (!isalpha((unsigned char)*text) && *text != '_'))
			return false;
	return true;
}

static int number_from_name(const char *name)
{
	cap_value_t number;

	return is_name(name) && cap_from_name(name, &number) == 0 ? number : -1;
}

/* Returns a name for error texts: "cap_chown", or a number if libcap is older than the kernel. */
static const char *name_of(unsigned number, char ret_name[64])
{
	char *name = cap_to_name((cap_value_t)number);

	(void)snprintf(ret_name, 64, "%s", name ? name : "");
	(void)cap_free(name);
	for (char *c = ret_name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return ret_name;
}

static int read_permitted(uint64_t *ret_mask, struct nacre_error *err)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int r = sys_capget(data);

	if (r < 0)
		return fail_errno(err, r, "capget");
	*ret_mask = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

/* The five sets, each as a list of names and as a mask. */
struct set_row {
	const char *name;
	const struct oci_strings *list;
	uint64_t mask;
};

/* Returns whether NAME occurs before item ITEM of set SET, and so was reported already. */
static bool was_seen(const struct set_row *rows, size_t set, size_t item, const char *name)
{
	for (size_t i = 0; i <= set; i++) {
		size_t end = i == set ? item : rows[i].list->n;

		for (size_t j = 0; j < end; j++)
			if (strcasecmp(rows[i].list->items[j], name) == 0)
				return true;
	}
	return false;
}

static void warn_left_out(
	const char *name, int number, void (*warn)(void *data, const char *text), void *data)
{
	struct nearest nearest = {.given = name};
	char text[160], known[64], hint[NEAREST_HINT];

	for (unsigned n = 0; number < 0 && n < 64; n++) {
		if (!is_name(name_of(n, known)))
			continue;
		nearest_offer(&nearest, known);
		nearest_offer_as(&nearest, known + strlen("CAP_"), known);
	}
	(void)snprintf(text, sizeof(text), "capability %.64s is %s%s: left out", name,
		number < 0 ? "unknown" : "not known to the kernel or not held by the caller",
		nearest_hint(&nearest, hint));
	warn(data, text);
}

/* Removes what is not in both other sets, since the kernel raises no such ambient capability:
 * capabilities(7). buildah asks for all. */
static uint64_t limit_ambient(
	uint64_t ambient, uint64_t allowed, void (*warn)(void *data, const char *text), void *data)
{
	/* Begins as runc's warning does, but names all of them in one. */
	char name[64], names[900] = "", text[1000];
	size_t used = 0;

	for (unsigned n = 0; n < 64 && used < sizeof(names); n++)
		if (ambient & ~allowed & BIT(n))
			used += (size_t)snprintf(
				names + used, sizeof(names) - used, " %s", name_of(n, name));
	(void)snprintf(text, sizeof(text),
		"can't raise ambient capability%s: not both inheritable and permitted", names);
	if (warn && used)
		warn(data, text);
	return ambient & allowed;
}

int caps_parse(const struct oci_capabilities *capabilities, struct capability_sets *ret_sets,
	void (*warn)(void *data, const char *text), void *data, struct nacre_error *err)
{
	static const struct oci_capabilities none;
	const struct oci_capabilities *c = capabilities ? capabilities : &none;
	struct set_row rows[N_SETS] = {
		{"bounding", &c->bounding, 0},
		{"effective", &c->effective, 0},
		{"inheritable", &c->inheritable, 0},
		{"permitted", &c->permitted, 0},
		{"ambient", &c->ambient, 0},
	};
	uint64_t held = 0;
	char name[64];
	int r = read_permitted(&held, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < N_SETS; i++) {
		for (size_t j = 0; j < rows[i].list->n; j++) {
			const char *item = rows[i].list->items[j];
			int number = number_from_name(item);

			if (number >= 0 && held & BIT(number))
				rows[i].mask |= BIT(number);
			else if (warn && !was_seen(rows, i, j, item))
				warn_left_out(item, number, warn, data);
		}
	}
	if (rows[1].mask & ~rows[3].mask)
		return fail(err, EINVAL,
			"process.capabilities.effective: %s is not in "
			"process.capabilities.permitted",
			name_of((unsigned)__builtin_ctzll(rows[1].mask & ~rows[3].mask), name));
	*ret_sets = (struct capability_sets){
		.bounding = rows[0].mask,
		.effective = rows[1].mask,
		.inheritable = rows[2].mask,
		.permitted = rows[3].mask,
		.ambient = limit_ambient(rows[4].mask, rows[2].mask & rows[3].mask, warn, data),
	};
	return 0;
}

/* Also drops capabilities that libcap does not know, which a later kernel has added. */
int caps_bound(const struct capability_sets *sets, struct nacre_error *err)
{
	for (unsigned n = 0; n < 64; n++) {
		char name[64];
		int present;

		if (sets->bounding & BIT(n) || prctl(PR_CAPBSET_DROP, n, 0, 0, 0) == 0)
			continue;
		/* EPERM without CAP_SETPCAP is no failure if the capability is not in the set. */
		present = prctl(PR_CAPBSET_READ, n, 0, 0, 0);
		if (present < 0) /* beyond the last capability */
			return 0;
		if (present)
			return fail(err, EPERM, "drop %s from the bounding set: needs CAP_SETPCAP",
				name_of(n, name));
	}
	return 0;
}

static int apply_ambient(uint64_t ambient, struct nacre_error *err)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return fail_errno(err, errno, "clear the ambient capabilities");
	for (unsigned n = 0; n < 64; n++) {
		char name[64];

		if (ambient & BIT(n) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, n, 0, 0) < 0)
			return fail_errno(
				err, errno, "raise ambient capability %s", name_of(n, name));
	}
	return 0;
}

int caps_drop_beyond(const struct capability_sets *sets, struct nacre_error *err)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{
			.effective = (uint32_t)sets->effective,
			.permitted = (uint32_t)sets->permitted,
			.inheritable = (uint32_t)sets->inheritable,
		},
		{
			.effective = (uint32_t)(sets->effective >> 32),
			.permitted = (uint32_t)(sets->permitted >> 32),
			.inheritable = (uint32_t)(sets->inheritable >> 32),
		},
	};
	int r = sys_capset(data);

	if (r < 0)
		return fail_errno(err, r,
			"capset effective %#llx, permitted %#llx, inheritable %#llx",
			(unsigned long long)sets->effective, (unsigned long long)sets->permitted,
			(unsigned long long)sets->inheritable);
	return 0;
}

int caps_apply(const struct capability_sets *sets, struct nacre_error *err)
{
	int r = caps_drop_beyond(sets, err);

	return r < 0 ? r : apply_ambient(sets->ambient, err);
}

int caps_apply_with(const struct capability_sets *sets, uint64_t more, uint64_t *ret_beyond,
	struct nacre_error *err)
{
	struct capability_sets all = *sets;
	uint64_t held = 0;
	int r = read_permitted(&held, err);

	if (r < 0)
		return r;
	all.permitted |= more & held;
	all.effective |= more & held;
	r = caps_apply(&all, err);
	if (r < 0)
		return r;
	*ret_beyond = all.effective & ~sets->effective;
	return 0;
}

static size_t names_among(struct arena *arena, uint64_t mask, const char *ret_names[64])
{
	size_t n = 0;

	for (unsigned i = 0; i < 64 && prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
		char name[64];
		const char *kept = mask & BIT(i) ? arena_strdup(arena, name_of(i, name)) : NULL;

		/* A name without letters is known only to the kernel. */
		if (kept && is_name(kept))
			ret_names[n++] = kept;
	}
	return n;
}

size_t caps_names(struct arena *arena, const char *ret_names[64])
{
	return names_among(arena, UINT64_MAX, ret_names);
}

int caps_held(
	struct arena *arena, const char *ret_names[64], size_t *ret_n, struct nacre_error *err)
{
	uint64_t mask = 0;
	int r = read_permitted(&mask, err);

	if (r == 0)
		*ret_n = names_among(arena, mask, ret_names);
	return r;
}
