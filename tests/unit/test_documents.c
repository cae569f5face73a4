/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/json.h"
#include "tests/unit/config_fixture.h"

#include "tests/data_files.h"

Suite *suite_documents(void);

static struct json_document *parse(const char *text)
{
	struct json_document *document = NULL;
	int r = json_parse(arena, "x", text, strlen(text), &document, &err);

	ck_assert_msg(r == 0, "%s", err.text);
	return document;
}

/* Equal as JSON: the order of keys does not count. */
static bool same_tree(const struct json_node *a, const struct json_node *b)
{
	const struct json_node *other = b->child;

	if (a->type != b->type || a->truth != b->truth || a->n_children != b->n_children)
		return false;
	if (a->text && strcmp(a->text, b->text) != 0)
		return false;
	for (const struct json_node *e = a->child; e; e = e->next) {
		if (e->key)
			other = json_member(b, e->key);
		if (!other || !same_tree(e, other))
			return false;
		other = other->next;
	}
	return true;
}

static void check_round_trip(const char *relative)
{
	char *given = data_read(relative, NULL);
	struct oci_config *config = decode(given);
	char *pretty = encode(config, true);
	char *compact = encode(config, false);

	ck_assert_msg(oci_config_equal(config, decode(pretty)), "%s: pretty", relative);
	ck_assert_msg(oci_config_equal(config, decode(compact)), "%s: compact", relative);
	ck_assert_msg(same_tree(parse(given)->root, parse(pretty)->root), "%s: came back as %s",
		relative, pretty);
	ck_assert_ptr_null(strchr(compact, '\n'));
	free(given);
	free(pretty);
	free(compact);
}

START_TEST(what_engines_write_comes_back_unchanged)
{
	data_each("config", ".json", check_round_trip);
}
END_TEST

static void check_copy(const char *relative)
{
	struct arena *first = arena_new(MEMORY);
	char *text = data_read(relative, NULL);
	struct oci_config *config = NULL, *copy = NULL;

	ck_assert_int_eq(
		oci_config_decode(first, "config.json", text, strlen(text), &config, &err), 0);
	ck_assert_int_eq(oci_config_copy(arena, config, &copy, &err), 0);
	ck_assert_ptr_eq(copy->document, config->document);
	arena_free(first);
	ck_assert_msg(oci_config_equal(copy, decode(text)), "%s", relative);
	free(text);
}

START_TEST(a_copy_stands_on_its_own)
{
	data_each("config", ".json", check_copy);
}
END_TEST

static void check_refused(const char *relative)
{
	struct oci_config *config = NULL;
	size_t length;
	char *text = data_read(relative, &length);
	char path[4096], *expected;

	(void)snprintf(path, sizeof(path), "%.*s.err", (int)strlen(relative) - 5, relative);
	expected = data_read(path, NULL);
	expected[strcspn(expected, "\n")] = '\0';
	memset(&err, 0, sizeof(err));
	ck_assert_msg(oci_config_decode(arena, "config.json", text, length, &config, &err) < 0,
		"%s: was accepted", relative);
	ck_assert_ptr_null(config);
	ck_assert_msg(strcmp(err.text, expected) == 0, "%s: expected\n%s\nfound\n%s", relative,
		expected, err.text);
	free(expected);
	free(text);
}

START_TEST(what_is_wrong_is_named_with_line_path_and_value)
{
	data_each("bad", ".json", check_refused);
}
END_TEST

/* PATH is as in schema-properties.txt: "a.b[].c", "a.*". */
static bool has_property(const struct json_node *node, const char *path)
{
	size_t length = strcspn(path, ".[");
	bool any = length == 1 && path[0] == '*';

	if (!*path)
		return true;
	if (path[0] == '[') {
		for (const struct json_node *e = node->child; e; e = e->next)
			if (has_property(e, path + 2 + (path[2] == '.')))
				return true;
		return false;
	}
	for (const struct json_node *m = node->child; m; m = m->next)
		if (m->key &&
			(any || (strlen(m->key) == length && strncmp(m->key, path, length) == 0)))
			if (has_property(m, path + length + (path[length] == '.')))
				return true;
	return false;
}

