/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_JSON_TREE_H
#define NACRE_TESTS_JSON_TREE_H

#include "specs/json.h"
#include "specs/spec.h"

/* What golden files need of JSON. Everything lives in the arena; out of memory ends the test. */

struct json_node *json_tree(struct arena *arena, const char *name, const char *text);

/* NODE on one line, or a member a line. */
const char *json_tree_text(struct arena *arena, const struct json_node *node, bool pretty);

/* TARGET changed as PATCH says, after RFC 7396: members are merged, null takes one out, anything
 * else replaces what is there. TARGET is used up; it may be NULL. */
struct json_node *json_tree_merge(
	struct arena *arena, struct json_node *target, const struct json_node *patch);

/* What turns A into B, a text each: "linux.seccomp: added {...}", "mounts[3].options[1]: removed
 * \"dev\"", "root.readonly: false -> true". An index is one of A for what was removed, else of B.
 */
struct oci_strings json_tree_differences(
	struct arena *arena, const struct json_node *a, const struct json_node *b);

#endif
