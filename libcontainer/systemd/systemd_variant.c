/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/systemd/systemd_property.h"

/*
 * Parses values of annotations in the GVariant text format that runc and crun take: true, 'text',
 * -5, uint64 5, 1.5, ['a', 'b'], @as [], ('a', 5). Numbers are int32 unless a keyword precedes
 * them; the elements of an array have one type. Maybe types, variants and dictionaries are refused:
 * no property of a unit has such a type.
 */

#define DEPTH_MAX 8
#define SIGNATURE_MAX 64

struct parser {
	const char *at;
	FILE *values;
	char signature[SIGNATURE_MAX];
	size_t n; /* length of the signature */
	unsigned depth;
	const char *why; /* the reason of a failure */
};

static const struct {
	const char *word;
	char type;
	int64_t min;
	uint64_t max;
} numbers[] = {
	/* clang-format off */
	{"byte",   'y', 0,         UINT8_MAX},
	{"int16",  'n', INT16_MIN, INT16_MAX},
	{"uint16", 'q', 0,         UINT16_MAX},
	{"int32",  'i', INT32_MIN, INT32_MAX},
	{"uint32", 'u', 0,         UINT32_MAX},
	{"int64",  'x', INT64_MIN, INT64_MAX},
	{"uint64", 't', 0,         UINT64_MAX},
	{"double", 'd', 0,         0},
	{NULL},
	/* clang-format on */
};

static int parse_value(struct parser *p, const char *type);

static int wrong(struct parser *p, const char *why)
{
	p->why = why;
	return -EINVAL;
}

static void skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, " \t\n");
}

static bool take(struct parser *p, const char *text)
{
	size_t n = strlen(text);

	if (strncmp(p->at, text, n) != 0)
		return false;
	p->at += n;
	return true;
}

static int add_type(struct parser *p, char type)
{
	if (p->n + 1 >= sizeof(p->signature))
		return wrong(p, "its type is too long");
	p->signature[p->n++] = type;
	p->signature[p->n] = '\0';
	return 0;
}

/* Adds the type FOUND of a basic value. TYPE, if not NULL, is the expected type. */
static int settle_type(struct parser *p, const char *type, char found)
{
	if (type && *type != found)
		return wrong(p, "it is not of the type that is due");
	return add_type(p, found);
}

static int parse_integer(struct parser *p, size_t row)
{
	bool negative = take(p, "-");
	char text[24], *end;
	uint64_t n, max;

	if (!isdigit((unsigned char)*p->at))
		return wrong(p, "a number is expected");
	errno = 0;
	n = strtoull(p->at, &end, 0);
	max = negative ? -(uint64_t)numbers[row].min : numbers[row].max;
	if (errno != 0 || n > max)
		return wrong(p, "the number does not fit its type");
	p->at = end;
	(void)snprintf(text, sizeof(text), "%s%llu", negative ? "-" : "", (unsigned long long)n);
	systemd_property_field(p->values, text);
	return 0;
}

static int parse_double(struct parser *p)
{
	char text[64], *end;
	double n;

	if (!isdigit((unsigned char)*p->at) && *p->at != '-' && *p->at != '.')
		return wrong(p, "a number is expected");
	n = strtod(p->at, &end);
	if (end == p->at)
		return wrong(p, "a number is expected");
	p->at = end;
	(void)snprintf(text, sizeof(text), "%.17g", n);
	systemd_property_field(p->values, text);
	return 0;
}

static bool has_fraction(const char *text)
{
	text += *text == '-';
	text += strspn(text, "0123456789");
	return *text == '.' || *text == 'e';
}

static int parse_number(struct parser *p, const char *type)
{
	char found = type ? *type : has_fraction(p->at) ? 'd' : 'i';
	size_t row = 0;

	for (; numbers[row].word && numbers[row].type != found; row++)
		;
	if (!numbers[row].word)
		return wrong(p, "it is not of the type that is due");
	if (add_type(p, found) < 0)
		return -EINVAL;
	return found == 'd' ? parse_double(p) : parse_integer(p, row);
}