START_TEST(every_property_of_the_schema_survives_a_rewrite)
{
	char *everything = data_read("config/everything.json", NULL);
	char *list = data_read("schema-properties.txt", NULL);
	char *rewritten = encode(decode(everything), false);
	const struct json_node *root = parse(rewritten)->root;
	unsigned n = 0;

	for (char *path = strtok(list, "\n"); path; path = strtok(NULL, "\n")) {
		ck_assert_msg(has_property(root, path), "%s is lost", path);
		n++;
	}
	ck_assert_uint_gt(n, 150);
	ck_assert(!has_property(root, "linux.absent"));
	ck_assert(!has_property(root, "linux.namespaces[].absent"));
	free(everything);
	free(list);
	free(rewritten);
}
END_TEST

/* Writes the tree without the node SKIP. */
static void write_without(
	struct json_writer *w, const struct json_node *node, const struct json_node *skip)
{
	uint64_t u;
	int64_t i;

	switch (node->type) {
	case JSON_BOOL:
		json_bool(w, node->truth);
		return;
	case JSON_STRING:
		json_string(w, node->text);
		return;
	case JSON_NUMBER:
		if (json_int64(node, &i) == 0)
			json_i64(w, i);
		else if (json_uint64(node, &u) == 0)
			json_u64(w, u);
		return;
	default:
		break;
	}
	if (node->type == JSON_ARRAY)
		json_open_array(w);
	else
		json_open_object(w);
	for (const struct json_node *e = node->child; e; e = e->next) {
		if (e == skip)
			continue;
		if (e->key)
			json_key(w, e->key);
		write_without(w, e, skip);
	}
	if (node->type == JSON_ARRAY)
		json_close_array(w);
	else
		json_close_object(w);
}

static unsigned check_each_counts(
	const struct oci_config *whole, const struct json_node *root, const struct json_node *node)
{
	unsigned n = 0;

	for (const struct json_node *e = node->child; e; e = e->next) {
		struct arena *own = arena_new(MEMORY);
		struct json_writer *w = json_writer_new(false);
		struct oci_config *less = NULL;
		char *text = NULL;

		n += 1 + check_each_counts(whole, root, e);
		write_without(w, root, e);
		ck_assert_int_eq(json_writer_finish(w, &text, &err), 0);
		if (oci_config_decode(own, "x", text, strlen(text), &less, &err) == 0) {
			ck_assert_msg(!oci_config_equal(whole, less), "%s: no difference: %s",
				e->key ? e->key : "element", text);
			ck_assert(!oci_config_equal(less, whole));
		} else {
			ck_assert_msg(strstr(err.text, "is required"), "%s", err.text);
		}
		free(text);
		arena_free(own);
	}
	return n;
}

START_TEST(configs_that_differ_in_one_value_are_not_equal)
{
	char *text = data_read("config/everything.json", NULL);
	struct oci_config *config = decode(text);

	ck_assert_uint_gt(
		check_each_counts(config, config->document->root, config->document->root), 350);
	free(text);
}
END_TEST

Suite *suite_documents(void)
{
	Suite *suite = suite_create("documents");
	TCase *tc = tcase_create("documents");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, what_engines_write_comes_back_unchanged);
	tcase_add_test(tc, a_copy_stands_on_its_own);
	tcase_add_test(tc, what_is_wrong_is_named_with_line_path_and_value);
	tcase_add_test(tc, every_property_of_the_schema_survives_a_rewrite);
	tcase_add_test(tc, configs_that_differ_in_one_value_are_not_equal);
	suite_add_tcase(suite, tc);
	return suite;
}
