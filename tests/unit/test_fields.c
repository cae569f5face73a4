/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

Suite *suite_fields(void);

Suite *suite_fields(void)
{
	return suite_create("fields");
}