static int parse_string(struct parser *p, const char *type)
{
	const char quote = *p->at++;
	const char *end = p->at;
	cleanup_free char *text = NULL;
	size_t n = 0;

	for (; *end && *end != quote; end++)
		if (*end == '\\' && end[1])
			end++;
	if (!*end)
		return wrong(p, "the string has no end");
	text = malloc((size_t)(end - p->at) + 1);
	if (!text)
		return wrong(p, "out of memory");
	/* systemd writes strings into a unit file, some without escaping newlines. */
	for (; p->at < end; p->at++) {
		if (*p->at == '\\' && isalnum((unsigned char)*++p->at))
			return wrong(p, "of the escapes only \\\\ and those of quotes");
		if (iscntrl((unsigned char)*p->at))
			return wrong(p, "a string has no control characters");
		text[n++] = *p->at;
	}
	text[n] = '\0';
	p->at++;
	systemd_property_field(p->values, text);
	return settle_type(p, type, type && (*type == 'o' || *type == 'g') ? *type : 's');
}

static int parse_bool(struct parser *p, bool value, const char *type)
{
	systemd_property_field(p->values, value ? "1" : "0");
	return settle_type(p, type, 'b');
}

/* Parses an array. All elements must have the type of the first; an empty array needs "@". */
static int parse_array(struct parser *p, const char *type)
{
	size_t element = p->n + 1;
	char first[SIGNATURE_MAX] = "";
	int r = settle_type(p, type, 'a');

	if (type)
		strcpy(first, type + 1);
	skip_blanks(p);
	if (r == 0 && take(p, "]")) {
		systemd_property_field(p->values, "-");
		for (const char *c = first; *c && r == 0; c++)
			r = add_type(p, *c);
		return *first ? r : wrong(p, "an empty array needs its type, as in @as []");
	}
	for (bool more = true; r == 0 && more;) {
		p->n = element;
		systemd_property_field(p->values, "+");
		/* The members of a tuple define its type. */
		r = parse_value(p, *first && *first != '(' ? first : NULL);
		if (r == 0 && *first && strcmp(first, p->signature + element) != 0)
			r = wrong(p, "the elements of an array are of one type");
		if (r == 0)
			strcpy(first, p->signature + element);
		skip_blanks(p);
		more = take(p, ",");
	}
	if (r == 0 && !take(p, "]"))
		return wrong(p, "\"]\" is expected");
	systemd_property_field(p->values, "-");
	return r;
}

static int parse_tuple(struct parser *p, const char *type)
{
	int r = type ? wrong(p, "no type can be given to a tuple") : add_type(p, '(');

	for (bool more = true; r == 0 && more;) {
		r = parse_value(p, NULL);
		skip_blanks(p);
		more = take(p, ",");
	}
	if (r == 0 && !take(p, ")"))
		return wrong(p, "\")\" is expected");
	return r < 0 ? r : add_type(p, ')');
}

/* Parses "@as " or "uint64 " before a value. RET_TYPE is not changed if there is none. */
static int parse_type(struct parser *p, char ret_type[SIGNATURE_MAX], bool *ret_found)
{
	size_t n = strcspn(p->at, " \t\n[('\"");

	*ret_found = true;
	if (*p->at == '@') {
		if (n < 2 || n >= SIGNATURE_MAX || strspn(p->at + 1, "a") != n - 2 ||
			!strchr("bynqiuxtdsog", p->at[n - 1]))
			return wrong(p, "what follows @ is no basic type nor an array of one");
		memcpy(ret_type, p->at + 1, n - 1);
		ret_type[n - 1] = '\0';
		p->at += n;
		return 0;
	}
	for (size_t i = 0; numbers[i].word; i++) {
		if (strlen(numbers[i].word) == n && strncmp(p->at, numbers[i].word, n) == 0) {
			ret_type[0] = numbers[i].type;
			ret_type[1] = '\0';
			p->at += n;
			return 0;
		}
	}
	*ret_found = false;
	return 0;
}

static int parse_plain(struct parser *p, const char *type)
{
	if (*p->at == '\'' || *p->at == '"')
		return parse_string(p, type);
	if (take(p, "["))
		return parse_array(p, type);
	if (take(p, "("))
		return parse_tuple(p, type);
	if (take(p, "true"))
		return parse_bool(p, true, type);
	if (take(p, "false"))
		return parse_bool(p, false, type);
	return parse_number(p, type);
}

