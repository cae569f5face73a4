/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/egress.h"
#include "tests/unit/hardening.h"

#include <errno.h>
#include <string.h>

Suite *suite_egress_tighten(void);

static const struct {
	const char *held;
	const char *asked;
	const char *settled; /* NULL: -EPERM, for this word: */
	const char *word;
} tightened[] = {
	{"", "none", "none", NULL},
	{"", "open", "open", NULL},
	{"", "private a.example", "a.example:443 private", NULL},
	{"open", "udp:1.1.1.1:53", "udp:1.1.1.1:53", NULL},
	{"none", "none", "none", NULL},
	{"none", "open", NULL, "open"},
	{"none", "a.example", NULL, "a.example:443"},
	{"a.example", "none", "none", NULL},
	{"a.example", "open", NULL, "open"},
	{"a.example", "private a.example", NULL, "private"},
	{"private a.example", "private a.example", "a.example:443 private", NULL},
	{"private a.example", "a.example", "a.example:443", NULL},
	{"a.example", "a.example:80", NULL, "a.example:80"},
	{"a.example:80,443", "a.example:80", "a.example:80", NULL},
	{"a.example:80 a.example:443", "a.example:80,443", "a.example:80,443", NULL},
	{"a.example:80-90", "a.example:85-91", NULL, "a.example:85-91"},
	{"a.example:80-85 a.example:86-90", "a.example:81-90", "a.example:81-90", NULL},
	{"a.example", "tcp:a.example:443", NULL, "tcp:a.example:443"},
	{"tcp:a.example:443", "a.example", "a.example:443", NULL},
	{"*.example", "a.example", "a.example:443", NULL},
	{"*.example", "a.b.example", "a.b.example:443", NULL},
	{"*.example", "*.b.example", "*.b.example:443", NULL},
	{"*.example", "*.example", "*.example:443", NULL},
	{"*.example", "example", NULL, "example:443"},
	{"*.example", "anexample", NULL, "anexample:443"},
	{"*.example", "tcp:a.example:443", NULL, "tcp:a.example:443"},
	{"a.example", "*.example", NULL, "*.example:443"},
	{"a.example", "*.a.example", NULL, "*.a.example:443"},
	{"10.0.0.0/8", "10.1.0.0/16:443", "10.1.0.0/16:443", NULL},
	{"10.0.0.0/8:443", "10.1.0.0/16", NULL, "10.1.0.0/16"},
	{"10.1.0.0/16", "10.0.0.0/8", NULL, "10.0.0.0/8"},
	{"10.0.0.0/9 10.128.0.0/9", "10.0.0.0/8", NULL, "10.0.0.0/8"},
	{"10.0.0.0/8", "udp:10.0.0.1:53", NULL, "udp:10.0.0.1:53"},
	{"udp:10.0.0.0/8", "10.0.0.1:53", NULL, "10.0.0.1:53"},
	{"0.0.0.0/0", "[::/0]", NULL, "[::/0]"},
	{"a.example", "10.0.0.1", NULL, "10.0.0.1"},
	/* a name below networks */
	{"10.0.0.0/8:5432", "tcp:db.corp:5432", "tcp:db.corp:5432@10.0.0.0/8", NULL},
	{"10.0.0.0/8:5432", "tcp:db.corp:5433", NULL, "tcp:db.corp:5433"},
	{"10.0.0.0/8 [fd00::/8]", "db", "db:443@10.0.0.0/8,[fd00::/8]", NULL},
	{"10.0.0.0/8 10.1.0.0/16:443", "db", "db:443@10.0.0.0/8", NULL},
	{"10.0.0.0/8", "db@10.1.0.0/16", "db:443@10.1.0.0/16", NULL},
	{"10.0.0.0/8", "db@11.0.0.0/8", NULL, "db:443@11.0.0.0/8"},
	{"udp:10.0.0.0/8", "db", NULL, "db:443"},
	{"db@10.0.0.0/8", "db", "db:443@10.0.0.0/8", NULL},
	{"db@10.0.0.0/8", "tcp:db:443", NULL, "tcp:db:443"},
	{"db@10.0.0.0/8 db", "db", "db:443", NULL},
	/* behind an @ private addresses are allowed */
	{"db", "db@10.0.0.0/8", NULL, "db:443@10.0.0.0/8"},
	{"private db", "db@10.0.0.0/8", "db:443@10.0.0.0/8", NULL},
};

START_TEST(what_may_only_tighten)
{
	const struct oci_strings held = split(tightened[_i].held);
	const struct oci_strings asked = split(tightened[_i].asked);
	struct oci_strings words;
	struct nacre_error err;
	int r = egress_policy_tighten(arena, &held, &asked, &words, &err);

	if (tightened[_i].settled) {
		ck_assert_msg(r == 0, "%s", err.text);
		ck_assert_str_eq(joined(&words), tightened[_i].settled);
		return;
	}
	ck_assert_int_eq(r, -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, arena_printf(arena, "\"%s\"", tightened[_i].word)));
}
END_TEST

Suite *suite_egress_tighten(void)
{
	Suite *suite = suite_create("egress_tighten");
	TCase *tcase = tcase_create("rules");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_loop_test(tcase, what_may_only_tighten, 0, COUNT(tightened));
	suite_add_tcase(suite, tcase);
	return suite;
}
