/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_json(void);

Suite *suite_json(void)
{
	return suite_create("json");
}