/* TYPE: the expected signature, NULL: any. */
static int parse_value(struct parser *p, const char *type)
{
	char own[SIGNATURE_MAX];
	bool found;
	int r;

	if (++p->depth > DEPTH_MAX)
		return wrong(p, "it is nested too deep");
	skip_blanks(p);
	r = parse_type(p, own, &found);
	if (r == 0 && found && type && strcmp(own, type) != 0)
		r = wrong(p, "it is not of the type that is due");
	skip_blanks(p);
	if (r == 0)
		r = parse_plain(p, found ? own : type);
	p->depth--;
	return r;
}

/* *RET_VALUES: heap. */
static int parse(const char *text, char ret_signature[SIGNATURE_MAX], char **ret_values,
	const char **ret_why)
{
	char *values = NULL;
	size_t length;
	struct parser p = {.at = text, .values = open_memstream(&values, &length)};
	int r;

	*ret_why = "out of memory";
	if (!p.values)
		return -ENOMEM;
	r = parse_value(&p, NULL);
	skip_blanks(&p);
	if (r == 0 && *p.at)
		r = wrong(&p, "something follows the value");
	if (fclose(p.values) != 0 && r == 0)
		r = -ENOMEM;
	if (p.why)
		*ret_why = p.why;
	if (r < 0) {
		free(values);
		return r;
	}
	strcpy(ret_signature, p.signature);
	*ret_values = values;
	return 0;
}

/*
 * Returns whether an untrusted config may set the property: profiles other than oci assume that a
 * tenant wrote the annotations. These properties set when the unit ends, its order with others, its
 * description, and what happens to it afterwards. Any other may give the container more than its
 * config does (MemoryMax, DeviceAllow), or affect other units (Wants, Conflicts, Slice, PIDs).
 */
static bool is_harmless(const char *name)
{
	static const char *const names[] = {"After", "Before", "CollectMode", "DefaultDependencies",
		"Description", "RuntimeMaxSec", "RuntimeMaxUSec", "TimeoutStopSec",
		"TimeoutStopUSec"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool is_name(const char *name)
{
	size_t n = 0;

	while (isalpha((unsigned char)name[n]))
		n++;
	return n >= 4 && n < 64 && !name[n];
}

/* Writes a time in seconds. Over D-Bus all times are in microseconds, but people know the name of
 * unit files, TimeoutStopSec. */
static int put_seconds(FILE *out, const char *name, size_t n, const char *signature,
	const char *values, const char **ret_why)
{
	uint64_t seconds;
	char *end;

	errno = 0;
	seconds = strtoull(values + 1, &end, 10);
	if (!strchr("ynqiuxt", signature[0]) || signature[1] || values[1] == '-' || *end ||
		errno != 0 || seconds > UINT64_MAX / 1000000) {
		*ret_why = "a whole number of seconds is expected";
		return -EINVAL;
	}
	fprintf(out, "%.*sU", (int)n, name);
	systemd_property_u64(out, "Sec", seconds * 1000000);
	return 0;
}

int systemd_property_of_annotation(FILE *out, const char *name, const char *key, const char *value,
	bool trusted, struct nacre_error *err)
{
	size_t n = strlen(name);
	char signature[SIGNATURE_MAX];
	cleanup_free char *values = NULL;
	const char *why;
	int r;

	if (!is_name(name))
		return fail(
			err, EINVAL, "annotations[\"%.100s\"]: not the name of a property", key);
	if (!trusted && !is_harmless(name))
		return fail(err, EPERM,
			"annotations[\"%s\"]: a container may set this property of its unit only "
			"under the profile oci",
			key);
	r = parse(value, signature, &values, &why);
	if (r == 0 && strcmp(name + n - 3, "Sec") == 0 && name[n - 4] != 'U')
		r = put_seconds(out, name, n - 3, signature, values, &why);
	else if (r == 0)
		fprintf(out, "%s\t%s%s\n", name, signature, values);
	if (r < 0)
		return fail(err, -r, "annotations[\"%s\"]: %.200s: %s", key, value, why);
	return 0;
}
