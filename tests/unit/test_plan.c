/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_plan(void);

Suite *suite_plan(void)
{
	return suite_create("plan");
}
