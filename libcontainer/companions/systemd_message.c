/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/companions/systemd_message.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"

/* Parses a text of nacre's own: anything malformed in it is a defect of nacre, and is reported as
 * one. */

#define DEPTH_MAX 8
#define SIGNATURE_MAX 64

struct reader {
	char *at; /* the next field; NULL: there is none */
	sd_bus_message *message;
};

/* Returns the next field of the line, NULL at its end. */
static char *next_field(struct reader *r)
{
	char *field = r->at;

	if (!field)
		return NULL;
	r->at = strchr(field, '\t');
	if (r->at)
		*r->at++ = '\0';
	return field;
}

/* Returns the length of the complete type that SIGNATURE begins with; 0: there is none. */
static size_t type_length(const char *signature)
{
	size_t n = strspn(signature, "a");
	int open = 0;

	do {
		if (!signature[n] || !strchr("ybnqiuxtdsog()", signature[n]))
			return 0;
		open += signature[n] == '(' ? 1 : signature[n] == ')' ? -1 : 0;
		n++;
	} while (open > 0);
	return open < 0 ? 0 : n;
}

static int append_basic(sd_bus_message *message, char type, const char *text)
{
	union {
		uint8_t y;
		int b; /* an int as sd_bus_message_append_basic(3) takes it, not a bool */
		uint16_t q;
		uint32_t u;
		uint64_t t;
		double d;
	} value;
	uint64_t n = strtoull(text, NULL, 10);

	switch (type) {
	case 's':
	case 'o':
	case 'g':
		return sd_bus_message_append_basic(message, type, text);
	case 'y':
		value.y = (uint8_t)n;
		break;
	case 'b':
		value.b = n != 0;
		break;
	case 'n':
	case 'q':
		value.q = (uint16_t)n;
		break;
	case 'i':
	case 'u':
		value.u = (uint32_t)n;
		break;
	case 'd':
		value.d = strtod(text, NULL);
		break;
	default:
		value.t = n;
	}
	return sd_bus_message_append_basic(message, type, &value);
}

static int append_value(struct reader *r, const char *signature, size_t n, unsigned depth);

static int append_members(struct reader *r, const char *signature, size_t n, unsigned depth)
{
	int result = 0;

	while (n > 0 && result >= 0) {
		size_t one = type_length(signature);

		result = one == 0 || one > n ? -EINVAL : append_value(r, signature, one, depth);
		signature += one;
		n -= one;
	}
	return result;
}

static int append_elements(struct reader *r, const char *signature, size_t n, unsigned depth)
{
	for (;;) {
		const char *mark = next_field(r);
		int result;

		if (mark && strcmp(mark, "-") == 0)
			return 0;
		if (!mark || strcmp(mark, "+") != 0)
			return -EINVAL;
		result = append_value(r, signature, n, depth);
		if (result < 0)
			return result;
	}
}

/* Appends a value. SIGNATURE: one complete type of N bytes. */
static int append_value(struct reader *r, const char *signature, size_t n, unsigned depth)
{
	bool array = *signature == 'a';
	char contents[SIGNATURE_MAX];
	const char *text;
	int result;

	if (n == 0 || n >= sizeof(contents) || depth == DEPTH_MAX)
		return -EINVAL;
	if (n == 1) {
		text = next_field(r);
		return text ? append_basic(r->message, *signature, text) : -EINVAL;
	}
	/* Takes what follows the "a", or stands between the brackets. */
	n -= array ? 1 : 2;
	memcpy(contents, signature + 1, n);
	contents[n] = '\0';
	result = sd_bus_message_open_container(r->message, array ? 'a' : 'r', contents);
	if (result >= 0 && array)
		result = append_elements(r, contents, n, depth + 1);
	else if (result >= 0)
		result = append_members(r, contents, n, depth + 1);
	return result < 0 ? result : sd_bus_message_close_container(r->message);
}

static int append_property(sd_bus_message *message, char *line, struct nacre_error *err)
{
	struct reader r = {line, message};
	const char *name = next_field(&r), *signature = next_field(&r);
	int result;

	name += *name == '?';
	if (!signature || !*signature || type_length(signature) != strlen(signature))
		return fail(err, EPROTO, "property %s has no type", name);
	result = sd_bus_message_open_container(message, 'r', "sv");
	if (result >= 0)
		result = sd_bus_message_append_basic(message, 's', name);
	if (result >= 0)
		result = sd_bus_message_open_container(message, 'v', signature);
	if (result >= 0)
		result = append_value(&r, signature, strlen(signature), 0);
	if (result >= 0 && r.at)
		result = -E2BIG;
	if (result >= 0)
		result = sd_bus_message_close_container(message);
	if (result >= 0)
		result = sd_bus_message_close_container(message);
	return result < 0 ? fail_errno(err, result, "property %s of type %s", name, signature) : 0;
}

int message_append_properties(sd_bus_message *message, const char *text, bool optional,
	bool *ret_optional, struct nacre_error *err)
{
	cleanup_free char *copy = strdup(text);
	char *rest, *line;
	int r;

	*ret_optional = false;
	if (!copy)
		return fail_errno(err, ENOMEM, "properties");
	r = sd_bus_message_open_container(message, 'a', "(sv)");
	if (r < 0)
		return fail_errno(err, r, "properties");
	for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		*ret_optional = *ret_optional || *line == '?';
		if (*line == '?' && !optional)
			continue;
		r = append_property(message, line, err);
		if (r < 0)
			return r;
	}
	r = sd_bus_message_close_container(message);
	return r < 0 ? fail_errno(err, r, "properties") : 0;
}
